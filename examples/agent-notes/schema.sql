CREATE TABLE agent_notes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner text NOT NULL DEFAULT current_user_id(),
    body text NOT NULL
);
INSERT INTO agent_notes (owner, body) VALUES ('alice', 'buy milk'), ('alice', 'call bob'), ('bob', 'milk the cow');
ALTER TABLE agent_notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_agent_notes ON agent_notes TO butterbase_user
    USING (owner = (SELECT current_user_id()))
    WITH CHECK (owner = (SELECT current_user_id()));
