-- The state of the app's schema that a version was deployed against.

-- NULL: it was not known.
ALTER TABLE versions ADD COLUMN schema_fingerprint text;
