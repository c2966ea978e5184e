-- Makes an app's database safe to run tenants' SQL in. Run by the platform at provisioning, after every script,
-- and whenever a check finds something. Everything in it may run any number of times.
--
-- {database}, {owner}, {service}, {user}, {anon} are replaced by quoted identifiers: the database, and the app's four
-- logins; {owner_name} is the owner's, unquoted. The three group roles have the same names in every app, because policies name them.

-- Only the app's own logins may connect; none may make temporary tables, which would hide real ones.
REVOKE ALL ON DATABASE {database} FROM PUBLIC;
GRANT CONNECT ON DATABASE {database} TO {owner}, {service}, {user}, {anon};
-- Schemas and extensions: only within a change, which grants it for its own transaction (`begin_change`).
REVOKE CREATE ON DATABASE {database} FROM {owner};

-- What a login may have set for itself: it would meet every later session.
ALTER ROLE {owner} IN DATABASE {database} RESET ALL;
ALTER ROLE {service} IN DATABASE {database} RESET ALL;
ALTER ROLE {user} IN DATABASE {database} RESET ALL;
ALTER ROLE {anon} IN DATABASE {database} RESET ALL;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO butterbase_service, butterbase_user, butterbase_anon;
GRANT USAGE, CREATE ON SCHEMA public TO {owner};

-- What the owner makes can be used; row-level security says by whom.
ALTER DEFAULT PRIVILEGES FOR ROLE {owner}
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO butterbase_service, butterbase_user, butterbase_anon;
ALTER DEFAULT PRIVILEGES FOR ROLE {owner}
    GRANT USAGE, SELECT ON SEQUENCES TO butterbase_service, butterbase_user, butterbase_anon;

-- Names of the platform's own. No tenant can make, change or drop anything in here.
CREATE SCHEMA IF NOT EXISTS mayfly;
REVOKE ALL ON SCHEMA mayfly FROM PUBLIC;
GRANT USAGE ON SCHEMA mayfly TO {owner};

-- Functions that reach beyond their own statement: they change settings (a role is one), take locks or memory that
-- the whole server shares, reach other sessions, keep what transactions do not, or run SQL text that is planned separately.
CREATE OR REPLACE VIEW mayfly.forbidden_functions AS
    SELECT oid, proacl, proowner FROM pg_catalog.pg_proc
    WHERE pronamespace = 'pg_catalog'::pg_catalog.regnamespace
      AND (proname IN ('set_config', 'setseed', 'pg_notify', 'pg_export_snapshot', 'pg_logical_emit_message',
              'pg_terminate_backend', 'pg_cancel_backend', 'pg_import_system_collations',
              'pg_ls_dir', 'loread', 'lowrite', 'ts_stat', 'pg_listening_channels',
              -- Who does what on the server.
              'pg_lock_status', 'pg_blocking_pids', 'pg_safe_snapshot_blocking_pids', 'pg_prepared_xact',
              'pg_tablespace_databases', 'pg_get_replication_slots', 'pg_stat_have_stats',
              'pg_isolation_test_session_is_blocked',
              -- The XML library looks at no time limit and no cancellation.
              'xpath', 'xpath_exists', 'xmlexists')
        -- Counters: of other apps' work, and of rows that row-level security hides.
        OR proname ~ '^pg_stat_get_'
        OR proname ~ '^pg_(try_)?advisory_'
        OR proname ~ '^lo_'
        OR proname ~ '^pg_create_(logical|physical)_replication_slot$'
        OR proname ~ '^(query|table|schema|database|cursor)_to_xml'
        -- The form that takes a query; the others only compute.
        OR (proname = 'ts_rewrite' AND proargtypes[1] = 'text'::pg_catalog.regtype));
REVOKE ALL ON mayfly.forbidden_functions FROM PUBLIC;

-- Sizes tell how many rows there are, those included that row-level security hides.
CREATE OR REPLACE VIEW mayfly.measuring_functions AS
    SELECT oid, proacl, proowner FROM pg_catalog.pg_proc
    WHERE pronamespace = 'pg_catalog'::pg_catalog.regnamespace
      AND proname IN ('pg_relation_size', 'pg_table_size', 'pg_total_relation_size', 'pg_indexes_size',
          'pg_database_size', 'pg_tablespace_size');
