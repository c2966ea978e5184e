-- The history of a database that Mayfly does not run.
CREATE SCHEMA IF NOT EXISTS mayfly;
CREATE TABLE IF NOT EXISTS mayfly.schema_migrations (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text,
    kind         text NOT NULL,
    -- Which schema it was about: a database may have several.
    namespace    text NOT NULL,
    sql          text NOT NULL,
    checksum     text NOT NULL,
    key_id       text,
    applied_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    duration_us  bigint NOT NULL,
    schema       json NOT NULL,
    fingerprint  text NOT NULL,
    renames      json NOT NULL
);
