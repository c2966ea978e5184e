-- Where the bytes of all objects are kept: the directory, or bucket, that bears this mark. A node with another one is
-- refused.
CREATE TABLE storage_place (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    mark        text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);
