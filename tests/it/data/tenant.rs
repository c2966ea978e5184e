//! Apps' databases: created, repaired, changed by scripts and dropped.

use mayfly_api::apps::AppState;
use mayfly_store::StoreError;
use mayfly_tenant_db::tenant::{MigrationScript, TenantError};
use serde_json::json;
use support::cluster::{endpoint, run, store};
use support::tenants::{TestApp, code, rows, tenants};

fn script(sql: &str) -> MigrationScript {
    MigrationScript { sql: sql.to_owned(), name: Some("a name".to_owned()), key_id: Some("key_1".to_owned()) }
}

async fn exists(sql: &str, name: &str) -> bool {
    let admin = endpoint().admin("postgres").await.unwrap();
    admin.query_opt(sql, &[&name]).await.unwrap().is_some()
}

async fn database_exists(id: &str) -> bool {
    exists("SELECT 1 FROM pg_database WHERE datname = $1", id).await
}

async fn login_exists(id: &str) -> bool {
    exists("SELECT 1 FROM pg_roles WHERE rolname LIKE $1 || '\\_%'", id).await
}

#[test]
fn an_app_is_made_in_order_and_deleted_without_a_trace() {
    run(async {
        let app = TestApp::new("CREATE TABLE notes (id serial PRIMARY KEY, body text)").await;
        assert_eq!(app.tenants.check(&app.id).await.unwrap(), Vec::<String>::new());
        assert_eq!(store().await.apps().get(&app.id).await.unwrap().unwrap().state, AppState::Ready);
        assert_eq!(rows(&app.service(), "SELECT 1 AS x").await, json!([{"x": 1}]));

        app.tenants.delete(&app.id).await.unwrap();
        assert!(!database_exists(&app.id).await);
        assert!(!login_exists(&app.id).await);
        assert!(store().await.apps().get(&app.id).await.unwrap().is_none());
        assert_eq!(code(&app.service(), "SELECT 1").await, "DB_CONNECTION_LOST");
        assert!(matches!(app.tenants.delete(&app.id).await, Err(TenantError::Missing)));
    });
}

#[test]
fn three_identities_have_three_roles() {
    run(async {
        let app = TestApp::new("").await;
        let who = "SELECT current_user::text AS role, current_user_id() AS id, session_user::text AS login";
        let row = |role: &str, id: Option<&str>, login: &str| json!([{"role": role, "id": id, "login": format!("{}_{login}", app.id)}]);
        assert_eq!(rows(&app.service(), who).await, row("butterbase_service", None, "service"));
        assert_eq!(rows(&app.anon(), who).await, row("butterbase_anon", None, "anon"));
        let name = "o'brien; \u{1f600} \"x\"";
        assert_eq!(rows(&app.user(name), who).await, row("butterbase_user", Some(name), "user"));
        // One connection, several users one after the other.
        assert_eq!(rows(&app.user("bob"), who).await, row("butterbase_user", Some("bob"), "user"));
    });
}

#[test]
fn what_a_crash_left_half_made_or_half_deleted_is_finished() {
    run(async {
        let tenants = tenants().await;
        let half_made = TestApp::new("").await;
        let half_deleted = TestApp::new("").await;
        let admin = endpoint().admin("mayfly").await.unwrap();
        let set = "UPDATE apps SET state = $2 WHERE id = $1";
        // A crash before the database was created, and before it was hardened: recovery takes the same steps.
        admin.batch_execute(&format!("DROP DATABASE \"{}\" WITH (FORCE)", half_made.id)).await.unwrap();
        admin.execute(set, &[&half_made.id, &"provisioning"]).await.unwrap();
        admin.execute(set, &[&half_deleted.id, &"deleting"]).await.unwrap();

        tenants.recover().await.unwrap();
        assert_eq!(store().await.apps().get(&half_made.id).await.unwrap().unwrap().state, AppState::Ready);
        assert_eq!(tenants.check(&half_made.id).await.unwrap(), Vec::<String>::new());
        assert_eq!(rows(&half_made.service(), "SELECT 1 AS x").await, json!([{"x": 1}]));
        assert!(store().await.apps().get(&half_deleted.id).await.unwrap().is_none());
        assert!(!database_exists(&half_deleted.id).await);
    });
}

