-- $1 schema, $2 tables that are described, $3 names that are left out.
SELECT kind, name, of_table FROM (
    SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
               WHEN 'p' THEN 'partitioned table' WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind,
           c.relname::text AS name, NULL::text AS of_table,
           'pg_catalog.pg_class'::regclass AS catalogue, c.oid, c.relowner AS owner
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relkind IN ('v', 'm', 'f', 'p', 'r', 'S') AND c.oid <> ALL ($2)
      -- A serial's or an identity's sequence goes with its column.
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                      WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND c.relkind = 'S'
                        AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0)
    UNION ALL
    SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
           p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', NULL,
           'pg_catalog.pg_proc'::regclass, p.oid, p.proowner
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = $1
    UNION ALL
    SELECT 'trigger', t.tgname::text, c.relname::text, 'pg_catalog.pg_trigger'::regclass, t.oid, c.relowner
    FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
    -- What records changes is the platform's.
    WHERE t.tgrelid = ANY ($2) AND NOT t.tgisinternal AND t.tgname NOT LIKE 'mayfly\_changes\_%'
    UNION ALL
    SELECT CASE t.typtype WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range type' ELSE 'composite type' END,
           t.typname::text, NULL, 'pg_catalog.pg_type'::regclass, t.oid, t.typowner
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
    WHERE n.nspname = $1 AND (t.typtype IN ('d', 'r') OR t.typtype = 'c' AND c.relkind = 'c')
    UNION ALL
    SELECT 'extension', e.extname::text, NULL, 'pg_catalog.pg_extension'::regclass, e.oid, NULL
    FROM pg_catalog.pg_extension e WHERE e.extname <> 'plpgsql'
) found
WHERE name <> ALL ($3)
  AND (owner IS NULL OR pg_has_role(owner, 'MEMBER'))
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                  WHERE d.classid = found.catalogue AND d.objid = found.oid AND d.deptype = 'e')
ORDER BY kind, of_table, name
