//! Session state between two uses of a connection: claims, settings, plans and prepared statements.

use mayfly_runtime::providers::{TransactionOptions, Value};
use mayfly_tenant_db::db::DbLimits;
use serde_json::{Value as Json, json};
use support::cluster::{endpoint, run};
use support::tenants::{TestApp, answer, code, rows, rows_with, statement, tenants_with};

/// The query that every new connection runs: can a routine leave session side effects?
const SIDE_EFFECTS: &str = include_str!("../../../control/tenant-db/src/db/session/session_side_effects.sql");

const NOTES: &str = "
    CREATE TABLE notes (id serial PRIMARY KEY, owner text NOT NULL DEFAULT current_user_id(), body text);
    ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON notes TO butterbase_user
        USING (owner = (SELECT current_user_id())) WITH CHECK (owner = (SELECT current_user_id()))";

/// An app with one connection per login.
async fn app(script: &str) -> TestApp {
    let bounds = DbLimits { connections_per_login: 1, ..DbLimits::default() };
    TestApp::on(&tenants_with(bounds).await, script).await
}

#[test]
fn users_that_take_turns_on_a_connection_stay_themselves() {
    run(async {
        let app = app(NOTES).await;
        let (alice, bob) = (app.user("alice"), app.user("bob"));
        let mut expected = Vec::new();
        for turn in 0..4 {
            for (name, db) in [("alice", &alice), ("alice", &alice), ("bob", &bob)] {
                rows_with(db, "INSERT INTO notes (body) VALUES ($1)", vec![Value::Number(f64::from(turn))])
                    .await;
                expected.push(name);
                let count = expected.iter().filter(|of| **of == name).count();
                let seen =
                    rows(db, "SELECT count(*)::int AS n, min(owner) AS a, max(owner) AS z FROM notes").await;
                assert_eq!(seen, json!([{"n": count, "a": name, "z": name}]));
            }
        }
    });
}

#[test]
fn a_refused_first_statement_changes_no_identity() {
    run(async {
        let app = app(NOTES).await;
        let who = "SELECT current_user_id() AS u";
        for _ in 0..3 {
            assert_eq!(rows(&app.user("alice"), who).await, json!([{"u": "alice"}]));
            assert_eq!(code(&app.user("bob"), "SELECT 1 / 0").await, "22012");
            assert_eq!(rows(&app.user("alice"), who).await, json!([{"u": "alice"}]));
            assert_eq!(code(&app.user("bob"), "SELECT nonsense").await, "42703");
            assert_eq!(rows(&app.user("bob"), who).await, json!([{"u": "bob"}]));
        }
    });
}

#[test]
fn a_sequences_last_value_is_its_users_alone() {
    run(async {
        let app = app(NOTES).await;
        let last = "SELECT lastval()";
        rows(&app.user("alice"), "INSERT INTO notes (body) VALUES ('a')").await;
        assert_eq!(code(&app.user("bob"), last).await, "55000");
        // Nor after a transaction, which leaves the earlier claims in the session.
        rows(&app.user("alice"), "SELECT 1 AS n").await;
        let mut tx = app.user("bob").begin(Default::default()).await.unwrap();
        tx.query(statement("INSERT INTO notes (body) VALUES ('b')", Vec::new())).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(code(&app.user("alice"), last).await, "55000");
    });
}

