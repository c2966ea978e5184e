SELECT id, name, kind, sql, checksum, key_id, applied_at, duration_us, fingerprint
FROM mayfly.migrations ORDER BY id DESC LIMIT 1000
