-- What a tenant did to its own database is its own app's matter. An app whose database is not closed as it must be, or
-- has statements that cannot be ended, is closed itself until that is over: 503 APP_CLOSED, and the others are served.
ALTER TABLE apps
    ADD COLUMN closed_reason text,
    ADD COLUMN closed_at timestamptz,
    -- The database is larger than the app's limit: functions can only read it.
    ADD COLUMN database_full boolean NOT NULL DEFAULT false;
