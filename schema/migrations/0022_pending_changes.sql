-- Changes that nodes have yet to be notified of: written with the change, and taken out by the statement that notifies.
-- A transaction that notifies holds a lock of the whole cluster until it has committed; this one does not.
CREATE TABLE pending_changes (
    number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payload    text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
