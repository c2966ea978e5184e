//! `ctx.db.stream`: rows in batches, and a connection that returns clean.

use std::sync::Arc;

use mayfly_runtime::providers::{Cursor, Database, Transaction, TransactionOptions};
use mayfly_tenant_db::db::DbLimits;
use serde_json::{Value as Json, json};
use support::cluster::{endpoint, run};
use support::tenants::{TestApp, code, rows, statement, tenants_with};

const TABLE: &str = "CREATE TABLE t (x int PRIMARY KEY, owner text DEFAULT current_user_id());
    INSERT INTO t SELECT n, CASE WHEN n % 2 = 0 THEN 'alice' ELSE 'bob' END FROM generate_series(1, 20) n;
    ALTER TABLE t ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON t TO butterbase_user USING (owner = (SELECT current_user_id()))";

async fn begin(db: &Arc<dyn Database>) -> Box<dyn Transaction> {
    Arc::clone(db).begin(TransactionOptions::default()).await.unwrap()
}

async fn open(tx: &mut Box<dyn Transaction>, sql: &str) -> Cursor {
    tx.open(statement(sql, Vec::new())).await.unwrap()
}

/// The rows of one batch, and whether it is the last.
async fn fetch(tx: &mut Box<dyn Transaction>, cursor: Cursor, rows: u32) -> (Json, bool) {
    let batch = tx.fetch(cursor, rows).await.unwrap();
    let mut json: Json = serde_json::from_slice(&batch.result.json).unwrap();
    (json["rows"].take(), batch.is_last)
}

#[test]
fn rows_come_as_they_are_asked_for() {
    run(async {
        let app = TestApp::new(TABLE).await;
        let mut tx = begin(&app.user("alice")).await;
        let cursor = open(&mut tx, "SELECT x FROM t ORDER BY x").await;
        assert_eq!(fetch(&mut tx, cursor, 3).await, (json!([{"x": 2}, {"x": 4}, {"x": 6}]), false));
        // Other statements, and another stream, run concurrently.
        tx.query(statement("SELECT 1", Vec::new())).await.unwrap();
        let other = open(&mut tx, "VALUES (1), (2)").await;
        assert_eq!(fetch(&mut tx, other, 2).await, (json!([{"column1": 1}, {"column1": 2}]), false));
        assert_eq!(fetch(&mut tx, cursor, 2).await, (json!([{"x": 8}, {"x": 10}]), false));
        assert_eq!(fetch(&mut tx, other, 2).await, (json!([]), true));
        assert_eq!(tx.fetch(other, 2).await.unwrap_err().code, "34000");
        assert!(fetch(&mut tx, cursor, 100).await.1);
        tx.commit().await.unwrap();
    });
}

#[test]
fn nothing_is_read_ahead() {
    run(async {
        let app = TestApp::new("CREATE SEQUENCE s").await;
        let db = app.service();
        let mut tx = begin(&db).await;
        // A sequence counts the rows that the server produces.
        let cursor = open(&mut tx, "SELECT nextval('s')::int AS n FROM generate_series(1, 1000000)").await;
        let made = "SELECT last_value::int AS n, is_called AS any FROM s";
        assert_eq!(rows(&db, made).await, json!([{"n": 1, "any": false}]));
        fetch(&mut tx, cursor, 10).await;
        assert_eq!(rows(&db, made).await, json!([{"n": 10, "any": true}]));
        tx.close(cursor).await.unwrap();
        tx.close(cursor).await.unwrap();
        tx.rollback().await.unwrap();
        assert_eq!(rows(&db, made).await, json!([{"n": 10, "any": true}]));
    });
}