REVOKE ALL ON mayfly.measuring_functions FROM PUBLIC;

DO $$
DECLARE
    target pg_catalog.regprocedure;
BEGIN
    -- Only what is not so yet: each change of a catalogue's rights makes every new connection slower to begin.
    FOR target IN SELECT oid::pg_catalog.regprocedure FROM mayfly.forbidden_functions f
        WHERE EXISTS (SELECT FROM pg_catalog.aclexplode(coalesce(f.proacl, pg_catalog.acldefault('f', f.proowner))) a
            WHERE a.grantee = 0)
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', target);
    END LOOP;
    FOR target IN SELECT oid::pg_catalog.regprocedure FROM mayfly.measuring_functions f
        WHERE pg_catalog.has_function_privilege('butterbase_user', f.oid, 'EXECUTE')
            OR pg_catalog.has_function_privilege('butterbase_anon', f.oid, 'EXECUTE')
            OR NOT pg_catalog.has_function_privilege('butterbase_service', f.oid, 'EXECUTE')
            OR NOT pg_catalog.has_function_privilege('{owner_name}', f.oid, 'EXECUTE')
    LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON FUNCTION %s FROM PUBLIC, butterbase_user, butterbase_anon', target);
        EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION %s TO butterbase_service, {owner}', target);
    END LOOP;
END $$;

-- Catalogues of the whole server, its statistics, and what belongs to sessions.
CREATE OR REPLACE VIEW mayfly.hidden_relations AS
    SELECT oid, relacl FROM pg_catalog.pg_class
    WHERE relnamespace = 'pg_catalog'::pg_catalog.regnamespace AND relkind IN ('r', 'v')
      AND (relname IN ('pg_db_role_setting', 'pg_largeobject_metadata', 'pg_prepared_statements', 'pg_prepared_xacts',
              'pg_locks', 'pg_database', 'pg_roles', 'pg_user', 'pg_group', 'pg_auth_members', 'pg_shdepend',
              'pg_replication_slots')
        OR relname ~ '^pg_stat(io)?_');
REVOKE ALL ON mayfly.hidden_relations FROM PUBLIC;
DO $$
DECLARE
    hidden    pg_catalog.regclass;
    readable  text;
BEGIN
    FOR hidden IN SELECT oid::pg_catalog.regclass FROM mayfly.hidden_relations r
        WHERE EXISTS (SELECT FROM pg_catalog.aclexplode(r.relacl) a WHERE a.grantee = 0)
    LOOP
        EXECUTE pg_catalog.format('REVOKE SELECT ON %s FROM PUBLIC', hidden);
    END LOOP;
    -- What pg_class has counted of a table's rows is the owner's and the service role's.
    IF NOT EXISTS (SELECT FROM pg_catalog.unnest(ARRAY['reltuples', 'relpages', 'relallvisible']) counted,
            pg_catalog.unnest(ARRAY['butterbase_user', 'butterbase_anon']) role
            WHERE pg_catalog.has_column_privilege(role, 'pg_catalog.pg_class', counted, 'SELECT'))
        AND pg_catalog.has_column_privilege('butterbase_user', 'pg_catalog.pg_class', 'relname', 'SELECT')
        AND pg_catalog.has_table_privilege('butterbase_service', 'pg_catalog.pg_class', 'SELECT')
        AND pg_catalog.has_table_privilege('{owner_name}', 'pg_catalog.pg_class', 'SELECT')
    THEN
        RETURN;
    END IF;
    SELECT pg_catalog.string_agg(pg_catalog.quote_ident(attname), ', ') INTO readable
    FROM pg_catalog.pg_attribute
    WHERE attrelid = 'pg_catalog.pg_class'::pg_catalog.regclass AND NOT attisdropped
      AND attname NOT IN ('reltuples', 'relpages', 'relallvisible', 'relallfrozen');
    REVOKE SELECT ON pg_catalog.pg_class FROM PUBLIC, butterbase_user, butterbase_anon;
    EXECUTE 'GRANT SELECT (' || readable || ') ON pg_catalog.pg_class TO PUBLIC';
    GRANT SELECT ON pg_catalog.pg_class TO {owner}, butterbase_service;
