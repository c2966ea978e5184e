-- What was renamed since, newest first, and at the end the state itself.
SELECT schema::text, renames::text
FROM mayfly.schema_migrations
WHERE namespace = $1 AND id >= $2
  AND EXISTS (SELECT FROM mayfly.schema_migrations WHERE namespace = $1 AND id = $2)
ORDER BY id DESC