#[test]
fn a_kept_statement_follows_its_table() {
    run(async {
        let app = app("CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 2)").await;
        let service = app.service();
        let select = "SELECT * FROM t WHERE v = $1";
        let two = || vec![Value::Number(2.0)];
        for _ in 0..8 {
            assert_eq!(rows_with(&service, select, two()).await, json!([{"id": 1, "v": 2}]));
        }
        // Without the platform's knowledge, so that the connection stays open.
        let admin = endpoint().admin(&app.id).await.unwrap();
        admin.batch_execute("ALTER TABLE public.t ADD COLUMN w text DEFAULT 'new'").await.unwrap();
        for _ in 0..3 {
            assert_eq!(rows_with(&service, select, two()).await, json!([{"id": 1, "v": 2, "w": "new"}]));
        }
        admin.batch_execute("ALTER TABLE public.t ALTER COLUMN v TYPE text").await.unwrap();
        for _ in 0..3 {
            let seen = rows_with(&service, select, vec![Value::Text("2".to_owned())]).await;
            assert_eq!(seen, json!([{"id": 1, "v": "2", "w": "new"}]));
        }
        admin.batch_execute("DROP TABLE public.t").await.unwrap();
        let error = answer(&service, select, two()).await.unwrap_err();
        assert_eq!(error.code, "42P01");
    });
}

#[test]
fn a_kept_statement_that_fails_goes_on_working() {
    run(async {
        let app = app("CREATE TABLE t (id int PRIMARY KEY)").await;
        let service = app.service();
        let insert = "INSERT INTO t VALUES ($1) RETURNING id";
        for id in 0..4 {
            let id = || vec![Value::Number(f64::from(id))];
            rows_with(&service, insert, id()).await;
            let error = answer(&service, insert, id()).await.unwrap_err();
            assert_eq!(error.code, "23505");
        }
        assert_eq!(rows(&service, "SELECT count(*)::int AS n FROM t").await, json!([{"n": 4}]));
    });
}

#[test]
fn more_statements_than_are_kept_work_all_the_same() {
    run(async {
        let app = app("").await;
        let service = app.service();
        for _ in 0..3 {
            for index in 0..100 {
                let sql = format!("SELECT {index} AS n");
                assert_eq!(rows(&service, &sql).await, json!([{"n": index}]));
            }
        }
    });
}

#[test]
fn a_routine_made_later_is_met_by_a_reset() {
    run(async {
        let app = app(NOTES).await;
        let (alice, bob) = (app.user("alice"), app.user("bob"));
        rows(&alice, "SELECT 1 AS n").await;
        app.script(
            "CREATE FUNCTION run_text(q text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE q; END $$",
        )
        .await;
        rows(&alice, "SELECT run_text('SET search_path = nowhere')::text AS r").await;
        let path = "SELECT current_setting('search_path') AS s";
        assert_eq!(rows(&bob, path).await, json!([{"s": "public"}]));
        assert_eq!(rows(&alice, path).await, json!([{"s": "public"}]));
    });
}