END $$;

-- No language: no function made on the fly, no DO.
DO $$
DECLARE
    language name;
BEGIN
    FOR language IN SELECT lanname FROM pg_catalog.pg_language WHERE lanpltrusted LOOP
        EXECUTE pg_catalog.format('REVOKE ALL ON LANGUAGE %I FROM PUBLIC', language);
    END LOOP;
END $$;
GRANT USAGE ON LANGUAGE sql, plpgsql TO {owner};

-- The app's key, as the two padded blocks of HMAC-SHA256. Only the function below reads it.
CREATE TABLE IF NOT EXISTS mayfly.claims_key (
    only_row     boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    inner_block  bytea NOT NULL,
    outer_block  bytea NOT NULL
);
REVOKE ALL ON mayfly.claims_key FROM PUBLIC;

-- Who the end user is: believed only when the host has signed it for this very connection. It reads a setting, and
-- the connection's number is the leader's, so parallel workers cannot run it.
CREATE OR REPLACE FUNCTION public.current_user_id() RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    claims text := current_setting('mayfly.claims', true);
    part   text[];
    key    record;
    mac    bytea;
BEGIN
    IF claims IS NULL OR claims = '' THEN
        RETURN NULL;
    END IF;
    part := string_to_array(claims, '.');
    IF array_length(part, 1) IS DISTINCT FROM 4
        OR part[2] IS DISTINCT FROM pg_backend_pid()::text
        OR part[3] !~ '^[0-9]{1,12}$'
    THEN
        RAISE EXCEPTION 'the claims are not valid' USING ERRCODE = 'invalid_authorization_specification';
    END IF;
    SELECT inner_block, outer_block INTO STRICT key FROM mayfly.claims_key;
    mac := sha256(key.outer_block || sha256(key.inner_block
        || convert_to(part[1] || '.' || part[2] || '.' || part[3], 'UTF8')));
    IF encode(mac, 'hex') IS DISTINCT FROM part[4]
        OR part[3]::bigint < extract(epoch FROM clock_timestamp())
    THEN
        RAISE EXCEPTION 'the claims are not valid' USING ERRCODE = 'invalid_authorization_specification';
    END IF;
    RETURN convert_from(decode(part[1], 'hex'), 'UTF8');
END $$;
REVOKE ALL ON FUNCTION public.current_user_id() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.current_user_id()
    TO {owner}, butterbase_service, butterbase_user, butterbase_anon;

-- What ctx.idempotency claims. Users' SQL can neither see nor remove a claim.
CREATE TABLE IF NOT EXISTS public._idempotency_keys (
    scope         text NOT NULL DEFAULT 'default',
    key           text NOT NULL,
    processed_at  timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz,
    PRIMARY KEY (scope, key)
);
CREATE INDEX IF NOT EXISTS _idempotency_keys_expiry ON public._idempotency_keys (expires_at)
    WHERE expires_at IS NOT NULL;
-- What came of the work that a key was claimed with: JSON, nothing for undefined, NULL where there was none.
ALTER TABLE public._idempotency_keys ADD COLUMN IF NOT EXISTS result text;
REVOKE ALL ON public._idempotency_keys FROM PUBLIC, butterbase_user, butterbase_anon;
GRANT SELECT, INSERT, UPDATE, DELETE ON public._idempotency_keys TO butterbase_service, {owner};

-- Whether the host has signed these two texts for this very connection. What is signed begins with a word that is no
-- end user's hex, and has more parts than claims have.
CREATE OR REPLACE FUNCTION mayfly.check_proof(word text, first_text text, second_text text, proof text) RETURNS void
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    part text[] := string_to_array(proof, '.');
    key  record;
    mac  bytea;
