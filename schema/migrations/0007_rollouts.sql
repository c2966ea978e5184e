-- A version that serves a part of the calls, until it serves all of them or none. One row a function: the last one.

CREATE TABLE rollouts (
    function_id        text PRIMARY KEY REFERENCES functions ON DELETE CASCADE,
    version_id         text NOT NULL REFERENCES versions ON DELETE CASCADE,
    percent            integer NOT NULL CHECK (percent BETWEEN 1 AND 99),
    -- Beyond this share of failures, of at least so many invocations, it is taken back.
    max_error_percent  integer NOT NULL CHECK (max_error_percent BETWEEN 0 AND 100),
    min_invocations    integer NOT NULL CHECK (min_invocations > 0),
    state              text NOT NULL CHECK (state IN ('running', 'rolled_back')),
    invocations        bigint NOT NULL DEFAULT 0,
    errors             bigint NOT NULL DEFAULT 0,
    started_at         timestamptz NOT NULL DEFAULT now(),
    ended_at           timestamptz
);
