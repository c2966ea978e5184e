//! PostgreSQL dies and comes back: everything recovers by itself.

use mayfly_control::postgres::Cluster;
use mayfly_control::providers::db::DbBounds;
use mayfly_control::store::{Change, Store, StoreConfig};
use mayfly_control::tenant::{Identity, Script, Tenants};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use support::cluster::{config, directory, run};
use support::tenants::{answer, keys, rows};

#[test]
fn a_killed_server_costs_what_ran_and_nothing_else() {
    run(async {
        let directory = directory();
        let cluster = Cluster::start(config(directory.path())).await.unwrap();
        let endpoint = cluster.endpoint().clone();
        let store = Store::connect(StoreConfig::new(endpoint.clone())).await.unwrap();
        store.migrate().await.unwrap();
        let tenants =
            Tenants::start(store.clone(), keys(), endpoint.clone(), DbBounds::default()).await.unwrap();
        let app = tenants.create("outage").await.unwrap();
        let script = Script { sql: "CREATE TABLE t (x int)".to_owned(), name: None, key_id: None };
        tenants.run_script(&app.id, script).await.unwrap();
        let db = tenants.database(&app.id, Identity::Service);
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

        let mut up = cluster.running();
        up.borrow_and_update();
        kill_process(Pid::from_raw(cluster.pid().unwrap()).unwrap(), Signal::KILL).unwrap();
        assert_eq!(running.await.unwrap().unwrap_err().code, "DB_CONNECTION_LOST");

        // At once: a connection is waited for as long as its bound allows.
        assert_eq!(rows(&db, "SELECT x FROM t").await, json!([{"x": 1}]));
        while !(*up.borrow_and_update() || up.changed().await.is_err()) {}
        store.ping().await.unwrap();
        // The subscription noticed that it may have missed something.
        assert_eq!(changes.next().await, Some(Change::Resync));
        cluster.stop().await;
    });
}
