-- One record an invocation, and its sums by the hour.

CREATE TABLE invocations (
    id                 text PRIMARY KEY,
    app_id             text NOT NULL REFERENCES apps ON DELETE CASCADE,
    -- No reference: the record outlives its function.
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
    -- {"duration_us","fuel","error_code"?,"error_message"?,"error_stack"?}; NULL: there was none.
    background         jsonb,
    -- [{"seq","at_ms","level","message"}...]
    logs               jsonb NOT NULL,
    -- One bit a console level that occurs in `logs`, so that a search by level reads no JSON.
    log_levels         smallint NOT NULL,
    recorded_at        timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX invocations_by_function ON invocations (app_id, function_name, started_at DESC, id DESC);

CREATE TABLE invocation_hours (
    app_id         text NOT NULL REFERENCES apps ON DELETE CASCADE,
    function_id    text NOT NULL,
    function_name  text NOT NULL,
    hour           timestamptz NOT NULL,
    invocations    bigint NOT NULL,
    errors         bigint NOT NULL,
    duration_us    bigint NOT NULL,
    fuel           bigint NOT NULL,
    database_us    bigint NOT NULL,
    egress_bytes   bigint NOT NULL,
    PRIMARY KEY (function_id, hour)
);
CREATE INDEX invocation_hours_by_app ON invocation_hours (app_id, hour);
