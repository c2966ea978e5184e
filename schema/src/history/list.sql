SELECT id, name, kind, sql, checksum, fingerprint,
       to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), duration_us
FROM mayfly.schema_migrations WHERE namespace = $2 ORDER BY id DESC LIMIT $1
