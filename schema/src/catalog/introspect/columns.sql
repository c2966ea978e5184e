-- $1 tables. A serial is an integer whose default takes numbers from a sequence of its own.
SELECT a.attrelid, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       pg_get_expr(d.adbin, d.adrelid),
       a.attgenerated::text, a.attidentity::text,
       CASE WHEN a.attcollation <> t.typcollation THEN co.collname::text END,
       col_description(a.attrelid, a.attnum),
       CASE WHEN pg_get_expr(d.adbin, d.adrelid) = format('nextval(%L::regclass)', owned.sequence::regclass::text)
           THEN owned.name END,
       coalesce(over.typname, element.typname, t.typname)::text,
       t.typcategory = 'A',
       coalesce(over.typtype, element.typtype, t.typtype) = 'e'
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_type element ON t.typcategory = 'A' AND element.oid = t.typelem
LEFT JOIN pg_catalog.pg_type over ON coalesce(element.typtype, t.typtype) = 'd'
    AND over.oid = coalesce(nullif(element.typbasetype, 0), t.typbasetype)
LEFT JOIN pg_catalog.pg_collation co ON co.oid = a.attcollation
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN LATERAL (
    SELECT s.oid AS sequence, s.relname::text AS name
    FROM pg_catalog.pg_depend p
    JOIN pg_catalog.pg_class s ON s.oid = p.objid AND s.relkind = 'S'
    WHERE p.classid = 'pg_catalog.pg_class'::regclass AND p.refclassid = 'pg_catalog.pg_class'::regclass
      AND p.refobjid = a.attrelid AND p.refobjsubid = a.attnum AND p.deptype = 'a'
      AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
    LIMIT 1
) owned ON a.atthasdef AND a.attgenerated = ''
WHERE a.attrelid = ANY ($1) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
