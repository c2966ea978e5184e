-- $1 schema, $2 names that are left out. Ordinary tables that the caller may alter, and that stand for themselves.
SELECT c.oid, c.relname::text, c.relrowsecurity, c.relforcerowsecurity,
       obj_description(c.oid, 'pg_class'),
       greatest(c.reltuples, 0)::bigint
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1
  AND c.relkind = 'r'
  AND NOT c.relispartition
  AND c.reloftype = 0
  AND c.relname <> ALL ($2)
  AND NOT starts_with(c.relname::text, 'pg_')
  AND pg_has_role(c.relowner, 'MEMBER')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent))
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend d
      WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
