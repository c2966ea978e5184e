CREATE TABLE private_notes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner text NOT NULL DEFAULT current_user_id(),
    body text NOT NULL CHECK (length(body) BETWEEN 1 AND 10000)
);
INSERT INTO private_notes (owner, body) VALUES ('carol', 'a secret of carol''s');
ALTER TABLE private_notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON private_notes TO butterbase_user
    USING (owner = (SELECT current_user_id()))
    WITH CHECK (owner = (SELECT current_user_id()));
