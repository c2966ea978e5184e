-- Names of hosts under which apps are reached, beside the server's own. A name is one app's; of the row, the id says that something changed.
CREATE TABLE app_hosts (
    host text PRIMARY KEY,
    id bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    app_id text NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    -- The function that answers all of its paths; null: a path begins with the function's name.
    function_name text
);
CREATE INDEX app_hosts_by_app ON app_hosts (app_id);
