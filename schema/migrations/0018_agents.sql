-- What agents may do, did, and wait for.

-- The policy of an app's agents, as it was set.
CREATE TABLE agent_policies (
    app_id text PRIMARY KEY REFERENCES apps ON DELETE CASCADE,
    policy text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- Uses of a policy's counter in a window. The key names policy, counter and whose uses they are.
CREATE TABLE policy_counters (
    key text NOT NULL,
    begins_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    used bigint NOT NULL,
    PRIMARY KEY (key, begins_at)
);
CREATE INDEX policy_counters_by_end ON policy_counters (ends_at);

-- Every call of a tool. Arguments are JSON as text: they may hold what jsonb does not. An app's rows outlive it.
CREATE TABLE agent_audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    app_id text,
    identity text NOT NULL,
    tool text NOT NULL,
    arguments text NOT NULL,
    decision text NOT NULL,
    rule text,
    reason text,
    error_code text,
    invocation_id text,
    approval_id text,
    request_id text NOT NULL,
    succeeded boolean,
    ended_at timestamptz
);
CREATE INDEX agent_audit_by_app ON agent_audit (app_id, id DESC);
CREATE INDEX agent_audit_by_time ON agent_audit (at);

-- Calls that wait for a person. The digest is of the tool and its arguments: an approval is for these alone.
CREATE TABLE agent_approvals (
    id text PRIMARY KEY,
    app_id text,
    identity text NOT NULL,
    tool text NOT NULL,
    arguments text NOT NULL,
    digest bytea NOT NULL,
    rule text NOT NULL,
    state text NOT NULL DEFAULT 'pending',
    requested_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by text,
    reason text,
    used_at timestamptz
);
-- One that can still be decided or used, for each call.
CREATE UNIQUE INDEX agent_approvals_open ON agent_approvals (identity, digest) WHERE state IN ('pending', 'approved');
CREATE INDEX agent_approvals_by_time ON agent_approvals (requested_at DESC);
