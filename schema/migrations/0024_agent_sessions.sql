-- The session that a call of an agent belongs to.

ALTER TABLE agent_audit ADD COLUMN session_id text;
