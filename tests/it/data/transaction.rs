//! `ctx.db.tx`: commit, rollback, savepoints, deadlocks.

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
        // Would wait for the dropped transaction, if that still held its row lock.
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
        // Without a statement there is no transaction to end.
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

#[test]
fn what_is_within_is_kept_or_undone_alone() {
    run(async {
        let app = TestApp::new(TABLE).await;
        let db = app.service();
        let mut tx = begin(&db).await;
        // Before any other statement: the savepoint begins together with the outer transaction.
        tx.savepoint().await.unwrap();
        within(&mut tx, "INSERT INTO t VALUES (1)").await.unwrap();
        tx.release().await.unwrap();
        tx.savepoint().await.unwrap();
        within(&mut tx, "INSERT INTO t VALUES (2)").await.unwrap();
        // Within it, a savepoint that fails and one that was never used.
        tx.savepoint().await.unwrap();
        assert_eq!(within(&mut tx, "INSERT INTO t VALUES (1)").await.unwrap_err().code, "23505");
        tx.rollback_to().await.unwrap();
        tx.savepoint().await.unwrap();
        tx.release().await.unwrap();
        within(&mut tx, "INSERT INTO t VALUES (3)").await.unwrap();
        tx.rollback_to().await.unwrap();
        within(&mut tx, "INSERT INTO t VALUES (4)").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(rows(&db, "SELECT x FROM t ORDER BY x").await, json!([{"x": 1}, {"x": 4}]));
    });
}

#[test]
fn what_failed_within_cannot_be_kept() {
    run(async {
        let app = TestApp::new(TABLE).await;
        let db = app.service();
        let mut tx = begin(&db).await;
        within(&mut tx, "INSERT INTO t VALUES (1)").await.unwrap();
        tx.savepoint().await.unwrap();
        assert_eq!(within(&mut tx, "SELECT 1/0").await.unwrap_err().code, "22012");
        // Not in a failed transaction.
        assert_eq!(tx.savepoint().await.unwrap_err().code, "25P02");
        assert_eq!(tx.release().await.unwrap_err().code, "25P02");
        // The outer transaction is unaffected.
        within(&mut tx, "INSERT INTO t VALUES (2)").await.unwrap();
        assert_eq!(tx.release().await.unwrap_err().code, "3B001");
        assert_eq!(tx.rollback_to().await.unwrap_err().code, "3B001");
        tx.commit().await.unwrap();
        assert_eq!(rows(&db, "SELECT x FROM t ORDER BY x").await, json!([{"x": 1}, {"x": 2}]));
    });
}

#[test]
fn nesting_has_a_bound() {
    run(async {
        let app = TestApp::new(TABLE).await;
        let mut tx = begin(&app.user("alice")).await;
        for depth in 1..=32 {
            tx.savepoint().await.unwrap();
            within(&mut tx, &format!("INSERT INTO t VALUES ({depth})")).await.unwrap();
        }
        assert_eq!(tx.savepoint().await.unwrap_err().code, "54000");
        tx.rollback_to().await.unwrap();
        for _ in 1..32 {
            tx.release().await.unwrap();
        }
        assert_eq!(within(&mut tx, "SELECT count(*)::int AS x FROM t").await.unwrap(), json!([{"x": 31}]));
        tx.commit().await.unwrap();
    });
}

#[test]
fn of_two_that_wait_for_each_other_one_is_told() {
    run(async {
        let app =
            TestApp::new("CREATE TABLE t (x int PRIMARY KEY, y int); INSERT INTO t VALUES (1, 0), (2, 0)")
                .await;
        let db = app.service();
        let (mut one, mut other) = (begin(&db).await, begin(&db).await);
        let update = |x: u8| format!("UPDATE t SET y = y + 1 WHERE x = {x}");
        within(&mut one, &update(1)).await.unwrap();
        within(&mut other, &update(2)).await.unwrap();
        let (sql_one, sql_other) = (update(2), update(1));
        let (first, second) = tokio::join!(within(&mut one, &sql_one), within(&mut other, &sql_other));
        let codes: Vec<_> = [&first, &second].iter().filter_map(|outcome| outcome.as_ref().err()).collect();
        assert_eq!(codes.iter().map(|error| error.code.as_str()).collect::<Vec<_>>(), ["40P01"]);
        // The victim of the deadlock rolls back, and the other one commits.
        let (told, through) = if first.is_err() { (one, other) } else { (other, one) };
        told.rollback().await.unwrap();
        through.commit().await.unwrap();
        assert_eq!(rows(&db, "SELECT sum(y)::int AS y FROM t").await, json!([{"y": 2}]));
    });
}

#[test]
fn of_two_that_cannot_have_run_one_after_the_other_one_is_told() {
    run(async {
        let app = TestApp::new("CREATE TABLE t (x int PRIMARY KEY); INSERT INTO t VALUES (1)").await;
        let db = app.service();
        for isolation in [Isolation::RepeatableRead, Isolation::Serializable] {
            let options = TransactionOptions { isolation: Some(isolation), read_only: false };
            let mut one = Arc::clone(&db).begin(options).await.unwrap();
            let mut other = Arc::clone(&db).begin(options).await.unwrap();
            for tx in [&mut one, &mut other] {
                within(tx, "SELECT count(*) FROM t").await.unwrap();
            }
            within(&mut one, "UPDATE t SET x = x + 1").await.unwrap();
            one.commit().await.unwrap();
            assert_eq!(within(&mut other, "UPDATE t SET x = x + 1").await.unwrap_err().code, "40001");
            other.rollback().await.unwrap();
        }
        // Only serializable isolation detects this: each reads the row that the other one writes.
        let options = TransactionOptions { isolation: Some(Isolation::Serializable), read_only: false };
        let mut one = Arc::clone(&db).begin(options).await.unwrap();
        let mut other = Arc::clone(&db).begin(options).await.unwrap();
        within(&mut one, "INSERT INTO t SELECT 100 + count(*) FROM t").await.unwrap();
        within(&mut other, "INSERT INTO t SELECT 200 + count(*) FROM t").await.unwrap();
        one.commit().await.unwrap();
        assert_eq!(other.commit().await.unwrap_err().code, "40001");
    });
}

#[test]
fn levels_are_what_they_are_called() {
    run(async {
        let app = TestApp::new("CREATE TABLE t (x int); INSERT INTO t VALUES (1)").await;
        let db = app.service();
        let count = "SELECT count(*)::int AS x FROM t";
        for isolation in [
            None,
            Some(Isolation::ReadCommitted),
            Some(Isolation::RepeatableRead),
            Some(Isolation::Serializable),
        ] {
            let mut tx =
                Arc::clone(&db).begin(TransactionOptions { isolation, read_only: true }).await.unwrap();
            let before = within(&mut tx, count).await.unwrap();
            rows(&db, "INSERT INTO t VALUES (1)").await;
            let seen = within(&mut tx, count).await.unwrap();
            tx.commit().await.unwrap();
            let sees_others = matches!(isolation, None | Some(Isolation::ReadCommitted));
            assert_eq!(seen == before, !sees_others, "{isolation:?}");
        }
    });
}