BEGIN
    IF array_length(part, 1) IS DISTINCT FROM 2 OR part[1] !~ '^[0-9]{1,12}$' THEN
        RAISE EXCEPTION 'the call is not signed' USING ERRCODE = 'invalid_authorization_specification';
    END IF;
    SELECT inner_block, outer_block INTO STRICT key FROM mayfly.claims_key;
    mac := sha256(key.outer_block || sha256(key.inner_block || convert_to(word || '.' || pg_backend_pid()
        || '.' || part[1]
        || '.' || encode(convert_to(first_text, 'UTF8'), 'hex')
        || '.' || encode(convert_to(second_text, 'UTF8'), 'hex'), 'UTF8')));
    IF encode(mac, 'hex') IS DISTINCT FROM part[2] OR part[1]::bigint < extract(epoch FROM clock_timestamp()) THEN
        RAISE EXCEPTION 'the call is not signed' USING ERRCODE = 'invalid_authorization_specification';
    END IF;
END $$;
DROP FUNCTION IF EXISTS mayfly.check_key_proof(text, text, text);

-- Take a key within the caller's transaction, or return the result of the work that had it. A transaction that holds it
-- now is waited for, as long as a statement may take.
CREATE OR REPLACE FUNCTION mayfly.idempotency_begin(claim_scope text, claim_key text, ttl_seconds float8, proof text)
    RETURNS TABLE (mine boolean, result text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = 0
AS $$
#variable_conflict use_column
BEGIN
    PERFORM mayfly.check_proof('idempotency', claim_scope, claim_key, proof);
    LOOP
        INSERT INTO public._idempotency_keys AS k (scope, key, expires_at)
        VALUES (claim_scope, claim_key, clock_timestamp() + ttl_seconds * interval '1 second')
        ON CONFLICT (scope, key) DO UPDATE
            SET processed_at = now(), expires_at = excluded.expires_at, result = NULL
            WHERE k.expires_at <= clock_timestamp();
        IF FOUND THEN
            RETURN QUERY SELECT true, NULL::text;
            RETURN;
        END IF;
        RETURN QUERY SELECT false, k.result FROM public._idempotency_keys k
            WHERE k.scope = claim_scope AND k.key = claim_key;
        IF FOUND THEN
            RETURN;
        END IF;
        -- Swept in between.
    END LOOP;
END $$;

-- Keep the result of the work beside its key. Nothing is kept for a key that the work itself has deleted.
CREATE OR REPLACE FUNCTION mayfly.idempotency_settle(claim_scope text, claim_key text, work_result text, proof text)
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mayfly.check_proof('idempotency', claim_scope, claim_key, proof);
    UPDATE public._idempotency_keys k SET result = work_result WHERE k.scope = claim_scope AND k.key = claim_key;
END $$;

-- Jobs of ctx.enqueue: one row each, from its enqueueing to its outcome. Only the platform reads and changes them.
CREATE TABLE IF NOT EXISTS mayfly.jobs (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The function that runs.
    queue            text NOT NULL,
    state            text NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'running', 'done', 'dead', 'cancelled')),
    payload          text NOT NULL,
    key              text,
    attempt          integer NOT NULL DEFAULT 0,
    attempts_max     integer NOT NULL,
    -- How often an attempt that failed is tried again: a replay begins from there.
    retries          integer NOT NULL,
    backoff_seconds  float8 NOT NULL,
    -- Larger with every start.
    fence            bigint NOT NULL DEFAULT 0,
    replays          integer NOT NULL DEFAULT 0,
    enqueued_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    run_at           timestamptz NOT NULL,
    -- The node that runs it, and until when it has said so.
    node             text,
    claimed_until    timestamptz,
    started_at       timestamptz,
    ended_at         timestamptz,
    invocation_id    text,
    status           integer,
    error_code       text,
    error_message    text
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.2);
CREATE INDEX IF NOT EXISTS jobs_waiting ON mayfly.jobs (queue, run_at, id) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS jobs_running ON mayfly.jobs (claimed_until, queue) WHERE state = 'running';
CREATE INDEX IF NOT EXISTS jobs_ended ON mayfly.jobs (state, id) WHERE state IN ('done', 'dead', 'cancelled');
CREATE UNIQUE INDEX IF NOT EXISTS jobs_open_key ON mayfly.jobs (queue, key)
    WHERE key IS NOT NULL AND state IN ('waiting', 'running');
