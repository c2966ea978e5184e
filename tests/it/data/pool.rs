//! The connection pool: limited, fair, reset after use, and leak-free.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use mayfly_runtime::providers::{Database, Transaction, TransactionOptions};
use mayfly_tenant_db::db::DbLimits;
use serde_json::json;
use support::cluster::{endpoint, run};
use support::tenants::{TestApp, answer, code, rows, statement, tenants_with};

async fn hold(db: &Arc<dyn Database>) -> Box<dyn Transaction> {
    let mut tx = Arc::clone(db).begin(TransactionOptions::default()).await.unwrap();
    tx.query(statement("SELECT 1", Vec::new())).await.unwrap();
    tx
}

fn bounds(connections_per_login: usize, connections_max: usize) -> DbLimits {
    DbLimits {
        connections_per_login,
        connections_max,
        connect_wait: Duration::from_millis(300),
        ..DbLimits::default()
    }
}

#[test]
fn a_login_has_a_connection_limit() {
    run(async {
        let app = TestApp::on(&tenants_with(bounds(2, 10)).await, "").await;
        let db = app.service();
        let first = hold(&db).await;
        let _second = hold(&db).await;
        assert_eq!(code(&db, "SELECT 1").await, "DB_POOL_EXHAUSTED");
        // Another login of the app has its own limit.
        assert_eq!(rows(&app.user("alice"), "SELECT 1 AS x").await, json!([{"x": 1}]));
        first.rollback().await.unwrap();
        assert_eq!(rows(&db, "SELECT 1 AS x").await, json!([{"x": 1}]));
    });
}

#[test]
fn an_app_has_a_connection_limit_over_all_its_logins() {
    run(async {
        let limits = DbLimits { connections_per_app: 3, ..bounds(2, 10) };
        let app = TestApp::on(&tenants_with(limits).await, "").await;
        let (service, alice) = (app.service(), app.user("alice"));
        let _held = [hold(&service).await, hold(&service).await];
        let third = hold(&alice).await;
        assert_eq!(code(&alice, "SELECT 1").await, "DB_POOL_EXHAUSTED");
        assert_eq!(code(&app.anon(), "SELECT 1").await, "DB_POOL_EXHAUSTED");
        // One that is idle makes room for any of its logins.
        third.rollback().await.unwrap();
        assert_eq!(rows(&app.anon(), "SELECT 1 AS x").await, json!([{"x": 1}]));
        assert_eq!(rows(&alice, "SELECT 1 AS x").await, json!([{"x": 1}]));
    });
}

#[test]
fn a_greedy_app_does_not_starve_another() {
    run(async {
        let tenants = tenants_with(DbLimits { connect_wait: Duration::from_secs(30), ..bounds(3, 4) }).await;
        let greedy = Arc::new(TestApp::on(&tenants, "").await);
        let modest = TestApp::on(&tenants, "").await;
        // Far more than the limit, and each takes a while.
        let crowd: Vec<_> = (0..60)
            .map(|_| {
                let db = greedy.service();
                tokio::spawn(async move { rows(&db, "SELECT pg_sleep(0.02)").await })
            })
            .collect();
        for _ in 0..5 {
            rows(&modest.service(), "SELECT 1 AS x").await;
        }
        assert!(crowd.iter().any(|one| !one.is_finished()), "the modest app waited for the whole crowd");
        for one in crowd {
            one.await.unwrap();
        }
    });
}

#[test]
fn idle_connections_make_room() {
    run(async {
        let tenants = tenants_with(bounds(2, 2)).await;
        let app = TestApp::on(&tenants, "").await;
        // Three logins, two connections at most: the oldest idle one is closed for the third.
        for _ in 0..3 {
            for db in [app.service(), app.user("alice"), app.anon()] {
                assert_eq!(rows(&db, "SELECT 1 AS x").await, json!([{"x": 1}]));
            }
        }
        assert_eq!(tenants.idle_connections(), 2);
    });
}

#[test]
fn a_full_server_says_so_in_time() {
    run(async {
        let tenants = tenants_with(bounds(2, 2)).await;
        let app = TestApp::on(&tenants, "").await;
        let other = TestApp::on(&tenants, "").await;
        let held = (hold(&app.service()).await, hold(&app.service()).await);
        assert_eq!(code(&other.service(), "SELECT 1").await, "DB_POOL_EXHAUSTED");
        drop(held);
        assert_eq!(rows(&other.service(), "SELECT 1 AS x").await, json!([{"x": 1}]));
    });
}