#[test]
fn what_is_opened_is_found_and_closed_again() {
    run(async {
        let app = TestApp::new("").await;
        let admin = endpoint().admin(&app.id).await.unwrap();
        let openings = [
            format!("GRANT TEMP ON DATABASE \"{}\" TO PUBLIC", app.id),
            "GRANT EXECUTE ON FUNCTION set_config(text, text, boolean) TO PUBLIC".to_owned(),
            "GRANT EXECUTE ON FUNCTION pg_advisory_lock(bigint) TO PUBLIC".to_owned(),
            "GRANT USAGE ON LANGUAGE plpgsql TO PUBLIC".to_owned(),
            "GRANT CREATE ON SCHEMA public TO PUBLIC".to_owned(),
            "GRANT SELECT ON pg_stat_activity TO PUBLIC".to_owned(),
            "GRANT SELECT ON pg_stat_user_tables TO PUBLIC".to_owned(),
            "GRANT SELECT ON pg_database TO PUBLIC".to_owned(),
            "GRANT SELECT (reltuples) ON pg_class TO butterbase_anon".to_owned(),
            "GRANT EXECUTE ON FUNCTION pg_stat_get_live_tuples(oid) TO PUBLIC".to_owned(),
            "GRANT EXECUTE ON FUNCTION pg_table_size(regclass) TO butterbase_user".to_owned(),
            format!("GRANT CREATE ON DATABASE \"{0}\" TO \"{0}_owner\"", app.id),
            "GRANT SELECT ON _idempotency_keys TO butterbase_user".to_owned(),
            "DELETE FROM mayfly.claims_key".to_owned(),
            "COMMENT ON SCHEMA mayfly IS 'an older text'".to_owned(),
            // An older text knew nothing of this.
            "COMMENT ON SCHEMA mayfly IS 'an older text'; DROP VIEW mayfly.silent_tables; DROP TABLE mayfly.changes".to_owned(),
            format!("ALTER ROLE \"{}_user\" BYPASSRLS", app.id),
            format!("ALTER ROLE \"{}_user\" CONNECTION LIMIT 8", app.id),
            format!("ALTER ROLE \"{}_owner\" CONNECTION LIMIT -1", app.id),
            format!("ALTER ROLE \"{}_user\" SET work_mem = '1GB'", app.id),
            format!("ALTER ROLE \"{0}_owner\" IN DATABASE \"{0}\" SET search_path = x", app.id),
        ];
        for opening in &openings {
            // A server that starts in another test repairs the database: then the test grants the right again.
            let findings = loop {
                admin.batch_execute(opening).await.unwrap();
                let findings = app.tenants.check_and_repair(&app.id).await.unwrap();
                if !findings.is_empty() {
                    break findings;
                }
            };
            assert_eq!(findings.len(), 1, "{opening}: {findings:?}");
            assert_eq!(app.tenants.check(&app.id).await.unwrap(), Vec::<String>::new(), "{opening}");
        }
        // A server that started in another test, and met it open again and again, has closed the app.
        app.tenants.tend(&app.id).await.unwrap();
        assert_eq!(rows(&app.user("bob"), "SELECT current_user_id() AS id").await, json!([{"id": "bob"}]));
    });
}

#[test]
fn a_script_runs_as_a_whole_and_is_recorded() {
    run(async {
        let app = TestApp::new("").await;
        let sql =
            "CREATE TABLE a (x int); INSERT INTO a VALUES (1), (2);\nCREATE VIEW v AS SELECT sum(x) FROM a";
        let applied = app.tenants.run_script(&app.id, script(sql)).await.unwrap();
        assert_eq!((applied.name.as_deref(), applied.key_id.as_deref()), (Some("a name"), Some("key_1")));
        assert_eq!(rows(&app.service(), "TABLE v").await, json!([{"sum": 3}]));
        let recorded = app.tenants.scripts(&app.id).await.unwrap();
        assert_eq!(recorded.len(), 1);
        assert_eq!((&recorded[0].sql, recorded[0].id), (&applied.sql, applied.id));
        assert_eq!(recorded[0].checksum.len(), 64);
    });
}

