CREATE TABLE orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email text NOT NULL,
  receipt timestamptz,
  attempts integer NOT NULL DEFAULT 0
);
