-- Cron triggers: when each fires next, and one row for every slot, whatever became of it.

ALTER TABLE triggers
    -- The next slot. NULL: not planned yet; 'infinity': there is none.
    ADD COLUMN next_at timestamptz,
    -- Slots later than this belong to the present schedule.
    ADD COLUMN planned_from timestamptz NOT NULL DEFAULT now();
CREATE INDEX triggers_due ON triggers (next_at NULLS FIRST) WHERE kind = 'cron' AND enabled;

CREATE TABLE cron_slots (
    function_id      text NOT NULL REFERENCES functions ON DELETE CASCADE,
    -- The function's: apps take turns, and each one's waiting slots are found by it.
    app_id           text NOT NULL,
    -- A run that somebody asked for beside the schedule.
    manual           boolean NOT NULL,
    scheduled_at     timestamptz NOT NULL,
    state            text NOT NULL CHECK (state IN
                     ('waiting', 'running', 'ran', 'failed', 'skipped_overlap', 'skipped_paused', 'missed')),
    -- Slots that this row stands for: more than one where a long outage missed very many.
    slots            integer NOT NULL DEFAULT 1,
    schedule         text NOT NULL,
    timezone         text NOT NULL,
    overlap          text NOT NULL,
    attempt          integer NOT NULL DEFAULT 0,
    attempts_max     integer NOT NULL,
    backoff_seconds  integer NOT NULL,
    -- When the next attempt may start.
    run_at           timestamptz NOT NULL,
    -- The node that runs it, and until when it has said so.
    node             text,
    claimed_until    timestamptz,
    started_at       timestamptz,
    ended_at         timestamptz,
    invocation_id    text,
    status           integer,
    error_code       text,
    error_message    text,
    PRIMARY KEY (function_id, manual, scheduled_at)
);
CREATE INDEX cron_slots_waiting ON cron_slots (app_id, run_at) WHERE state = 'waiting';
CREATE INDEX cron_slots_running ON cron_slots (claimed_until) WHERE state = 'running';
CREATE INDEX cron_slots_open ON cron_slots (function_id, scheduled_at) WHERE state IN ('waiting', 'running');
CREATE INDEX cron_slots_by_time ON cron_slots (scheduled_at);