#[test]
fn a_failing_script_leaves_nothing_and_says_where() {
    run(async {
        let app = TestApp::new("").await;
        let sql = "CREATE TABLE a (x int);\n  INSERT INTO b VALUES (1)";
        let Err(TenantError::Script(error)) = app.tenants.run_script(&app.id, script(sql)).await else {
            panic!("the script went through");
        };
        assert_eq!(
            (error.sqlstate.as_str(), error.line, error.column),
            ("42P01", Some(2), Some(15)),
            "{error}"
        );
        assert_eq!(code(&app.service(), "TABLE a").await, "42P01");
        assert_eq!(app.tenants.scripts(&app.id).await.unwrap(), Vec::new());

        let syntax = app.tenants.run_script(&app.id, script("SELECT 1;\nSELEC 2")).await;
        let Err(TenantError::Script(error)) = syntax else { panic!("the script went through") };
        assert_eq!((error.sqlstate.as_str(), error.line, error.column), ("42601", Some(2), Some(1)));
    });
}

#[test]
fn a_script_cannot_leave_its_transaction() {
    run(async {
        let app = TestApp::new("").await;
        for sql in [
            "CREATE TABLE a (x int); COMMIT; CREATE TABLE b (x int)",
            "CREATE TABLE a (x int); ROLLBACK",
            "CREATE TABLE a (x int); COMMIT AND CHAIN",
            "BEGIN; CREATE TABLE a (x int); COMMIT",
            "CREATE TABLE a (x int); DO $$ BEGIN COMMIT; END $$",
            "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$; CREATE TABLE a (x int); CALL p()",
            "CREATE TABLE a (x int); PREPARE TRANSACTION 'x'",
            "CREATE TABLE a (x int); SAVEPOINT s",
        ] {
            let Err(TenantError::Script(error)) = app.tenants.run_script(&app.id, script(sql)).await else {
                panic!("the script went through: {sql}");
            };
            assert!(error.hint.is_some() || error.sqlstate != "0A000", "{sql}: {error}");
            assert_eq!(code(&app.service(), "TABLE a").await, "42P01", "{sql}");
        }
        assert_eq!(app.tenants.scripts(&app.id).await.unwrap(), Vec::new());
    });
}

#[test]
fn an_app_runs_one_script_at_a_time() {
    run(async {
        let app = TestApp::new("CREATE TABLE door (x int)").await;
        let admin = endpoint().admin(&app.id).await.unwrap();
        admin.batch_execute("BEGIN; LOCK TABLE door").await.unwrap();
        let first = tokio::spawn({
            let (tenants, id) = (app.tenants.clone(), app.id.clone());
            async move { tenants.run_script(&id, script("TABLE door")).await }
        });
        // The first script waits for the table's lock.
        let waiting = "SELECT 1 FROM pg_locks WHERE relation = 'door'::regclass AND NOT granted";
        while admin.query(waiting, &[]).await.unwrap().is_empty() {}
        let second = app.tenants.run_script(&app.id, script("SELECT 1")).await;
        assert!(matches!(second, Err(TenantError::Store(StoreError::Conflict(_)))), "{second:?}");
        admin.batch_execute("COMMIT").await.unwrap();
        first.await.unwrap().unwrap();
        app.tenants.run_script(&app.id, script("SELECT 1")).await.unwrap();
    });
}

#[test]
fn a_script_and_a_repair_do_not_get_in_each_others_way() {
    run(async {
        let app = TestApp::new("").await;
        for round in 0..8 {
            let sql = format!("CREATE TABLE t{round} (id int PRIMARY KEY)");
            let script = app.tenants.run_script(&app.id, MigrationScript { sql, name: None, key_id: None });
            let (script, repair, again) =
                tokio::join!(script, app.tenants.repair(&app.id), app.tenants.repair(&app.id));
            script.unwrap();
            repair.unwrap();
            again.unwrap();
        }
    });
}

