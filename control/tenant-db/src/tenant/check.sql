-- What is wrong with an app's database, one finding a row; no row: nothing.

SELECT 'PUBLIC may use the database' FROM pg_catalog.pg_database d, pg_catalog.aclexplode(
        coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
    WHERE d.datname = pg_catalog.current_database() AND a.grantee = 0
UNION ALL
SELECT 'PUBLIC may use schema ' || n.nspname FROM pg_catalog.pg_namespace n, pg_catalog.aclexplode(
        coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a
    WHERE n.nspname IN ('public', 'mayfly') AND a.grantee = 0
UNION ALL
SELECT 'everyone may call ' || f.oid::pg_catalog.regprocedure FROM mayfly.forbidden_functions f,
        pg_catalog.aclexplode(
        coalesce(f.proacl, pg_catalog.acldefault('f', f.proowner))) a
    WHERE a.grantee = 0
UNION ALL
SELECT 'everyone may use language ' || l.lanname FROM pg_catalog.pg_language l, pg_catalog.aclexplode(
        coalesce(l.lanacl, pg_catalog.acldefault('l', l.lanowner))) a
    WHERE l.lanpltrusted AND a.grantee = 0
UNION ALL
SELECT 'others may read ' || c.oid::pg_catalog.regclass FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a
    WHERE c.oid IN ('mayfly.claims_key'::pg_catalog.regclass, 'mayfly.migrations'::pg_catalog.regclass,
            'mayfly.jobs'::pg_catalog.regclass, 'mayfly.queues'::pg_catalog.regclass,
            'mayfly.responses'::pg_catalog.regclass, 'mayfly.changes'::pg_catalog.regclass,
            'mayfly.changes_until'::pg_catalog.regclass, 'mayfly.realtime_tables'::pg_catalog.regclass)
      AND a.grantee NOT IN (c.relowner, 'mayfly_changes'::pg_catalog.regrole)
UNION ALL
SELECT 'everyone may read ' || c.oid::pg_catalog.regclass FROM mayfly.hidden_relations c,
        pg_catalog.aclexplode(c.relacl) a
    WHERE a.grantee = 0
UNION ALL
SELECT 'users may read pg_class.' || counted FROM (VALUES ('reltuples'), ('relpages'), ('relallvisible')) c (counted)
    WHERE pg_catalog.has_column_privilege('butterbase_user', 'pg_catalog.pg_class', counted, 'SELECT')
       OR pg_catalog.has_column_privilege('butterbase_anon', 'pg_catalog.pg_class', counted, 'SELECT')
UNION ALL
SELECT 'users may call ' || f.oid::pg_catalog.regprocedure FROM mayfly.measuring_functions f
    WHERE pg_catalog.has_function_privilege('butterbase_user', f.oid, 'EXECUTE')
       OR pg_catalog.has_function_privilege('butterbase_anon', f.oid, 'EXECUTE')
UNION ALL
SELECT 'users may use _idempotency_keys'
    WHERE pg_catalog.has_table_privilege('butterbase_user', 'public._idempotency_keys', 'SELECT, INSERT, UPDATE, DELETE')
       OR pg_catalog.has_table_privilege('butterbase_anon', 'public._idempotency_keys', 'SELECT, INSERT, UPDATE, DELETE')
UNION ALL
SELECT 'functions may call ' || p.oid::pg_catalog.regprocedure
    FROM pg_catalog.pg_proc p, pg_catalog.aclexplode(
        coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a
    WHERE p.pronamespace = 'mayfly'::pg_catalog.regnamespace
      AND a.grantee IN (0, 'butterbase_service'::pg_catalog.regrole, 'butterbase_user'::pg_catalog.regrole,
          'butterbase_anon'::pg_catalog.regrole)
      AND p.proname NOT IN ('idempotency_begin', 'idempotency_settle', 'enqueue', 'response_begin', 'response_settle', 'visible_rows')
UNION ALL
SELECT 'changes of ' || name || ' are not recorded' FROM mayfly.silent_tables
UNION ALL
SELECT 'the owner may make schemas and extensions outside of changes'
    FROM pg_catalog.pg_roles r
    WHERE r.rolname = $1 AND pg_catalog.has_database_privilege(r.oid, pg_catalog.current_database(), 'CREATE')
UNION ALL
SELECT 'extension ' || name || ' is in the schema ' || place FROM mayfly.misplaced_extensions
UNION ALL
SELECT 'the key for claims is missing' WHERE NOT EXISTS (SELECT FROM mayfly.claims_key)
UNION ALL
SELECT 'role ' || r.rolname || ' has rights that it must not have' FROM pg_catalog.pg_roles r
    WHERE r.rolname IN ($1, $2, $3, $4)
      AND (r.rolsuper OR r.rolcreatedb OR r.rolcreaterole OR r.rolreplication OR r.rolbypassrls OR r.rolinherit)
UNION ALL
-- An older build's pools were smaller. A node with larger ones may have raised it further, and no limit is less than any.
SELECT 'role ' || r.rolname || ' may open fewer connections than its pools hold, or any number' FROM pg_catalog.pg_roles r
    WHERE r.rolname IN ($1, $2, $3, $4) AND r.rolconnlimit < $6
UNION ALL
SELECT 'role ' || member.rolname || ' is a member of ' || held.rolname
    FROM pg_catalog.pg_auth_members m
    JOIN pg_catalog.pg_roles member ON member.oid = m.member
    JOIN pg_catalog.pg_roles held ON held.oid = m.roleid
    WHERE (member.rolname IN ($1, 'mayfly_changes') OR held.rolname = 'mayfly_changes'
        OR (member.rolname = $2 AND held.rolname <> 'butterbase_service')
        OR (member.rolname = $3 AND held.rolname <> 'butterbase_user')
        OR (member.rolname = $4 AND held.rolname <> 'butterbase_anon')
        OR member.rolname IN ('butterbase_service', 'butterbase_user', 'butterbase_anon'))
UNION ALL
SELECT 'role ' || r.rolname || ' has settings that are not ours' FROM pg_catalog.pg_roles r
    LEFT JOIN pg_catalog.pg_db_role_setting s ON s.setrole = r.oid
    CROSS JOIN (SELECT ARRAY['temp_file_limit=256MB', 'log_min_messages=fatal', 'log_min_error_statement=panic'])
        ours (settings)
    WHERE r.rolname IN ($1, $2, $3, $4)
      AND (s.setrole IS NULL OR s.setdatabase <> 0
        OR NOT (s.setconfig @> ours.settings AND s.setconfig <@ ours.settings))
UNION ALL
SELECT 'it was closed by another build'
    WHERE pg_catalog.obj_description('mayfly'::pg_catalog.regnamespace, 'pg_namespace') IS DISTINCT FROM $5