-- What is set for a queue; one without a row has no limit of its own.
CREATE TABLE IF NOT EXISTS mayfly.queues (
    name         text PRIMARY KEY,
    concurrency  integer,
    paused       boolean NOT NULL DEFAULT false
);
REVOKE ALL ON mayfly.jobs, mayfly.queues FROM PUBLIC, {owner}, butterbase_service, butterbase_user, butterbase_anon;

-- Store a job within the caller's transaction, or find the open one with its key. It may start after that
-- many milliseconds, or at a time.
CREATE OR REPLACE FUNCTION mayfly.enqueue(job_queue text, job_key text, job_payload text, delay_ms float8, at_ms float8,
    job_attempts integer, job_backoff float8, proof text) RETURNS TABLE (job bigint, duplicate boolean)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    starts  timestamptz;
    stored  bigint;
BEGIN
    PERFORM mayfly.check_proof('queue', job_queue, coalesce(job_key, ''), proof);
    starts := coalesce(to_timestamp(at_ms / 1000), clock_timestamp() + delay_ms * interval '1 millisecond');
    LOOP
        INSERT INTO mayfly.jobs (queue, key, payload, run_at, attempts_max, retries, backoff_seconds)
        VALUES (job_queue, job_key, job_payload, starts, job_attempts, job_attempts - 1, job_backoff)
        ON CONFLICT (queue, key) WHERE key IS NOT NULL AND state IN ('waiting', 'running') DO NOTHING
        RETURNING id INTO stored;
        IF FOUND THEN
            RETURN QUERY SELECT stored, false;
            RETURN;
        END IF;
        RETURN QUERY SELECT j.id, true FROM mayfly.jobs j
            WHERE j.queue = job_queue AND j.key = job_key AND j.state IN ('waiting', 'running');
        IF FOUND THEN
            RETURN;
        END IF;
        -- It has ended in between.
    END LOOP;
END $$;

-- Keys and values of ctx.kv. Only the platform's own statements, as the service, read and write them.
CREATE TABLE IF NOT EXISTS mayfly.kv (
    key         text COLLATE "C" PRIMARY KEY,
    -- JSON.
    value       text NOT NULL,
    expires_at  timestamptz
);
CREATE INDEX IF NOT EXISTS kv_expiry ON mayfly.kv (expires_at) WHERE expires_at IS NOT NULL;
REVOKE ALL ON mayfly.kv FROM PUBLIC, butterbase_user, butterbase_anon;
GRANT SELECT, INSERT, UPDATE, DELETE ON mayfly.kv TO butterbase_service, {owner};

-- Responses to requests with an Idempotency-Key: one row a key of a caller's, from its first request until it expires.
CREATE TABLE IF NOT EXISTS mayfly.responses (
    function     text NOT NULL,
    caller       text NOT NULL,
    key          text NOT NULL,
    -- What another request with the key has to equal.
    fingerprint  text NOT NULL,
    -- Names the request that runs: another one that took its place is not settled by it.
    token        text NOT NULL,
    -- NULL while it runs.
    response     text,
    expires_at   timestamptz NOT NULL,
    PRIMARY KEY (function, caller, key)
);
CREATE INDEX IF NOT EXISTS responses_expiry ON mayfly.responses (expires_at);
REVOKE ALL ON mayfly.responses FROM PUBLIC, {owner}, butterbase_service, butterbase_user, butterbase_anon;

