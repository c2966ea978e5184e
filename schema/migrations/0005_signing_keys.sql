-- The keys that sign, or signed, tokens of apps' end users.

CREATE TABLE signing_keys (
    app_id          text NOT NULL REFERENCES apps ON DELETE CASCADE,
    kid             text NOT NULL,
    -- A JSON Web Key, as it is published.
    public_jwk      jsonb NOT NULL,
    -- PKCS #8 in base64, sealed by the key ring. NULL: the private half is elsewhere, the key only verifies.
    private_sealed  text,
    state           text NOT NULL CHECK (state IN ('signing', 'verifying')),
    -- NULL: for as long as it is here.
    verifies_until  timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (app_id, kid),
    CHECK (state = 'verifying' OR (private_sealed IS NOT NULL AND verifies_until IS NULL))
);
CREATE UNIQUE INDEX signing_keys_one_signs ON signing_keys (app_id) WHERE state = 'signing';
