//! PostgreSQL is killed and restarted: all parts recover without a restart.

use std::sync::Arc;

use mayfly_common::tasks::Tasks;
use mayfly_postgres::Cluster;
use mayfly_runtime::providers::{Database, Transaction, TransactionOptions};
use mayfly_store::{Change, Store, StoreConfig};
use mayfly_tenant_db::db::DbLimits;
use mayfly_tenant_db::identity::Identity;
use mayfly_tenant_db::tenant::{MigrationScript, Tenants};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use support::cluster::{config, directory, run};
use support::tenants::{answer, keys, rows, statement};

/// Kills the server, and waits until another one runs. Its clients may notice the end before the cluster does, so the
/// cluster's earlier state does not count.
fn kill(cluster: &Cluster) -> impl Future<Output = ()> + use<> {
    let mut up = cluster.running();
    up.borrow_and_update();
    kill_process(Pid::from_raw(cluster.pid().unwrap()).unwrap(), Signal::KILL).unwrap();
    async move {
        up.changed().await.unwrap();
        up.wait_for(|up| *up).await.unwrap();
    }
}

#[test]
fn a_killed_server_costs_what_ran_and_nothing_else() {
    run(async {
        let directory = directory();
        let cluster = Cluster::start(config(directory.path())).await.unwrap();
        let endpoint = cluster.endpoint().clone();
        let store = Store::connect(StoreConfig::new(endpoint.clone())).await.unwrap();
        store.migrate().await.unwrap();
        let tenants =
            Tenants::start(store.clone(), keys(), endpoint.clone(), DbLimits::default(), Tasks::new())
                .await
                .unwrap();
        let app = tenants.create("outage").await.unwrap();
        let script = MigrationScript { sql: "CREATE TABLE t (x int)".to_owned(), name: None, key_id: None };
        tenants.run_script(&app.id, script).await.unwrap();
        let db = tenants.database(app.id.as_str(), Identity::Service);
        rows(&db, "INSERT INTO t VALUES (1)").await;
        let mut changes = store.subscribe();
        assert_eq!(changes.next().await, Some(Change::Resync));

        let running = tokio::spawn({
            let db = db.clone();
            async move { answer(&db, "SELECT pg_sleep(60)", Vec::new()).await }
        });
        let admin = endpoint.admin("postgres").await.unwrap();
        let sleeping =
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()";
        while admin.query(sleeping, &[]).await.unwrap().is_empty() {}

        let up = kill(&cluster);
        assert_eq!(running.await.unwrap().unwrap_err().code, "DB_CONNECTION_LOST");

        // At once: a use waits for a connection up to its timeout.
        assert_eq!(rows(&db, "SELECT x FROM t").await, json!([{"x": 1}]));
        up.await;
        store.ping().await.unwrap();
        // The subscription noticed that it may have missed notifications.
        assert_eq!(changes.next().await, Some(Change::Resync));
        cluster.stop().await;
    });
}

async fn hold(db: &Arc<dyn Database>) -> Box<dyn Transaction> {
    let mut tx = Arc::clone(db).begin(TransactionOptions::default()).await.unwrap();
    tx.query(statement("SELECT 1", Vec::new())).await.unwrap();
    tx
}

const NOTES: &str = "CREATE TABLE notes (owner text DEFAULT current_user_id());
    INSERT INTO notes VALUES ('u0'), ('u1'), ('u2'), ('u3');
    ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON notes TO butterbase_user USING (owner = (SELECT current_user_id()))";

#[test]
fn after_a_restart_every_place_is_there_and_everyone_sees_their_own() {
    run(async {
        let directory = directory();
        let cluster = Cluster::start(config(directory.path())).await.unwrap();
        let store = Store::connect(StoreConfig::new(cluster.endpoint().clone())).await.unwrap();
        store.migrate().await.unwrap();
        // All parts must recover within the timeout for a connection: 5 seconds. One more is kept for other apps.
        let bounds = DbLimits { connections_per_login: 4, connections_max: 5, ..DbLimits::default() };
        assert_eq!(bounds.connect_wait.as_secs(), 5);
        let tenants =
            Tenants::start(store, keys(), cluster.endpoint().clone(), bounds, Tasks::new()).await.unwrap();
        let app = tenants.create("outage").await.unwrap();
        let script = MigrationScript { sql: NOTES.to_owned(), name: None, key_id: None };
        tenants.run_script(&app.id, script).await.unwrap();
        let user = |n: usize| tenants.database(app.id.as_str(), Identity::User { id: format!("u{n}") });
        let owner = "SELECT owner, current_user_id() AS id FROM notes";
        for _ in 0..2 {
            // Every connection permit is taken: by a transaction, a stream, a running statement, and an idle connection.
            let mut streaming = hold(&user(0)).await;
            let cursor =
                streaming.open(statement("SELECT generate_series(1, 1000)", Vec::new())).await.unwrap();
            streaming.fetch(cursor, 1).await.unwrap();
            let mut waiting = hold(&user(1)).await;
            let running = tokio::spawn({
                let db = user(2);
                async move { answer(&db, "SELECT pg_sleep(60)", Vec::new()).await }
            });
            rows(&user(3), owner).await;
            let admin = cluster.endpoint().admin("postgres").await.unwrap();
            let sleeping = "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()";
            while admin.query(sleeping, &[]).await.unwrap().is_empty() {}
            let up = kill(&cluster);
            assert_eq!(running.await.unwrap().unwrap_err().code, "DB_CONNECTION_LOST");
            // Until then, a backend of the old server may still answer, and end a moment later.
            up.await;
            let lost = streaming.fetch(cursor, 1).await.unwrap_err();
            assert_eq!(lost.code, "DB_CONNECTION_LOST");
            let lost = waiting.query(statement("SELECT 1", Vec::new())).await.unwrap_err();
            assert_eq!(lost.code, "DB_CONNECTION_LOST");
            drop((streaming, waiting));

            // All of them concurrently, each with a connection permit.
            let crowd: Vec<_> = (0..4)
                .map(|n| {
                    let db = user(n);
                    tokio::spawn(async move {
                        let tx = hold(&db).await;
                        (n, tx)
                    })
                })
                .collect();
            let mut held = Vec::new();
            for one in crowd {
                let (n, mut tx) = one.await.unwrap();
                let seen = tx.query(statement(owner, Vec::new())).await.unwrap();
                let seen: serde_json::Value = serde_json::from_slice(&seen.json).unwrap();
                assert_eq!(seen["rows"], json!([{"owner": format!("u{n}"), "id": format!("u{n}")}]));
                held.push(tx);
            }
            for tx in held {
                tx.commit().await.unwrap();
            }
        }
        cluster.stop().await;
    });
}
