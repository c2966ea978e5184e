//! Connections: bounded, fair, reset, and given back.

use std::sync::Arc;
use std::time::Duration;

use mayfly_control::providers::db::DbBounds;
use mayfly_runtime::providers::{Database, Transaction, TransactionOptions};
use serde_json::json;
use support::cluster::{endpoint, run};
use support::tenants::{TestApp, code, rows, statement, tenants_with};

async fn hold(db: &Arc<dyn Database>) -> Box<dyn Transaction> {
    let mut tx = Arc::clone(db).begin(TransactionOptions::default()).await.unwrap();
    tx.query(statement("SELECT 1", Vec::new())).await.unwrap();
    tx
}

fn bounds(connections_per_login: usize, connections_max: usize) -> DbBounds {
    DbBounds {
        connections_per_login,
        connections_max,
        connect_wait: Duration::from_millis(300),
        ..DbBounds::default()
    }
}

#[test]
fn a_login_has_so_many_and_no_more() {
    run(async {
        let app = TestApp::on(&tenants_with(bounds(2, 10)).await, "").await;
        let db = app.service();
        let first = hold(&db).await;
        let _second = hold(&db).await;
        assert_eq!(code(&db, "SELECT 1").await, "DB_POOL_EXHAUSTED");
        // Another login of the app has its own.
        assert_eq!(rows(&app.user("alice"), "SELECT 1 AS x").await, json!([{"x": 1}]));
        first.rollback().await.unwrap();
        assert_eq!(rows(&db, "SELECT 1 AS x").await, json!([{"x": 1}]));
    });
}

#[test]
fn a_greedy_app_does_not_starve_another() {
    run(async {
        let tenants = tenants_with(DbBounds { connect_wait: Duration::from_secs(30), ..bounds(3, 4) }).await;
        let greedy = Arc::new(TestApp::on(&tenants, "").await);
        let modest = TestApp::on(&tenants, "").await;
        // Far more than there is room for, and each takes a while.
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
        // Three logins, room for two: the oldest idle one is closed for the third.
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