#[test]
fn one_connection_serves_user_after_user() {
    run(async {
        let app = TestApp::on(&tenants_with(bounds(1, 4)).await, "").await;
        let who = "SELECT current_user_id() AS id, pg_backend_pid() AS pid";
        let mut pids = Vec::new();
        for user in ["alice", "bob", "alice", "carol"] {
            let row = rows(&app.user(user), who).await;
            assert_eq!(row[0]["id"], user);
            pids.push(row[0]["pid"].clone());
        }
        assert!(pids.iter().all(|pid| *pid == pids[0]), "{pids:?}");
    });
}

#[test]
fn a_connection_that_was_killed_is_replaced_unnoticed() {
    run(async {
        let app = TestApp::on(&tenants_with(bounds(1, 4)).await, "").await;
        let db = app.service();
        let admin = endpoint().admin("postgres").await.unwrap();
        let pid = rows(&db, "SELECT pg_backend_pid() AS pid").await[0]["pid"].as_i64().unwrap() as i32;
        admin.query_one("SELECT pg_terminate_backend($1, 5000)", &[&pid]).await.unwrap();
        let next = rows(&db, "SELECT pg_backend_pid() AS pid").await[0]["pid"].as_i64().unwrap() as i32;
        assert_ne!(pid, next);
    });
}

/// Polls a future the given number of times, and drops it. Returns whether it had completed.
async fn give_up_after(moments: usize, future: impl Future) -> bool {
    let mut future = pin!(future);
    let mut left = moments;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending if left == 0 => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

#[test]
fn a_transaction_that_is_left_open_is_rolled_back_and_its_connection_reused() {
    run(async {
        for schema in
            ["", "CREATE FUNCTION run_text(q text) RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE q; END'"]
        {
            let schema = format!("CREATE TABLE t (x int PRIMARY KEY); {schema}");
            let app = TestApp::on(&tenants_with(bounds(1, 4)).await, &schema).await;
            let pid = async |user: &str| rows(&app.user(user), "SELECT pg_backend_pid() AS pid").await;
            let first = pid("alice").await;
            for failed in [false, true] {
                let mut tx = hold(&app.user("alice")).await;
                tx.query(statement("INSERT INTO t VALUES (1)", Vec::new())).await.unwrap();
                if failed {
                    tx.query(statement("SELECT 1/0", Vec::new())).await.unwrap_err();
                }
                drop(tx);
                assert_eq!(pid("bob").await, first);
                assert_eq!(rows(&app.user("bob"), "SELECT x, current_user_id() FROM t").await, json!([]));
            }
        }
    });
}

#[test]
fn a_cancelled_statement_cancels_no_other() {
    run(async {
        let app = TestApp::on(
            &tenants_with(DbLimits { connect_wait: Duration::from_secs(30), ..bounds(2, 4) }).await,
            "",
        )
        .await;
        let app = Arc::new(app);
        // Other statements run on the same login's connections: a long one would be hit by a late cancel request.
        let others: Vec<_> = (0..2)
            .map(|n| {
                let app = Arc::clone(&app);
                tokio::spawn(async move {
                    let db = app.user(&format!("other {n}"));
                    for _ in 0..200 {
                        let seen =
                            answer(&db, "SELECT current_user_id() AS u, pg_sleep(0.002)", Vec::new()).await;
                        let seen = seen.unwrap_or_else(|error| panic!("it was hit: {error}"));
                        assert_eq!(seen["rows"][0]["u"], format!("other {n}"));
                    }
                })
            })
            .collect();
        let alice = app.user("alice");
        let (mut ended, mut given_up) = (0, 0);
        while others.iter().any(|other| !other.is_finished()) {
            // Every await point of a use, the last of them the return of the connection.
            for moments in 1..8 {
                let use_it = answer(&alice, "SELECT 1 AS x", Vec::new());
                *(if give_up_after(moments, use_it).await { &mut ended } else { &mut given_up }) += 1;
            }
            assert_eq!(rows(&alice, "SELECT current_user_id() AS u").await, json!([{"u": "alice"}]));
        }
        for other in others {
            other.await.unwrap();
        }
        assert!(ended > 0 && given_up > 0, "{ended} came to their end, {given_up} were given up");
        // No permit is lost: the full limit can be held at once.
        let _held = (hold(&alice).await, hold(&alice).await);
    });
}
