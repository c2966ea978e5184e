//! `ctx.db.tx`.

use std::sync::Arc;

use mayfly_runtime::providers::{Database, GuestError, Isolation, Transaction, TransactionOptions};
use serde_json::{Value as Json, json};
use support::cluster::run;
use support::tenants::{TestApp, code, rows, statement};

const TABLE: &str = "CREATE TABLE t (x int PRIMARY KEY)";

async fn begin(db: &Arc<dyn Database>) -> Box<dyn Transaction> {
    Arc::clone(db).begin(TransactionOptions::default()).await.unwrap()
}

async fn within(tx: &mut Box<dyn Transaction>, sql: &str) -> Result<Json, GuestError> {
    let result = tx.query(statement(sql, Vec::new())).await?;
    let mut json: Json = serde_json::from_slice(&result.json).unwrap();
    Ok(json["rows"].take())
}

#[test]
fn commit_keeps_rollback_undoes_and_so_does_dropping() {
    run(async {
        let app = TestApp::new(TABLE).await;
        let db = app.service();
        let mut tx = begin(&db).await;
        within(&mut tx, "INSERT INTO t VALUES (1)").await.unwrap();
        assert_eq!(within(&mut tx, "TABLE t").await.unwrap(), json!([{"x": 1}]));
        assert_eq!(rows(&db, "TABLE t").await, json!([]));
        tx.commit().await.unwrap();
        assert_eq!(rows(&db, "TABLE t").await, json!([{"x": 1}]));

        let mut tx = begin(&db).await;
        within(&mut tx, "INSERT INTO t VALUES (2)").await.unwrap();
        tx.rollback().await.unwrap();
        let mut tx = begin(&db).await;
        within(&mut tx, "INSERT INTO t VALUES (3)").await.unwrap();
        drop(tx);
        // Would wait for the dropped one, if that still held its row.
        rows(&db, "INSERT INTO t VALUES (3)").await;
        assert_eq!(rows(&db, "SELECT x FROM t ORDER BY x").await, json!([{"x": 1}, {"x": 3}]));
    });
}

#[test]
fn a_failed_statement_fails_the_whole() {
    run(async {
        let app = TestApp::new(TABLE).await;
        let db = app.service();
        let mut tx = begin(&db).await;
        within(&mut tx, "INSERT INTO t VALUES (1)").await.unwrap();
        assert_eq!(within(&mut tx, "SELECT 1/0").await.unwrap_err().code, "22012");
        assert_eq!(within(&mut tx, "SELECT 1").await.unwrap_err().code, "25P02");
        assert_eq!(tx.commit().await.unwrap_err().code, "25P02");
        assert_eq!(rows(&db, "TABLE t").await, json!([]));
    });
}

#[test]
fn it_cannot_be_left_from_within() {
    run(async {
        let app = TestApp::new(TABLE).await;
        let mut tx = begin(&app.user("alice")).await;
        within(&mut tx, "INSERT INTO t VALUES (1)").await.unwrap();
        for sql in ["COMMIT", "ROLLBACK", "SAVEPOINT s", "SET LOCAL role x", "/**/ commit", "END"] {
            assert_eq!(within(&mut tx, sql).await.unwrap_err().code, "DB_STATEMENT_NOT_ALLOWED", "{sql}");
        }
        assert_eq!(within(&mut tx, "SELECT current_user_id() AS x").await.unwrap(), json!([{"x": "alice"}]));
        tx.commit().await.unwrap();
        assert_eq!(rows(&app.service(), "TABLE t").await, json!([{"x": 1}]));
    });
}

#[test]
fn it_is_begun_as_asked() {
    run(async {
        let app = TestApp::new(TABLE).await;
        let options = TransactionOptions { isolation: Some(Isolation::Serializable), read_only: true };
        let mut tx = app.service().begin(options).await.unwrap();
        let level = "SELECT current_setting('transaction_isolation') AS x";
        assert_eq!(within(&mut tx, level).await.unwrap(), json!([{"x": "serializable"}]));
        assert_eq!(within(&mut tx, "INSERT INTO t VALUES (1)").await.unwrap_err().code, "25006");
        tx.rollback().await.unwrap();
        // Without a statement there is nothing to end.
        begin(&app.service()).await.commit().await.unwrap();
        begin(&app.service()).await.rollback().await.unwrap();
    });
}

#[test]
fn what_is_checked_late_fails_the_commit() {
    run(async {
        let app = TestApp::new(
            "CREATE TABLE p (x int PRIMARY KEY);
             CREATE TABLE c (x int REFERENCES p DEFERRABLE INITIALLY DEFERRED)",
        )
        .await;
        let db = app.service();
        let mut tx = begin(&db).await;
        within(&mut tx, "INSERT INTO c VALUES (1)").await.unwrap();
        assert_eq!(tx.commit().await.unwrap_err().code, "23503");
        assert_eq!(rows(&db, "TABLE c").await, json!([]));
    });
}

#[test]
fn a_statement_given_up_half_way_spoils_it() {
    run(async {
        let app = TestApp::new(TABLE).await;
        let db = app.service();
        let mut tx = begin(&db).await;
        within(&mut tx, "INSERT INTO t VALUES (1)").await.unwrap();
        {
            let sleeping = tx.query(statement("SELECT pg_sleep(60)", Vec::new()));
            // Polled once, so that it is sent, and dropped.
            tokio::select! {
                biased;
                _ = sleeping => panic!("it slept too short"),
                () = std::future::ready(()) => {}
            }
        }
        assert_eq!(within(&mut tx, "SELECT 1").await.unwrap_err().code, "DB_CONNECTION_LOST");
        assert_eq!(tx.commit().await.unwrap_err().code, "DB_CONNECTION_LOST");
        assert_eq!(rows(&db, "TABLE t").await, json!([]));
        assert_eq!(code(&db, "TABLE nothing").await, "42P01");
    });
}