-- Take a key for a request that begins, or find what is known of it.
CREATE OR REPLACE FUNCTION mayfly.response_begin(for_function text, for_caller text, for_key text, request_print text,
    request_token text, lease_seconds float8, proof text) RETURNS TABLE (state text, response text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    known mayfly.responses;
BEGIN
    PERFORM mayfly.check_proof('response', for_function || chr(10) || for_caller, for_key, proof);
    LOOP
        INSERT INTO mayfly.responses AS r (function, caller, key, fingerprint, token, expires_at)
        VALUES (for_function, for_caller, for_key, request_print, request_token,
            clock_timestamp() + lease_seconds * interval '1 second')
        ON CONFLICT (function, caller, key) DO UPDATE
            SET fingerprint = excluded.fingerprint, token = excluded.token, expires_at = excluded.expires_at, response = NULL
            WHERE r.expires_at <= clock_timestamp();
        IF FOUND THEN
            RETURN QUERY SELECT 'mine', NULL::text;
            RETURN;
        END IF;
        SELECT * INTO known FROM mayfly.responses r
            WHERE r.function = for_function AND r.caller = for_caller AND r.key = for_key;
        IF FOUND THEN
            RETURN QUERY SELECT CASE WHEN known.fingerprint <> request_print THEN 'mismatch'
                WHEN known.response IS NULL THEN 'running' ELSE 'done' END,
                CASE WHEN known.fingerprint = request_print THEN known.response END;
            RETURN;
        END IF;
        -- Released in between.
    END LOOP;
END $$;

-- Keep the response of the request that has the key; without one, free the key. False: it has the key no longer.
CREATE OR REPLACE FUNCTION mayfly.response_settle(for_function text, for_caller text, for_key text, request_token text,
    given text, keep_seconds float8, proof text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mayfly.check_proof('response', for_function || chr(10) || for_caller, for_key, proof);
    IF given IS NULL THEN
        DELETE FROM mayfly.responses r WHERE r.function = for_function AND r.caller = for_caller AND r.key = for_key
            AND r.token = request_token AND r.response IS NULL;
    ELSE
        UPDATE mayfly.responses r
        SET response = given, expires_at = clock_timestamp() + keep_seconds * interval '1 second'
        WHERE r.function = for_function AND r.caller = for_caller AND r.key = for_key
            AND r.token = request_token AND r.response IS NULL;
    END IF;
    RETURN FOUND;
END $$;

-- Scripts that were run, newest last.
CREATE TABLE IF NOT EXISTS mayfly.migrations (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text,
    sql          text NOT NULL,
    checksum     text NOT NULL,
    key_id       text,
    applied_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    duration_us  bigint NOT NULL
);
-- What the schema engine adds: which kind of change it was, the schema afterwards, and what was renamed.
ALTER TABLE mayfly.migrations
    ADD COLUMN IF NOT EXISTS kind text NOT NULL DEFAULT 'script',
    ADD COLUMN IF NOT EXISTS schema json,
    ADD COLUMN IF NOT EXISTS fingerprint text,
    ADD COLUMN IF NOT EXISTS renames json;
REVOKE ALL ON mayfly.migrations FROM PUBLIC;

-- A change of the schema, from its begin to its record, is the host's to make: each of these functions wants its
-- signature for this very connection, with the kind of the change and the key that it came with.
DROP FUNCTION IF EXISTS mayfly.lock_scripts();
DROP FUNCTION IF EXISTS mayfly.record_script(text, text, text, text, bigint);
DROP FUNCTION IF EXISTS mayfly.record_schema(text, text, text, text, bigint, text, json, text, json);

-- One change at a time: a second one waits, or meets its lock_timeout. Until its end the owner may make schemas and
-- extensions; no other transaction ever sees that grant.
CREATE OR REPLACE FUNCTION mayfly.begin_change(change_kind text, change_key_id text, proof text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mayfly.check_proof('change', change_kind, coalesce(change_key_id, ''), proof);
    LOCK TABLE mayfly.migrations IN SHARE ROW EXCLUSIVE MODE;
    GRANT CREATE ON DATABASE {database} TO {owner};
END $$;

-- Extensions where no tenant may make anything: an extension's own script is run by the superuser.
CREATE OR REPLACE VIEW mayfly.misplaced_extensions AS
    SELECT e.extname AS name, n.nspname AS place
    FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
    WHERE n.nspname = 'mayfly' OR n.nspname LIKE 'pg\_%' AND e.extname <> 'plpgsql';
REVOKE ALL ON mayfly.misplaced_extensions FROM PUBLIC;

-- The end of a change, before its commit.
CREATE OR REPLACE FUNCTION mayfly.end_change(change_kind text, change_key_id text, proof text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    misplaced record;
BEGIN
    PERFORM mayfly.check_proof('change', change_kind, coalesce(change_key_id, ''), proof);
    SELECT name, place INTO misplaced FROM mayfly.misplaced_extensions LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the extension "%" cannot be in the schema "%"', misplaced.name, misplaced.place
            USING ERRCODE = 'insufficient_privilege', HINT = 'make it in public, or in a schema of the app''s own';
    END IF;
    IF (SELECT count(*) > 1000 FROM pg_class WHERE relowner = session_user::regrole AND relkind IN ('r', 'p')) THEN
        RAISE EXCEPTION 'an app can have 1000 tables, partitions included' USING ERRCODE = 'program_limit_exceeded';
    END IF;
    REVOKE CREATE ON DATABASE {database} FROM {owner};
END $$;

CREATE OR REPLACE FUNCTION mayfly.record_script(
    script_name text, script text, script_checksum text, script_key_id text, script_us bigint, proof text
) RETURNS TABLE (id bigint, applied_ms bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM mayfly.check_proof('change', 'script', coalesce(script_key_id, ''), proof);
    RETURN QUERY
    INSERT INTO mayfly.migrations AS m (name, sql, checksum, key_id, duration_us)
    VALUES (script_name, script, script_checksum, script_key_id, script_us)
    RETURNING m.id, (extract(epoch FROM m.applied_at) * 1000)::bigint;
END $$;

CREATE OR REPLACE FUNCTION mayfly.record_schema(
    change_name text, change text, change_checksum text, change_key_id text, change_us bigint, change_kind text,
    schema_after json, schema_fingerprint text, change_renames json, proof text
) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    recorded bigint;
BEGIN
    PERFORM mayfly.check_proof('change', change_kind, coalesce(change_key_id, ''), proof);
    INSERT INTO mayfly.migrations AS m
        (name, sql, checksum, key_id, duration_us, kind, schema, fingerprint, renames)
    VALUES (change_name, change, change_checksum, change_key_id, change_us, change_kind, schema_after,
        schema_fingerprint, change_renames)
    RETURNING m.id INTO recorded;
    RETURN recorded;
END $$;

-- Runs a script with the caller's rights. From in here no statement can end the transaction: PostgreSQL refuses
-- COMMIT and ROLLBACK within a function, whatever way they come.
CREATE OR REPLACE FUNCTION mayfly.run_script(script text) RETURNS void
    LANGUAGE plpgsql
AS $$ BEGIN EXECUTE script; END $$;

-- Row-level security binds the owner's own functions and views too, and a view asks with its reader's rights. A view
-- that says otherwise itself is left alone.
CREATE OR REPLACE FUNCTION mayfly.close_gaps() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT c.oid::regclass AS name, c.relkind AS kind FROM pg_class c
        WHERE c.relowner = current_user::regrole
          AND (c.relkind IN ('r', 'p') AND c.relrowsecurity AND NOT c.relforcerowsecurity
            OR c.relkind = 'v'
               AND NOT EXISTS (SELECT FROM unnest(c.reloptions) o WHERE o LIKE 'security_invoker=%'))
    LOOP
        IF found.kind = 'v' THEN
            EXECUTE format('ALTER VIEW %s SET (security_invoker = true)', found.name);
        ELSE
            EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', found.name);
        END IF;
    END LOOP;
END $$;

-- What an extension has brought into this schema is moved out where it can be.
DO $$
DECLARE
    misplaced name;
BEGIN
    FOR misplaced IN SELECT m.name FROM mayfly.misplaced_extensions m LOOP
        BEGIN
            EXECUTE pg_catalog.format('ALTER EXTENSION %I SET SCHEMA public', misplaced);
        EXCEPTION WHEN OTHERS THEN
            -- The check tells of it.
            NULL;
        END;
    END LOOP;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA mayfly FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA mayfly FROM butterbase_service, butterbase_user, butterbase_anon;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA mayfly TO {owner};
-- Of all that is in there, the roles that run functions may call these.
GRANT USAGE ON SCHEMA mayfly TO butterbase_service, butterbase_user, butterbase_anon;
GRANT EXECUTE ON FUNCTION mayfly.idempotency_begin(text, text, float8, text),
    mayfly.idempotency_settle(text, text, text, text),
    mayfly.enqueue(text, text, text, float8, float8, integer, float8, text),
    mayfly.response_begin(text, text, text, text, text, float8, text),
    mayfly.response_settle(text, text, text, text, text, float8, text) TO butterbase_service, butterbase_user, butterbase_anon;