#[test]
fn an_owner_can_harm_no_other_app() {
    run(async {
        let app = TestApp::new("").await;
        let other = TestApp::new("").await;
        for sql in [
            "SET ROLE butterbase_service".to_owned(),
            "SET ROLE butterbase_user".to_owned(),
            "SET SESSION AUTHORIZATION mayfly".to_owned(),
            format!("SET ROLE \"{}_owner\"", other.id),
            format!("GRANT butterbase_service TO \"{}_user\"", app.id),
            format!("ALTER ROLE \"{}_user\" BYPASSRLS", app.id),
            format!("ALTER ROLE \"{}_user\" PASSWORD 'x'", other.id),
            format!("DROP DATABASE \"{}\"", other.id),
            format!("ALTER DATABASE \"{}\" SET search_path = x", app.id),
            "CREATE ROLE x".to_owned(),
            "CREATE DATABASE x".to_owned(),
            "ALTER SYSTEM SET fsync = off".to_owned(),
            "COPY (SELECT 1) TO PROGRAM 'true'".to_owned(),
            "COPY (SELECT 1) TO '/tmp/x'".to_owned(),
            "SELECT pg_read_file('/etc/passwd')".to_owned(),
            "SELECT lo_import('/etc/passwd')".to_owned(),
            "SELECT pg_advisory_lock(1)".to_owned(),
            "SELECT set_config('role', 'butterbase_service', false)".to_owned(),
            "CREATE FUNCTION f() RETURNS void LANGUAGE c AS 'x'".to_owned(),
            "CREATE FUNCTION f() RETURNS void LANGUAGE internal AS 'pg_reload_conf'".to_owned(),
            "CREATE EXTENSION dblink".to_owned(),
            "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p".to_owned(),
            "CREATE EVENT TRIGGER t ON ddl_command_start EXECUTE FUNCTION current_user_id()".to_owned(),
            "SELECT * FROM mayfly.claims_key".to_owned(),
            "UPDATE mayfly.claims_key SET inner_block = ''".to_owned(),
            "DROP SCHEMA mayfly CASCADE".to_owned(),
            "DROP SCHEMA public CASCADE".to_owned(),
            "DROP FUNCTION current_user_id()".to_owned(),
            "CREATE OR REPLACE FUNCTION current_user_id() RETURNS text LANGUAGE sql AS $$ SELECT 'bob' $$"
                .to_owned(),
            "DROP TABLE _idempotency_keys".to_owned(),
            "DELETE FROM mayfly.migrations".to_owned(),
            "CREATE TRIGGER t BEFORE INSERT ON _idempotency_keys FOR EACH ROW \
             EXECUTE FUNCTION suppress_redundant_updates_trigger()"
                .to_owned(),
        ] {
            let outcome = app.tenants.run_script(&app.id, script(&sql)).await;
            assert!(matches!(outcome, Err(TenantError::Script(_))), "{sql}: {outcome:?}");
        }
        assert_eq!(app.tenants.check(&app.id).await.unwrap(), Vec::<String>::new());
        assert_eq!(rows(&other.service(), "SELECT 1 AS x").await, json!([{"x": 1}]));
    });
}

#[test]
fn a_script_closes_the_gaps_that_it_opened() {
    run(async {
        let app = TestApp::new(
            "CREATE TABLE secrets (owner text, body text);
             INSERT INTO secrets VALUES ('alice', 'a'), ('bob', 'b');
             ALTER TABLE secrets ENABLE ROW LEVEL SECURITY;
             CREATE POLICY own ON secrets TO butterbase_user USING (owner = current_user_id());
             CREATE VIEW all_secrets AS SELECT * FROM secrets;
             CREATE FUNCTION leak() RETURNS SETOF secrets LANGUAGE sql SECURITY DEFINER
                 SET search_path = public, pg_temp AS 'SELECT * FROM secrets'",
        )
        .await;
        let alice = app.user("alice");
        assert_eq!(rows(&alice, "SELECT body FROM all_secrets").await, json!([{"body": "a"}]));
        assert_eq!(rows(&alice, "SELECT body FROM leak()").await, json!([]));
        assert_eq!(rows(&app.service(), "SELECT count(*) FROM secrets").await, json!([{"count": 2}]));
        assert_eq!(rows(&app.anon(), "SELECT body FROM secrets").await, json!([]));
    });
}

#[test]
fn an_extension_that_is_safe_can_be_had_and_opens_nothing() {
    run(async {
        let app = TestApp::new("CREATE EXTENSION IF NOT EXISTS pgcrypto").await;
        assert_eq!(app.tenants.check(&app.id).await.unwrap(), Vec::<String>::new());
        let digest = "SELECT encode(digest('x', 'sha256'), 'hex') LIKE '2d71%' AS ok";
        assert_eq!(rows(&app.user("bob"), digest).await, json!([{"ok": true}]));
    });
}

#[test]
fn a_script_has_a_largest_size() {
    run(async {
        let app = TestApp::new("").await;
        let outcome = app.tenants.run_script(&app.id, script(&" ".repeat((1 << 20) + 1))).await;
        assert!(matches!(outcome, Err(TenantError::ScriptTooLarge { used: 1_048_577, limit: 1_048_576 })));
        let fits = format!("SELECT 1{}", " ".repeat((1 << 20) - 8));
        app.tenants.run_script(&app.id, script(&fits)).await.unwrap();
    });
}
