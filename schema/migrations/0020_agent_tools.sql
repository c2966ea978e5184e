-- What functions take and answer as tools of agents, as JSON Schemas; and the scope of code that runs once.

ALTER TABLE functions
    ADD COLUMN agent_tool_input text,
    ADD COLUMN agent_tool_output text;

-- A key that may do everything goes on doing so.
UPDATE api_keys SET scopes = scopes || 'run'::text
WHERE scopes @> ARRAY['read', 'deploy', 'invoke', 'schema'] AND NOT scopes @> ARRAY['run'];
