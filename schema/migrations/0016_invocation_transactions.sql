-- Functions whose invocations are one transaction, and those that answer a repeated request with the first one's response.

ALTER TABLE functions
    ADD COLUMN transaction_mode text NOT NULL DEFAULT 'none' CHECK (transaction_mode IN ('none', 'invocation')),
    ADD COLUMN idempotency_key text NOT NULL DEFAULT 'off' CHECK (idempotency_key IN ('off', 'optional', 'required'));
