-- Which node runs a job that one node runs for all: by name, until when.
CREATE TABLE job_leases (
    name text PRIMARY KEY,
    node text NOT NULL,
    expires_at timestamptz NOT NULL
);
