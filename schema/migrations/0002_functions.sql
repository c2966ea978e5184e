-- Functions, their immutable versions, the images those run from, their triggers and environment.

CREATE TABLE functions (
    id                               text PRIMARY KEY,
    app_id                           text NOT NULL REFERENCES apps ON DELETE CASCADE,
    name                             text NOT NULL CHECK (name ~ '^[A-Za-z0-9_-]{1,100}$'),
    description                      text,
    timeout_ms                       integer NOT NULL,
    cpu_limit_ms                     integer NOT NULL,
    memory_limit_mb                  integer NOT NULL,
    agent_tool                       boolean NOT NULL,
    agent_tool_description           text,
    agent_tool_mode                  text NOT NULL CHECK (agent_tool_mode IN ('read_only', 'read_write')),
    agent_tool_exposed_to            text NOT NULL CHECK (agent_tool_exposed_to IN ('developer_only', 'end_user')),
    allow_service_key_impersonation  boolean NOT NULL,
    -- The number of the newest version: 1, 2, 3...
    last_version                     integer NOT NULL DEFAULT 0,
    active_version_id                text,
    env_revision                     bigint NOT NULL DEFAULT 0,
    deployed_at                      timestamptz,
    created_at                       timestamptz NOT NULL DEFAULT now(),
    updated_at                       timestamptz NOT NULL DEFAULT now(),
    UNIQUE (app_id, name)
);

CREATE TABLE versions (
    id           text PRIMARY KEY,
    function_id  text NOT NULL REFERENCES functions ON DELETE CASCADE,
    number       integer NOT NULL,
    file_name    text NOT NULL,
    code         text NOT NULL,
    source_map   text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (function_id, number)
);
ALTER TABLE functions
    ADD FOREIGN KEY (active_version_id) REFERENCES versions DEFERRABLE INITIALLY DEFERRED;

-- A snapshot of the sandbox's memory. Kept out of line and uncompressed: compressing one costs
-- more time than the rest of a deploy.
CREATE TABLE images (
    digest         text PRIMARY KEY,
    engine_digest  text NOT NULL,
    bytes          bytea NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE images ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- An image serves one engine build; a version gets another row when a new engine re-snapshots it.
CREATE TABLE version_images (
    version_id     text NOT NULL REFERENCES versions ON DELETE CASCADE,
    engine_digest  text NOT NULL,
    image_digest   text NOT NULL REFERENCES images,
    init_fuel      bigint NOT NULL,
    PRIMARY KEY (version_id, engine_digest)
);
CREATE INDEX version_images_by_image ON version_images (image_digest);

CREATE TABLE triggers (
    function_id  text NOT NULL REFERENCES functions ON DELETE CASCADE,
    kind         text NOT NULL CHECK (kind IN ('http', 'cron', 's3_upload', 'webhook', 'websocket')),
    config       jsonb NOT NULL,
    enabled      boolean NOT NULL,
    PRIMARY KEY (function_id, kind)
);
CREATE INDEX triggers_by_path ON triggers ((config ->> 'path')) WHERE kind = 'http';

-- Values are sealed by the key ring, bound to app, function and name.
CREATE TABLE env (
    app_id       text NOT NULL REFERENCES apps ON DELETE CASCADE,
    -- NULL: the app's own, which every function of it sees.
    function_id  text REFERENCES functions ON DELETE CASCADE,
    name         text NOT NULL,
    sealed       text NOT NULL,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (app_id, function_id, name)
);
CREATE INDEX env_by_function ON env (function_id);
