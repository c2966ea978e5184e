-- Apps, the keys that open them, and where each one's database stands.

CREATE TABLE apps (
    id             text PRIMARY KEY CHECK (id ~ '^app_[0-9a-z]{12}$'),
    name           text NOT NULL,
    -- An app is served only when 'ready'. The other two are finished or undone at the next start.
    state          text NOT NULL DEFAULT 'provisioning' CHECK (state IN ('provisioning', 'ready', 'deleting')),
    paused         boolean NOT NULL DEFAULT false,
    paused_reason  text,
    -- What PATCH .../config sets: CORS origins, allowed hosts, limits, token issuers.
    settings       jsonb NOT NULL DEFAULT '{}',
    -- Moves on with every change of the app's own environment.
    env_revision   bigint NOT NULL DEFAULT 0,
    created_at     timestamptz NOT NULL DEFAULT now()
);

-- One row an app: what the host needs to reach its database. Secrets are sealed by the key ring.
CREATE TABLE app_databases (
    app_id             text PRIMARY KEY REFERENCES apps ON DELETE CASCADE,
    claims_key_sealed  text NOT NULL,
    password_sealed    text NOT NULL
);

CREATE TABLE api_keys (
    id          text PRIMARY KEY,
    app_id      text NOT NULL REFERENCES apps ON DELETE CASCADE,
    kind        text NOT NULL CHECK (kind IN ('service', 'anon')),
    name        text,
    -- SHA-256 of the whole key: keys are random, so a slow hash would buy nothing.
    hash        bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
    -- The first characters, for people who look for "the one that starts with".
    prefix      text NOT NULL,
    scopes      text[] NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    revoked_at  timestamptz
);
CREATE INDEX api_keys_by_app ON api_keys (app_id);
