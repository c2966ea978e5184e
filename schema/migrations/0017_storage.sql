-- Storage: access keys, buckets, objects and uploads in parts; and the ledger of upload triggers. Bytes are kept outside,
-- in blobs that these rows name.

CREATE TABLE storage_keys (
    -- The access key id, which requests name.
    id            text PRIMARY KEY,
    app_id        text NOT NULL REFERENCES apps ON DELETE CASCADE,
    name          text,
    -- Encrypted, not hashed: a signature is checked with the secret itself.
    secret_sealed text NOT NULL,
    read_only     boolean NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX storage_keys_by_app ON storage_keys (app_id);

CREATE TABLE storage_buckets (
    app_id     text NOT NULL REFERENCES apps ON DELETE CASCADE,
    name       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (app_id, name)
);

-- What an app keeps: objects, and bytes of objects and of uploaded parts. Its row is locked by every change.
CREATE TABLE storage_usage (
    app_id  text PRIMARY KEY REFERENCES apps ON DELETE CASCADE,
    objects bigint NOT NULL DEFAULT 0,
    bytes   bigint NOT NULL DEFAULT 0
);

CREATE TABLE storage_objects (
    app_id       text NOT NULL,
    bucket       text NOT NULL,
    key          text COLLATE "C" NOT NULL,
    -- Another one each time that the key is written.
    version_id   text NOT NULL UNIQUE,
    size         bigint NOT NULL,
    etag         text NOT NULL,
    content_type text,
    -- Other headers, the user's metadata and the checksum.
    meta         jsonb NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (app_id, bucket, key),
    FOREIGN KEY (app_id, bucket) REFERENCES storage_buckets ON DELETE CASCADE
);

-- Uploads in parts that are neither complete nor aborted.
CREATE TABLE storage_uploads (
    id           text PRIMARY KEY,
    app_id       text NOT NULL,
    bucket       text NOT NULL,
    key          text COLLATE "C" NOT NULL,
    content_type text,
    meta         jsonb NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (app_id, bucket) REFERENCES storage_buckets ON DELETE CASCADE
);
CREATE INDEX storage_uploads_by_key ON storage_uploads (app_id, bucket, key, id);

-- Blobs of objects, in the order of their bytes, and of parts, by their numbers.
CREATE TABLE storage_blobs (
    -- A version of an object, or an upload.
    owner      text NOT NULL,
    place      integer NOT NULL,
    id         text NOT NULL UNIQUE,
    app_id     text NOT NULL REFERENCES apps ON DELETE CASCADE,
    size       bigint NOT NULL,
    -- Of a part.
    etag       text NOT NULL,
    checksum   text,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (owner, place)
);
CREATE INDEX storage_blobs_by_app ON storage_blobs (app_id);

-- Blobs that nothing names any more. They are deleted after a while: a client may still be reading them.
CREATE TABLE storage_garbage (
    id         text PRIMARY KEY,
    app_id     text NOT NULL,
    since      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX storage_garbage_by_time ON storage_garbage (since);

-- Upload triggers: one row for each function and object version.
CREATE TABLE storage_events (
    id              text PRIMARY KEY,
    -- The order of arrival, for pages.
    number          bigint GENERATED ALWAYS AS IDENTITY,
    function_id     text NOT NULL REFERENCES functions ON DELETE CASCADE,
    -- The object's version; or of another server's object, what that server tells versions apart by.
    event_key       text NOT NULL,
    bucket          text NOT NULL,
    key             text NOT NULL,
    etag            text NOT NULL,
    size            bigint NOT NULL,
    content_type    text,
    -- The S3 event record of another server; NULL: it is made from this row.
    record          jsonb,
    state           text NOT NULL CHECK (state IN ('received', 'running', 'done', 'failed', 'dead')),
    attempt         integer NOT NULL DEFAULT 0,
    attempts_max    integer NOT NULL,
    retries         integer NOT NULL,
    backoff_seconds integer NOT NULL,
    duplicates      integer NOT NULL DEFAULT 0,
    replays         integer NOT NULL DEFAULT 0,
    created_at      timestamptz NOT NULL DEFAULT now(),
    -- When the next attempt may start; NULL: nothing starts it but a replay.
    run_at          timestamptz,
    -- The node that runs it, and until when it has said so.
    node            text,
    claimed_until   timestamptz,
    started_at      timestamptz,
    ended_at        timestamptz,
    invocation_id   text,
    status          integer,
    error_code      text,
    error_message   text,
    UNIQUE (function_id, event_key)
);
CREATE INDEX storage_events_by_number ON storage_events (function_id, number);
CREATE INDEX storage_events_waiting ON storage_events (run_at) WHERE state IN ('received', 'failed') AND run_at IS NOT NULL;
CREATE INDEX storage_events_running ON storage_events (claimed_until) WHERE state = 'running';
CREATE INDEX storage_events_ended ON storage_events (ended_at) WHERE state IN ('done', 'dead');