#[test]
fn a_batch_has_bounds_and_an_error_ends_the_stream() {
    run(async {
        let bounds = DbLimits { rows_max: 5, result_bytes_max: 1000, ..DbLimits::default() };
        let app = TestApp::on(&tenants_with(bounds).await, TABLE).await;
        let db = app.service();
        let mut tx = begin(&db).await;
        let cursor = open(&mut tx, "SELECT x FROM t ORDER BY x").await;
        // At most a result's limit, however many were requested; and at least one.
        assert_eq!(fetch(&mut tx, cursor, u32::MAX).await.0.as_array().unwrap().len(), 5);
        assert_eq!(fetch(&mut tx, cursor, 0).await.0.as_array().unwrap().len(), 1);
        let long = open(&mut tx, "SELECT repeat('x', n) FROM generate_series(900, 1100) n").await;
        assert_eq!(tx.fetch(long, 5).await.unwrap_err().code, "DB_RESULT_TOO_LARGE");
        assert_eq!(tx.fetch(cursor, 1).await.unwrap_err().code, "DB_CONNECTION_LOST");
        drop(tx);

        let mut tx = begin(&db).await;
        let cursor = open(&mut tx, "SELECT 1 / (3 - n) FROM generate_series(1, 5) n").await;
        assert!(!fetch(&mut tx, cursor, 2).await.1);
        assert_eq!(tx.fetch(cursor, 2).await.unwrap_err().code, "22012");
        assert_eq!(tx.fetch(cursor, 2).await.unwrap_err().code, "34000");
        assert_eq!(tx.commit().await.unwrap_err().code, "25P02");

        let mut tx = begin(&db).await;
        assert_eq!(tx.open(statement("TABLE nothing", Vec::new())).await.unwrap_err().code, "42P01");
        tx.rollback().await.unwrap();
        let mut tx = begin(&db).await;
        assert_eq!(
            tx.open(statement("FETCH ALL FROM c", Vec::new())).await.unwrap_err().code,
            "DB_STATEMENT_NOT_ALLOWED"
        );
        for _ in 0..16 {
            open(&mut tx, "SELECT 1").await;
        }
        assert_eq!(tx.open(statement("SELECT 1", Vec::new())).await.unwrap_err().code, "54000");
        tx.rollback().await.unwrap();
    });
}

#[test]
fn writes_are_streamed_too_and_a_portal_dies_with_what_is_undone() {
    run(async {
        let app = TestApp::new(TABLE).await;
        let db = app.service();
        let mut tx = begin(&db).await;
        let cursor = open(&mut tx, "DELETE FROM t WHERE x > 18 RETURNING x").await;
        assert_eq!(fetch(&mut tx, cursor, 1).await, (json!([{"x": 19}]), false));
        tx.savepoint().await.unwrap();
        let inner = open(&mut tx, "SELECT x FROM t").await;
        fetch(&mut tx, inner, 1).await;
        // The outer transaction's stream continues within the savepoint, and after it.
        assert_eq!(fetch(&mut tx, cursor, 1).await, (json!([{"x": 20}]), false));
        tx.rollback_to().await.unwrap();
        assert_eq!(fetch(&mut tx, cursor, 1).await, (json!([]), true));
        assert_eq!(tx.fetch(inner, 1).await.unwrap_err().code, "34000");
        tx.rollback().await.unwrap();
        assert_eq!(rows(&db, "SELECT count(*)::int AS n FROM t").await, json!([{"n": 20}]));
    });
}

#[test]
fn one_connection_serves_the_next_whatever_became_of_the_stream() {
    run(async {
        let bounds = DbLimits { connections_per_login: 1, ..DbLimits::default() };
        let app = TestApp::on(&tenants_with(bounds).await, TABLE).await;
        let (alice, bob) = (app.user("alice"), app.user("bob"));
        let sees = async |db: &Arc<dyn Database>, user: &str| {
            let seen = rows(db, "SELECT DISTINCT owner FROM t").await;
            assert_eq!(seen, json!([{ "owner": user }]));
            assert_eq!(rows(db, "SELECT name FROM pg_cursors WHERE name <> ''").await, json!([]));
        };
        for way in 0..4 {
            let mut tx = begin(&alice).await;
            let cursor = open(&mut tx, "SELECT * FROM t").await;
            fetch(&mut tx, cursor, 2).await;
            match way {
                0 => tx.commit().await.unwrap(),
                1 => tx.rollback().await.unwrap(),
                2 => drop(tx),
                _ => {
                    // Dropped in the middle of a fetch.
                    let slow = open(&mut tx, "SELECT pg_sleep(60)").await;
                    tokio::select! {
                        biased;
                        _ = tx.fetch(slow, 1) => panic!("it slept too short"),
                        () = std::future::ready(()) => {}
                    }
                    drop(tx);
                }
            }
            sees(&bob, "bob").await;
            sees(&alice, "alice").await;
        }
        // No statement of it is still running.
        let admin = endpoint().admin(&app.id).await.unwrap();
        let left = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep(60)%'
            AND state = 'active' AND pid <> pg_backend_pid()";
        assert_eq!(admin.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0);
        assert_eq!(code(&alice, "SELECT 1/0").await, "22012");
    });
}
