CREATE TABLE receipts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email text NOT NULL,
  sent_at timestamptz,
  attempts integer NOT NULL DEFAULT 0
);
