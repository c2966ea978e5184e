-- A row, when some routine of this app's could have session side effects: a setting, a prepared statement, a cursor, a
-- subscription. A routine that cannot be checked counts as one that could.
--
-- PostgreSQL's own functions cannot, once harden.sql has taken away those that do: apart from sequences' last values.
SELECT 1
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace
JOIN pg_catalog.pg_language l ON l.oid OPERATOR(pg_catalog.=) p.prolang
LEFT JOIN pg_catalog.pg_depend d
    ON d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass
    AND d.objid OPERATOR(pg_catalog.=) p.oid
    AND d.deptype OPERATOR(pg_catalog.=) 'e'
LEFT JOIN pg_catalog.pg_extension e ON e.oid OPERATOR(pg_catalog.=) d.refobjid
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'mayfly')
  AND p.oid OPERATOR(pg_catalog.<>) 'public.current_user_id()'::pg_catalog.regprocedure
  -- Extensions that only compute.
  AND (e.extname IS NULL
    OR e.extname NOT IN ('btree_gin', 'btree_gist', 'citext', 'cube', 'fuzzystrmatch', 'hstore', 'intarray', 'isn',
        'ltree', 'pgcrypto', 'seg', 'unaccent', 'uuid-ossp', 'vector'))
  AND (l.lanname NOT IN ('sql', 'plpgsql')
    -- A body that was parsed when it was made has no room for such statements.
    OR p.prosqlbody IS NULL AND (
        p.prosrc OPERATOR(pg_catalog.~*)
            '\m(execute|prepare|deallocate|listen|unlisten|discard|reset|cursor|load|set_config)\M'
        -- SET, other than that of an UPDATE.
        OR pg_catalog.regexp_replace(p.prosrc, '(?<!\mfor\s+)\mupdate\M[^;]*?\mset\M', '', 'gi')
            OPERATOR(pg_catalog.~*) '\mset\M'))
LIMIT 1
