-- $1 tables. Indexes that back no constraint; keys first, then the columns that are carried along.
SELECT i.indrelid, c.relname::text, am.amname::text, i.indisunique, i.indisvalid, i.indnullsnotdistinct,
       pg_get_expr(i.indpred, i.indrelid),
       i.indnkeyatts::int4,
       c.reloptions,
       ARRAY(SELECT i.indkey[place - 1] = 0 FROM generate_series(1, i.indnatts) place),
       ARRAY(SELECT CASE i.indkey[place - 1]
                 WHEN 0 THEN pg_get_indexdef(i.indexrelid, place, false)
                 ELSE (SELECT a.attname::text FROM pg_catalog.pg_attribute a
                       WHERE a.attrelid = i.indrelid AND a.attnum = i.indkey[place - 1]) END
             FROM generate_series(1, i.indnatts) place),
       ARRAY(SELECT (SELECT o.opcname::text FROM pg_catalog.pg_opclass o
                     WHERE o.oid = i.indclass[place - 1] AND NOT o.opcdefault)
             FROM generate_series(1, i.indnkeyatts) place),
       -- An expression's own collation cannot be read: one that is not the default is named.
       ARRAY(SELECT (SELECT co.collname::text FROM pg_catalog.pg_collation co
                     WHERE co.oid = i.indcollation[place - 1]
                       AND co.oid <> coalesce((SELECT a.attcollation FROM pg_catalog.pg_attribute a
                           WHERE a.attrelid = i.indrelid AND a.attnum = i.indkey[place - 1]),
                           'pg_catalog."default"'::regcollation))
             FROM generate_series(1, i.indnkeyatts) place),
       ARRAY(SELECT i.indoption[place - 1]::int4 FROM generate_series(1, i.indnkeyatts) place)
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_am am ON am.oid = c.relam
WHERE i.indrelid = ANY ($1)
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k
                  WHERE k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x'))
