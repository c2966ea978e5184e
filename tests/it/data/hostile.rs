//! Hostile SQL: each statement alone, in a transaction, and after another one, as an end user.
//!
//! Whatever its result, it must not show the other user's row, and both users must find the data and the session unchanged,
//! on the same connection, since there is only one.

mod statements;

use std::sync::Arc;

use mayfly_runtime::providers::{Actor, Database, TransactionOptions};
use mayfly_tenant_db::db::DbLimits;
use mayfly_tenant_db::identity::Identity;
use serde_json::json;
use support::cluster::{endpoint, run};
use support::tenants::{TestApp, answer, rows, statement, tenants, tenants_with};

use statements::STATEMENTS;

pub(super) const SCHEMA: &str = "
    CREATE TABLE posts (id int PRIMARY KEY, owner text NOT NULL DEFAULT current_user_id(), body text);
    INSERT INTO posts VALUES (1, 'alice', 'a-secret'), (2, 'bob', 'b-secret');
    ALTER TABLE posts ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON posts TO butterbase_user
        USING (owner = (SELECT current_user_id())) WITH CHECK (owner = (SELECT current_user_id()));
    CREATE VIEW post_view AS SELECT * FROM posts;
    ANALYZE posts";

pub(super) const CARELESS: &str = "
    -- A developer's function that pastes text into SQL: what an injection would find.
    CREATE FUNCTION read_text(q text) RETURNS text LANGUAGE plpgsql AS $$
        DECLARE r text; BEGIN EXECUTE q INTO r; RETURN r; END $$;
    CREATE FUNCTION run_text(q text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE q; RETURN 'done'; END $$";

struct Stage {
    app: TestApp,
    bob_claims: String,
    forged_claims: String,
}

impl Stage {
    async fn new(schema: &str) -> Self {
        let bounds = DbLimits {
            connections_per_login: 1,
            statement_timeout: std::time::Duration::from_millis(500),
            ..DbLimits::default()
        };
        let app = TestApp::on(&tenants_with(bounds).await, schema).await;
        // Genuine claims of bob, from a connection of another pool.
        let elsewhere = tenants().await.database(app.id.as_str(), Identity::User { id: "bob".to_owned() });
        let claims = rows(&elsewhere, "SELECT current_setting('mayfly.claims') AS c").await;
        let bob_claims = claims[0]["c"].as_str().unwrap().to_owned();
        // Claims of bob with a signature that alice forged.
        let (signed, _) = bob_claims.rsplit_once('.').unwrap();
        let forged_claims = format!("{signed}.{}", "0".repeat(64));
        Self { app, bob_claims, forged_claims }
    }

    fn calls(&self, statements: &str) -> Vec<String> {
        let filled = statements
            .replace("$BOB", &self.bob_claims)
            .replace("$FORGED", &self.forged_claims)
            .replace("$USER", &format!("{}_user", self.app.id));
        filled.split(" ;; ").map(str::to_owned).collect()
    }

    /// Data and session are unchanged, for both users.
    async fn inspect(&self, after: &str) {
        for (user, id, body) in [("alice", 1, "a-secret"), ("bob", 2, "b-secret")] {
            let db = self.app.user(user);
            let seen = rows(&db, "SELECT id, owner, body FROM posts").await;
            assert_eq!(seen, json!([{"id": id, "owner": user, "body": body}]), "{user} after {after}");
            let session = rows(
                &db,
                "SELECT current_user::text AS r, current_setting('statement_timeout') AS t,
                    current_setting('search_path') AS s, current_user_id() AS u",
            )
            .await;
            let expected = json!([{"r": "butterbase_user", "t": "500ms", "s": "public", "u": user}]);
            assert_eq!(session, expected, "{user} after {after}");
        }
    }

    /// Restores alice's own row, which she may change.
    async fn restore(&self) {
        let service = self.app.service();
        rows(&service, "DELETE FROM posts").await;
        rows(&service, "INSERT INTO posts VALUES (1, 'alice', 'a-secret'), (2, 'bob', 'b-secret')").await;
    }
}

fn check(shown: &str, statement: &str) {
    // The statement's own text may contain the secret.
    assert!(!shown.replace(statement, "").contains("b-secret"), "shown by {statement}: {shown}");
}

async fn alone(db: &Arc<dyn Database>, calls: &[String]) {
    for call in calls {
        match answer(db, call, Vec::new()).await {
            Ok(answer) => check(&answer["rows"].to_string(), call),
            Err(error) => check(&format!("{:?}", error), call),
        }
    }
}

async fn in_transaction(db: &Arc<dyn Database>, calls: &[String]) {
    let mut tx = Arc::clone(db).begin(TransactionOptions::default()).await.unwrap();
    for call in calls {
        match tx.query(statement(call, Vec::new())).await {
            Ok(result) => check(&String::from_utf8(result.json).unwrap(), call),
            Err(error) => check(&format!("{:?}", error), call),
        }
    }
    let _ = tx.rollback().await;
}

/// Runs the statements as streams (portals), fetched in batches.
async fn streamed(db: &Arc<dyn Database>, calls: &[String]) {
    let mut tx = Arc::clone(db).begin(TransactionOptions::default()).await.unwrap();
    for call in calls {
        let fetched = match tx.open(statement(call, Vec::new())).await {
            Ok(cursor) => tx.fetch(cursor, 2).await,
            Err(error) => Err(error),
        };
        match fetched {
            Ok(batch) => check(&String::from_utf8(batch.result.json).unwrap(), call),
            Err(error) => check(&format!("{error:?}"), call),
        }
    }
    // Dropped in the middle: its open state must not remain.
    drop(tx);
}

/// Runs each statement often enough that it would be kept as a prepared statement.
const TIMES: usize = 3;

async fn nothing_gets_out_of(stage: Stage) {
    let alice = stage.app.user("alice");
    rows(&stage.app.service(), "INSERT INTO _idempotency_keys (key) VALUES ('k')").await;
    for statements in STATEMENTS {
        let calls = stage.calls(statements);
        let times = if calls.iter().any(|call| call.contains("10000000000") || call.contains("100)")) {
            1
        } else {
            TIMES
        };
        for _ in 0..times {
            alone(&alice, &calls).await;
        }
        stage.restore().await;
        stage.inspect(statements).await;
        in_transaction(&alice, &calls).await;
        stage.inspect(statements).await;
        streamed(&alice, &calls).await;
        stage.inspect(statements).await;
    }
    // A guest's frame may ask for impersonation beside SQL. The host refuses it.
    for actor in [Actor::User("bob".to_owned()), Actor::User("alice".to_owned()), Actor::Anon] {
        let refused = Arc::clone(&alice).act_as(actor).err().expect("alice may not impersonate");
        assert_eq!(refused.code, "AUTH_IMPERSONATION_FORBIDDEN");
    }
    let keys = rows(&stage.app.service(), "SELECT key, result FROM _idempotency_keys").await;
    assert_eq!(keys, json!([{"key": "k", "result": null}]));
    assert_eq!(stage.app.tenants.check(&stage.app.id).await.unwrap(), Vec::<String>::new());
}

#[test]
fn nothing_gets_out() {
    run(async { nothing_gets_out_of(Stage::new(&format!("{SCHEMA}; {CARELESS}")).await).await });
}

#[test]
fn nothing_gets_out_where_sessions_are_not_reset() {
    run(async { nothing_gets_out_of(Stage::new(SCHEMA).await).await });
}

/// They tell of hidden rows, or of other apps; the second word of each is whether the service role may.
const COUNTERS: &[(&str, bool)] = &[
    ("EXPLAIN (ANALYZE) SELECT 1 FROM posts WHERE body > 'b'", true),
    ("EXPLAIN SELECT 1 FROM posts WHERE owner = 'bob'", true),
    ("SELECT reltuples FROM pg_class WHERE relname = 'posts'", true),
    ("SELECT relpages FROM pg_class WHERE relname = 'posts'", true),
    ("SELECT c FROM pg_class c WHERE relname = 'posts'", true),
    ("SELECT pg_relation_size('posts')", true),
    ("SELECT pg_total_relation_size('posts')", true),
    ("SELECT pg_database_size(current_database())", false),
    ("SELECT pg_stat_get_xact_tuples_returned('posts_pkey'::regclass)", false),
    ("SELECT pg_stat_get_live_tuples('posts'::regclass)", false),
    ("SELECT n_live_tup FROM pg_stat_user_tables", false),
    ("SELECT * FROM pg_statio_user_tables", false),
    ("SELECT * FROM pg_stat_database", false),
    ("SELECT pg_stat_get_backend_pid(b) FROM pg_stat_get_backend_idset() b", false),
    ("SELECT datname FROM pg_database", false),
    ("SELECT rolname FROM pg_roles", false),
    ("SELECT usename FROM pg_user", false),
    ("SELECT * FROM pg_auth_members", false),
    ("SELECT * FROM pg_shdepend", false),
    ("SELECT * FROM pg_locks", false),
    ("SELECT * FROM pg_lock_status()", false),
    ("SELECT pg_blocking_pids(1)", false),
    ("SELECT pg_tablespace_databases(1663)", false),
    ("SELECT xpath('count(//*)', '<a/>'::xml)", false),
    ("SELECT xpath_exists('//a', '<a/>'::xml)", false),
    ("SELECT xmlexists('//a' PASSING ('<a/>'::xml))", false),
];

#[test]
fn nothing_counts_hidden_rows_or_other_apps() {
    run(async {
        let app = TestApp::new(SCHEMA).await;
        let (alice, anon, service) = (app.user("alice"), app.anon(), app.service());
        for (sql, for_the_service) in COUNTERS {
            for db in [&alice, &anon] {
                let refused = answer(db, sql, Vec::new()).await.expect_err(sql);
                let code = refused.code.as_str();
                assert!(["42501", "DB_STATEMENT_NOT_ALLOWED"].contains(&code), "{sql}: {refused}");
                let mut tx = Arc::clone(db).begin(TransactionOptions::default()).await.unwrap();
                let refused = tx.query(statement(sql, Vec::new())).await.expect_err(sql);
                assert!(
                    ["42501", "DB_STATEMENT_NOT_ALLOWED"].contains(&refused.code.as_str()),
                    "{sql}: {refused}"
                );
                let _ = tx.rollback().await;
            }
            let served = answer(&service, sql, Vec::new()).await;
            assert_eq!(served.is_ok(), *for_the_service, "{sql}: {served:?}");
        }
        // What clients ask of a catalogue goes on working.
        for sql in [
            "SELECT oid, relname, relkind, relowner FROM pg_class WHERE relname = 'posts'",
            "SELECT count(*) FROM pg_class",
            "SELECT table_name FROM information_schema.tables",
            "SELECT * FROM pg_indexes WHERE tablename = 'posts'",
            "SELECT 'posts'::regclass, current_user::regrole",
            "SELECT * FROM xmltable('/r/a' PASSING ('<r><a>1</a></r>'::xml) COLUMNS a int PATH '.')",
        ] {
            for db in [&alice, &anon] {
                rows(db, sql).await;
            }
        }
        assert_eq!(app.tenants.check(&app.id).await.unwrap(), Vec::<String>::new());
    });
}

#[test]
fn claims_are_good_for_one_user_one_connection_and_a_while() {
    run(async {
        let app = TestApp::new(SCHEMA).await;
        let claims = rows(&app.user("bob"), "SELECT current_setting('mayfly.claims') AS c").await;
        let claims = claims[0]["c"].as_str().unwrap().to_owned();
        let parts: Vec<_> = claims.split('.').map(str::to_owned).collect();
        let [subject, process, expiry, mac] = parts.try_into().unwrap();
        let other_subject = hex_of("alice");
        // A superuser sets them in place of an attacker who found a way to.
        let admin = endpoint().admin(&app.id).await.unwrap();
        for forged in [
            claims.clone(),
            format!("{other_subject}.{process}.{expiry}.{mac}"),
            format!("{subject}.{process}.99999999999.{mac}"),
            format!("{subject}.{process}.{expiry}.{mac}00"),
            format!("{subject}.{process}.{expiry}"),
            format!("{subject}.{process}.{expiry}.{mac}."),
            format!("{subject}.{process}.-1.{mac}"),
            format!("{subject}.{process}.{expiry}e9.{mac}"),
            "...".to_owned(),
            "x".to_owned(),
        ] {
            admin.batch_execute(&format!("SET mayfly.claims = '{forged}'")).await.unwrap();
            let error = admin.query_one("SELECT current_user_id()", &[]).await.unwrap_err();
            assert_eq!(error.code().unwrap().code(), "28000", "{forged}");
        }
        admin.batch_execute("SET mayfly.claims = ''").await.unwrap();
        let unsigned: Option<String> = admin.query_one("SELECT current_user_id()", &[]).await.unwrap().get(0);
        assert_eq!(unsigned, None);
    });
}

fn hex_of(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn what_a_login_sets_for_itself_is_found_and_does_not_last() {
    run(async {
        let app =
            TestApp::on(&tenants_with(DbLimits::default()).await, &format!("{SCHEMA}; {CARELESS}")).await;
        let alice = app.user("alice");
        // Back to the login itself, which may change its own settings: inside one statement, through a developer's
        // unsafe function.
        let sql = format!(
            "WITH x AS MATERIALIZED (SELECT run_text('SET ROLE none') r)
             SELECT r, run_text('ALTER ROLE \"{0}_user\" SET default_transaction_read_only = on'),
                    run_text('ALTER ROLE \"{0}_user\" SET role = ''butterbase_service''') FROM x",
            app.id
        );
        rows(&alice, &sql).await;
        // A connection of another pool is a new one: the settings of its startup packet override those.
        let reconnected =
            tenants().await.database(app.id.as_str(), Identity::User { id: "alice".to_owned() });
        let session = "SELECT current_user::text AS r, current_setting('default_transaction_read_only') AS o";
        assert_eq!(rows(&reconnected, session).await, json!([{"r": "butterbase_user", "o": "off"}]));
        assert_eq!(rows(&reconnected, "SELECT body FROM posts").await, json!([{"body": "a-secret"}]));
        assert_eq!(app.tenants.check_and_repair(&app.id).await.unwrap().len(), 1);
        assert_eq!(app.tenants.check(&app.id).await.unwrap(), Vec::<String>::new());
    });
}

#[test]
fn one_apps_sessions_are_hidden_from_another() {
    run(async {
        let app = TestApp::new(SCHEMA).await;
        let other = TestApp::new(SCHEMA).await;
        rows(&other.service(), "SELECT 'other app secret'").await;
        let spied = answer(
            &app.service(),
            "SELECT pg_stat_get_backend_activity(b) AS q FROM pg_stat_get_backend_idset() b",
            Vec::new(),
        )
        .await;
        let shown = spied.map_or_else(|error| error.to_string(), |answer| answer.to_string());
        assert!(!shown.contains("other app secret"), "{shown}");
    });
}
