-- What apps used of each day (UTC), for daily limits. Added to by every node, every second.

CREATE TABLE app_days (
    app_id        text NOT NULL REFERENCES apps ON DELETE CASCADE,
    day           date NOT NULL,
    invocations   bigint NOT NULL,
    fuel          bigint NOT NULL,
    egress_bytes  bigint NOT NULL,
    PRIMARY KEY (app_id, day)
);
