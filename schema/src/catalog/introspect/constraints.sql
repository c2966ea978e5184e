-- $1 tables, $2 schemas whose names need not be said.
SELECT c.conrelid, c.conname::text, c.contype::text,
       ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY k (number, place)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number ORDER BY k.place),
       CASE WHEN n.nspname <> ALL ($2) THEN n.nspname::text END,
       f.relname::text,
       ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY k (number, place)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.number ORDER BY k.place),
       c.confdeltype::text, c.confupdtype::text,
       ARRAY(SELECT a.attname::text FROM unnest(c.confdelsetcols) k (number)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number),
       c.confmatchtype = 'f', c.condeferrable, c.condeferred, c.convalidated,
       pg_get_expr(c.conbin, c.conrelid),
       CASE c.contype WHEN 'x' THEN pg_get_constraintdef(c.oid) END,
       ic.relname::text,
       coalesce(i.indnullsnotdistinct, false),
       ARRAY(SELECT a.attname::text FROM unnest(i.indkey) WITH ORDINALITY k (number, place)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number
             WHERE c.contype IN ('p', 'u') AND k.place > i.indnkeyatts ORDER BY k.place)
FROM pg_catalog.pg_constraint c
LEFT JOIN pg_catalog.pg_class f ON f.oid = c.confrelid
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = f.relnamespace
LEFT JOIN pg_catalog.pg_class ic ON ic.oid = c.conindid
LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.conindid AND c.contype IN ('p', 'u')
WHERE c.conrelid = ANY ($1) AND c.contype IN ('p', 'u', 'c', 'f', 'x') AND c.conparentid = 0
