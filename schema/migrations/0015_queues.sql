-- Queues: the jobs are in the apps' own databases; here stands whose queues nodes look at, and when.

CREATE TABLE watched_queues (
    app_id       text PRIMARY KEY REFERENCES apps ON DELETE CASCADE,
    -- When a node looks next.
    due_at       timestamptz NOT NULL,
    -- A transaction that may store a job was begun not long before this: until then it is looked again and again.
    armed_until  timestamptz NOT NULL
);
CREATE INDEX watched_queues_due ON watched_queues (due_at);
