-- Other MCP servers whose tools an app's agents may call in code, and the definitions of these tools as they were approved.

CREATE TABLE mcp_servers (
    app_id text NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    name text NOT NULL,
    url text,
    program text,
    key_env text,
    tools text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (app_id, name),
    CHECK (num_nonnulls(url, program) = 1)
);
