-- Records of invocations by the day of writing, so that days too old are dropped at once; and numbered in the order in
-- which they become readable, so that a reader can follow them without missing one.

ALTER TABLE invocations RENAME TO invocations_before;
ALTER INDEX invocations_by_function RENAME TO invocations_before_by_function;

CREATE SEQUENCE invocation_numbers;
CREATE TABLE invocations (
    -- Taken and committed under one lock: whoever has seen a number has seen every smaller one.
    number             bigint NOT NULL DEFAULT nextval('invocation_numbers'),
    id                 text NOT NULL,
    -- No references: a record must cost little, and outlives its function.
    app_id             text NOT NULL,
    function_id        text NOT NULL,
    function_name      text NOT NULL,
    version_id         text NOT NULL,
    version            integer NOT NULL,
    request_id         text NOT NULL,
    trigger            text NOT NULL,
    method             text NOT NULL,
    path               text NOT NULL,
    caller_type        text NOT NULL,
    caller_key_id      text,
    user_id            text,
    db_role            text NOT NULL,
    -- NULL: the function gave no response.
    status             integer,
    started_at         timestamptz NOT NULL,
    duration_us        bigint NOT NULL,
    fuel               bigint NOT NULL,
    memory_peak_bytes  bigint NOT NULL,
    database_us        bigint NOT NULL,
    host_operations    integer NOT NULL,
    egress_bytes       bigint NOT NULL,
    error_code         text,
    error_message      text,
    error_stack        text,
    -- As JSON: {"duration_us","fuel","error_code"?,"error_message"?,"error_stack"?}; NULL: there was none.
    background         text,
    -- As JSON: [{"seq","at_ms","level","message"}...]; NULL: there are none.
    logs               text,
    -- One bit a console level that occurs in `logs`, so that a search by level reads no JSON.
    log_levels         smallint NOT NULL,
    recorded_at        timestamptz NOT NULL DEFAULT now()
) PARTITION BY RANGE (recorded_at);
CREATE INDEX invocations_by_id ON invocations (id);
CREATE INDEX invocations_by_function ON invocations (app_id, function_name, number);

-- For days that nobody has made a partition for.
CREATE TABLE invocations_other PARTITION OF invocations DEFAULT;

INSERT INTO invocations (id, app_id, function_id, function_name, version_id, version, request_id, trigger, method, path,
    caller_type, caller_key_id, user_id, db_role, status, started_at, duration_us, fuel, memory_peak_bytes, database_us,
    host_operations, egress_bytes, error_code, error_message, error_stack, background, logs, log_levels, recorded_at)
SELECT id, app_id, function_id, function_name, version_id, version, request_id, trigger, method, path,
    caller_type, caller_key_id, user_id, db_role, status, started_at, duration_us, fuel, memory_peak_bytes, database_us,
    host_operations, egress_bytes, error_code, error_message, error_stack, background::text, nullif(logs, '[]')::text,
    log_levels, recorded_at
FROM invocations_before ORDER BY started_at, id;
DROP TABLE invocations_before;

-- For their retention.
CREATE INDEX invocation_hours_by_hour ON invocation_hours (hour);
