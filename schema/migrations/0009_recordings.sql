-- What invocations learnt from outside, where a function's share of them is recorded: enough to run one again.

ALTER TABLE functions ADD COLUMN record_percent integer NOT NULL DEFAULT 0 CHECK (record_percent BETWEEN 0 AND 100);

CREATE TABLE recordings (
    invocation_id  text PRIMARY KEY,
    app_id         text NOT NULL REFERENCES apps ON DELETE CASCADE,
    -- Only the same image, run by the same engine, uses the same fuel.
    engine_digest  text NOT NULL,
    image_digest   text NOT NULL,
    -- Sealed by the key ring, bound to the app and the invocation: there are bodies and secrets in it.
    sealed         text NOT NULL,
    recorded_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX recordings_by_time ON recordings (recorded_at);