#[test]
fn routines_that_could_leave_something_are_told_from_those_that_could_not() {
    run(async {
        let app = app(NOTES).await;
        let admin = endpoint().admin(&app.id).await.unwrap();
        let found = async |routine: &str| {
            admin.batch_execute(routine).await.unwrap_or_else(|error| panic!("{error:?} {routine}"));
            let found = !admin.query(SIDE_EFFECTS, &[]).await.unwrap().is_empty();
            admin
                .batch_execute("DROP ROUTINE IF EXISTS public.f; DROP EXTENSION IF EXISTS citext, pg_trgm")
                .await
                .unwrap();
            found
        };
        let plpgsql = |body: &str| {
            format!("CREATE FUNCTION public.f() RETURNS void LANGUAGE plpgsql AS $f$ {body} $f$")
        };
        for harmless in [
            "SELECT 1".to_owned(),
            plpgsql("BEGIN PERFORM 1; END"),
            plpgsql("BEGIN UPDATE public.notes SET body = 'x'; END"),
            plpgsql("BEGIN UPDATE public.notes\n SET body = 'x'\n WHERE id = 1; UPDATE public.notes n SET (id, body) = (1, ''); END"),
            plpgsql("BEGIN INSERT INTO notes (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET body = 'y'; END"),
            "CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.body := now()::text; RETURN NEW; END $$".to_owned(),
            "CREATE FUNCTION public.f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM notes'".to_owned(),
            "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END".to_owned(),
            "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql SET search_path = pg_catalog AS 'SELECT 1'".to_owned(),
            "CREATE EXTENSION citext SCHEMA public".to_owned(),
        ] {
            assert!(!found(&harmless).await, "{harmless}");
        }
        for leaver in [
            plpgsql("BEGIN EXECUTE 'SELECT 1'; END"),
            plpgsql("BEGIN\texecute format('SET a.b = 1'); END"),
            plpgsql("BEGIN SET work_mem = '1GB'; END"),
            plpgsql("BEGIN UPDATE public.notes SET body = ''; SET LOCAL work_mem = '1GB'; END"),
            plpgsql("BEGIN PERFORM 1 FROM notes FOR UPDATE; SET a.b = 1; END"),
            plpgsql("BEGIN RESET ALL; END"),
            plpgsql("BEGIN LISTEN x; END"),
            plpgsql("DECLARE c refcursor; BEGIN OPEN c FOR EXECUTE 'SELECT 1'; END"),
            "CREATE FUNCTION public.f() RETURNS void LANGUAGE sql AS 'PREPARE p AS SELECT 1'".to_owned(),
            "CREATE FUNCTION public.f() RETURNS void LANGUAGE sql AS 'DECLARE c CURSOR WITH HOLD FOR SELECT 1'"
                .to_owned(),
            "CREATE PROCEDURE public.f() LANGUAGE sql AS 'DISCARD ALL'".to_owned(),
            // set_limit() is a setting.
            "CREATE EXTENSION pg_trgm SCHEMA public".to_owned(),
        ] {
            assert!(found(&leaver).await, "{leaver}");
        }
    });
}

#[test]
fn plans_are_kept_for_one_user_and_never_for_the_next() {
    run(async {
        // A developer's mistake: the function is wrongly declared, and PostgreSQL would put its result into a plan.
        let schema = "CREATE FUNCTION me() RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT current_user_id()';
            CREATE TABLE own (owner text, body text);
            INSERT INTO own VALUES ('alice', 'a'), ('bob', 'b');
            ALTER TABLE own ENABLE ROW LEVEL SECURITY;
            CREATE POLICY own ON own TO butterbase_user USING (owner = me())";
        let app = app(schema).await;
        let sees = async |user: &str| {
            let seen = rows_with(
                &app.user(user),
                "SELECT owner FROM own WHERE body <> $1",
                vec![Value::Text(String::new())],
            )
            .await;
            assert_eq!(seen, json!([{ "owner": user }]));
        };
        let mode = async |user: &str| {
            rows(&app.user(user), "SELECT current_setting('plan_cache_mode') AS m").await[0]["m"].clone()
        };
        for turn in 0..4 {
            for _ in 0..20 {
                sees("alice").await;
            }
            assert_eq!(mode("alice").await, "auto");
            let mut tx = app.user("bob").begin(TransactionOptions::default()).await.unwrap();
            match turn {
                // Another user takes the connection: directly, with a failing statement, or in a transaction, committed or rolled back.
                0 => tx.rollback().await.unwrap(),
                1 => {
                    tx.rollback().await.unwrap();
                    assert_eq!(code(&app.user("bob"), "SELECT 1/0").await, "22012");
                }
                _ => {
                    for _ in 0..20 {
                        let sql = "SELECT owner, current_setting('plan_cache_mode') AS m FROM own";
                        let seen = tx.query(statement(sql, Vec::new())).await.unwrap();
                        let seen: Json = serde_json::from_slice(&seen.json).unwrap();
                        assert_eq!(seen["rows"], json!([{"owner": "bob", "m": "force_custom_plan"}]));
                    }
                    if turn == 2 { tx.commit().await.unwrap() } else { tx.rollback().await.unwrap() }
                }
            }
            sees("bob").await;
            assert_eq!(mode("bob").await, "force_custom_plan");
            sees("bob").await;
        }
    });
}
