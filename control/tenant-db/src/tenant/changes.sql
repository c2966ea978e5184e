-- The change feed: what is committed to tables that are switched on is recorded as long as a node reads it. Run by the
-- platform after harden.sql, with the same placeholders. Everything in it may run any number of times.

-- Tables that are switched on, by name.
CREATE TABLE IF NOT EXISTS mayfly.realtime_tables (
    name         text PRIMARY KEY,
    enabled_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- Changes that nodes have yet to read: each for the subscribers whom row-level security shows its row.
CREATE TABLE IF NOT EXISTS mayfly.changes (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Which transaction: what a snapshot has not seen yet is told by it.
    xid          xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id(),
    table_name   text NOT NULL,
    -- 'skipped': more, or larger, than is recorded. 'truncate': the table was emptied.
    op           text NOT NULL CHECK (op IN ('insert', 'update', 'delete', 'truncate', 'skipped')),
    record       jsonb,
    old_record   jsonb,
    changed_at   timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.2);
CREATE INDEX IF NOT EXISTS changes_xid ON mayfly.changes (xid, id);
-- Until when a node reads, in seconds since 1970. A sequence, because its value is seen at once by every transaction,
-- whatever snapshot that has.
CREATE SEQUENCE IF NOT EXISTS mayfly.changes_until MINVALUE 0 START 0;
REVOKE ALL ON mayfly.realtime_tables, mayfly.changes
    FROM PUBLIC, {owner}, butterbase_service, butterbase_user, butterbase_anon;
REVOKE ALL ON SEQUENCE mayfly.changes_until FROM PUBLIC, {owner}, butterbase_service, butterbase_user, butterbase_anon;

-- Turning a row into JSON may call a cast of the owner's: it runs as a role that may do nothing but this.
GRANT USAGE ON SCHEMA mayfly TO mayfly_changes;
GRANT INSERT ON mayfly.changes TO mayfly_changes;
GRANT SELECT ON SEQUENCE mayfly.changes_until TO mayfly_changes;

-- Records what one statement changed, up to 1,000 rows of 256 KiB each. The message of its own SQLSTATE tells the host
-- that the transaction, once it is committed, has something for readers.
CREATE OR REPLACE FUNCTION mayfly.record_changes() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    is_read   boolean;
    is_large  boolean := false;
    recorded  bigint := 1;
BEGIN
    SELECT last_value > extract(epoch FROM clock_timestamp()) INTO is_read FROM mayfly.changes_until;
    IF NOT is_read THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'INSERT' THEN
        PERFORM FROM new_rows OFFSET 1000 LIMIT 1;
        is_large := FOUND;
    ELSIF TG_OP <> 'TRUNCATE' THEN
        PERFORM FROM old_rows OFFSET 1000 LIMIT 1;
        is_large := FOUND;
    END IF;
    IF is_large OR TG_OP = 'TRUNCATE' THEN
        INSERT INTO mayfly.changes (table_name, op)
        VALUES (TG_TABLE_NAME, CASE WHEN is_large THEN 'skipped' ELSE 'truncate' END);
    ELSE
        IF TG_OP = 'INSERT' THEN
            INSERT INTO mayfly.changes (table_name, op, record)
            SELECT TG_TABLE_NAME, CASE WHEN kept THEN 'insert' ELSE 'skipped' END, CASE WHEN kept THEN record END
            FROM (SELECT record, pg_column_size(record) <= 262144 AS kept FROM (SELECT to_jsonb(n.*) AS record FROM new_rows n) i) r;
        ELSIF TG_OP = 'DELETE' THEN
            INSERT INTO mayfly.changes (table_name, op, old_record)
            SELECT TG_TABLE_NAME, CASE WHEN kept THEN 'delete' ELSE 'skipped' END, CASE WHEN kept THEN record END
            FROM (SELECT record, pg_column_size(record) <= 262144 AS kept FROM (SELECT to_jsonb(o.*) AS record FROM old_rows o) i) r;
        ELSE
            -- Both tables have the rows in the order in which they were changed.
            INSERT INTO mayfly.changes (table_name, op, record, old_record)
            SELECT TG_TABLE_NAME, CASE WHEN kept THEN 'update' ELSE 'skipped' END, CASE WHEN kept THEN record END,
                CASE WHEN kept THEN old_record END
            FROM (SELECT record, old_record,
                    pg_column_size(record) <= 262144 AND pg_column_size(old_record) <= 262144 AS kept
                FROM (SELECT to_jsonb(n.*) AS record, row_number() OVER () AS place FROM new_rows n) n
                JOIN (SELECT to_jsonb(o.*) AS old_record, row_number() OVER () AS place FROM old_rows o) o USING (place)
                ORDER BY place) r;
        END IF;
        GET DIAGNOSTICS recorded = ROW_COUNT;
    END IF;
    IF recorded > 0 THEN
        RAISE INFO 'there are changes to read' USING ERRCODE = 'MF001';
    END IF;
    RETURN NULL;
END $$;
ALTER FUNCTION mayfly.record_changes() OWNER TO mayfly_changes;

-- Tables that are switched on and do not record, or not all.
CREATE OR REPLACE VIEW mayfly.silent_tables AS
    SELECT c.oid AS id, c.relname AS name FROM mayfly.realtime_tables t
    JOIN pg_catalog.pg_class c ON c.relname = t.name AND c.relnamespace = 'public'::pg_catalog.regnamespace
        AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    WHERE (SELECT pg_catalog.count(*) FROM pg_catalog.pg_trigger g
        WHERE g.tgrelid = c.oid AND g.tgfoid = 'mayfly.record_changes'::pg_catalog.regproc AND g.tgenabled IN ('O', 'A')
            AND g.tgname IN ('mayfly_changes_insert', 'mayfly_changes_update', 'mayfly_changes_delete',
                'mayfly_changes_truncate')) < 4;
REVOKE ALL ON mayfly.silent_tables FROM PUBLIC, {owner}, butterbase_service, butterbase_user, butterbase_anon;

CREATE OR REPLACE FUNCTION mayfly.stop_recording(of_table pg_catalog.regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found record;
BEGIN
    FOR found IN SELECT tgname FROM pg_trigger WHERE tgrelid = of_table AND tgparentid = 0
        AND (tgfoid = 'mayfly.record_changes'::regproc OR tgname IN ('mayfly_changes_insert', 'mayfly_changes_update',
            'mayfly_changes_delete', 'mayfly_changes_truncate'))
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', found.tgname, of_table);
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION mayfly.start_recording(of_table pg_catalog.regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM mayfly.stop_recording(of_table);
    EXECUTE format('CREATE TRIGGER mayfly_changes_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION mayfly.record_changes()', of_table);
    EXECUTE format('CREATE TRIGGER mayfly_changes_update AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows
        NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION mayfly.record_changes()', of_table);
    EXECUTE format('CREATE TRIGGER mayfly_changes_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows
        FOR EACH STATEMENT EXECUTE FUNCTION mayfly.record_changes()', of_table);
    EXECUTE format('CREATE TRIGGER mayfly_changes_truncate AFTER TRUNCATE ON %s
        FOR EACH STATEMENT EXECUTE FUNCTION mayfly.record_changes()', of_table);
END $$;

-- Which of these images of a table's rows the caller's role may read, and what of them: row-level security decides on an
-- image as it would on the row. It runs with the caller's rights and search path, as the policies themselves do.
CREATE OR REPLACE FUNCTION mayfly.visible_rows(of_table text, images jsonb)
    RETURNS TABLE (place bigint, record jsonb)
    LANGUAGE plpgsql
AS $$
DECLARE
    target     pg_catalog.oid := (SELECT c.oid FROM pg_catalog.pg_class c
        WHERE c.relname = of_table AND c.relnamespace = 'public'::pg_catalog.regnamespace AND c.relkind IN ('r', 'p'));
    shown      text[];
    hidden     text[];
    condition  text := 'true';
BEGIN
    SELECT pg_catalog.array_agg(a.attname::text) FILTER (WHERE may.read),
        coalesce(pg_catalog.array_agg(a.attname::text) FILTER (WHERE NOT may.read), '{}')
    INTO shown, hidden
    FROM pg_catalog.pg_attribute a
    CROSS JOIN LATERAL (SELECT pg_catalog.has_column_privilege(target, a.attnum, 'SELECT') AS read) may
    WHERE a.attrelid = target AND a.attnum > 0 AND NOT a.attisdropped;
    IF shown IS NULL THEN
        RETURN;
    END IF;
    IF pg_catalog.row_security_active(target) THEN
        SELECT '(' || coalesce(pg_catalog.string_agg('(' || qual || ')', ' OR ') FILTER (WHERE p.polpermissive), 'false') || ')'
            || coalesce(pg_catalog.string_agg(' AND (' || qual || ')', '') FILTER (WHERE NOT p.polpermissive), '')
        INTO condition
        FROM pg_catalog.pg_policy p
        CROSS JOIN LATERAL (SELECT pg_catalog.pg_get_expr(p.polqual, p.polrelid) AS qual) text
        WHERE p.polrelid = target AND p.polqual IS NOT NULL AND p.polcmd IN ('r', '*')
          AND EXISTS (SELECT FROM pg_catalog.unnest(p.polroles) role
              WHERE role = 0 OR pg_catalog.pg_has_role(role, 'USAGE'));
    END IF;
    RETURN QUERY EXECUTE pg_catalog.format(
        'SELECT mayfly_image.place, pg_catalog.to_jsonb(%1$I.*) - $2
         FROM pg_catalog.jsonb_array_elements($1) WITH ORDINALITY AS mayfly_image (image, place)
         CROSS JOIN LATERAL pg_catalog.jsonb_populate_record(NULL::public.%1$I, mayfly_image.image) AS %1$I
         WHERE (%2$s)', of_table, condition)
    USING images, hidden;
END $$;

REVOKE ALL ON FUNCTION mayfly.record_changes(), mayfly.start_recording(pg_catalog.regclass),
    mayfly.stop_recording(pg_catalog.regclass), mayfly.visible_rows(text, jsonb)
    FROM PUBLIC, {owner}, butterbase_service, butterbase_user, butterbase_anon;
GRANT EXECUTE ON FUNCTION mayfly.visible_rows(text, jsonb) TO butterbase_service, butterbase_user, butterbase_anon;

-- A table that was renamed records under its new name; one that was made again has to be made to record.
INSERT INTO mayfly.realtime_tables (name)
    SELECT DISTINCT c.relname FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid
    WHERE g.tgfoid = 'mayfly.record_changes'::pg_catalog.regproc AND NOT c.relispartition
        AND c.relnamespace = 'public'::pg_catalog.regnamespace
    ON CONFLICT DO NOTHING;
SELECT mayfly.start_recording(id) FROM mayfly.silent_tables;
