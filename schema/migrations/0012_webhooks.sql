-- Webhook triggers: one row for every verified delivery, whatever became of it.

CREATE TABLE webhook_deliveries (
    id               text PRIMARY KEY,
    -- The order of arrival, for pages.
    number           bigint GENERATED ALWAYS AS IDENTITY,
    function_id      text NOT NULL REFERENCES functions ON DELETE CASCADE,
    provider         text NOT NULL,
    -- The provider's own id of it: the same when it is delivered again.
    provider_id      text,
    state            text NOT NULL CHECK (state IN ('received', 'running', 'done', 'failed', 'dead')),
    -- Answered before it runs, and started by a node's job.
    is_async         boolean NOT NULL,
    -- What a second delivery of the same id has to equal; NULL: it may differ.
    body_digest      text,
    body_bytes       integer NOT NULL,
    -- URL, headers and body, encrypted; NULL: no longer kept.
    sealed           text,
    attempt          integer NOT NULL DEFAULT 0,
    attempts_max     integer NOT NULL,
    retries          integer NOT NULL,
    backoff_seconds  integer NOT NULL,
    -- Deliveries of the same id that were not run, and runs that were asked for afterwards.
    duplicates       integer NOT NULL DEFAULT 0,
    replays          integer NOT NULL DEFAULT 0,
    received_at      timestamptz NOT NULL,
    -- When the next attempt may start; NULL: nothing starts it but another delivery, or a replay.
    run_at           timestamptz,
    -- The node that runs it, and until when it has said so.
    node             text,
    claimed_until    timestamptz,
    started_at       timestamptz,
    ended_at         timestamptz,
    -- From then on its id is a duplicate's.
    succeeded_at     timestamptz,
    expires_at       timestamptz NOT NULL,
    invocation_id    text,
    status           integer,
    error_code       text,
    error_message    text
);
CREATE UNIQUE INDEX webhook_deliveries_by_provider_id ON webhook_deliveries (function_id, provider, provider_id)
    WHERE provider_id IS NOT NULL;
CREATE INDEX webhook_deliveries_by_number ON webhook_deliveries (function_id, number);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (run_at) WHERE state IN ('received', 'failed') AND run_at IS NOT NULL;
CREATE INDEX webhook_deliveries_open ON webhook_deliveries (function_id) WHERE state IN ('received', 'failed') AND run_at IS NOT NULL;
CREATE INDEX webhook_deliveries_running ON webhook_deliveries (claimed_until) WHERE state = 'running';
CREATE INDEX webhook_deliveries_expired ON webhook_deliveries (expires_at);
