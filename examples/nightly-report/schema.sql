CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, cents integer NOT NULL, at timestamptz NOT NULL DEFAULT now());
CREATE TABLE reports (day date PRIMARY KEY, orders bigint NOT NULL, cents bigint NOT NULL, slot timestamptz NOT NULL);
INSERT INTO orders (cents, at) VALUES (1250, now() - interval '24 hours'), (480, now() - interval '24 hours'), (9900, now());
