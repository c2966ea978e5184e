//! A server given by URL: passwords instead of a private socket.

use std::path::Path;

use mayfly_common::tasks::Tasks;
use mayfly_postgres::{Cluster, PostgresEndpoint};
use mayfly_store::{Store, StoreConfig, StoreError};
use mayfly_tenant_db::db::DbLimits;
use mayfly_tenant_db::identity::Identity;
use mayfly_tenant_db::tenant::{MigrationScript, TenantError, Tenants};
use serde_json::json;
use support::cluster::{config, directory, run};
use support::tenants::{keys, rows};

/// A server that requires a password of every login.
async fn with_passwords(data_dir: &Path) -> (Cluster, String) {
    let cluster = Cluster::start(config(data_dir)).await.unwrap();
    let admin = cluster.endpoint().admin("postgres").await.unwrap();
    admin
        .batch_execute("ALTER ROLE mayfly PASSWORD 'p@ss w/ord'; CREATE ROLE plain LOGIN PASSWORD 'plain'")
        .await
        .unwrap();
    std::fs::write(data_dir.join("postgres/data/pg_hba.conf"), "local all all scram-sha-256\n").unwrap();
    // The server checks new connections by the new file once it has read it.
    admin.query_one("SELECT pg_reload_conf()", &[]).await.unwrap();
    while cluster.endpoint().admin("postgres").await.is_ok() {}
    let socket = data_dir.join("postgres/socket").to_string_lossy().replace('/', "%2F");
    (cluster, socket)
}

#[test]
fn the_host_keeps_the_passwords() {
    run(async {
        let directory = directory();
        let (cluster, socket) = with_passwords(directory.path()).await;
        let endpoint = |who: &str| {
            PostgresEndpoint::from_url(&format!("postgres://{who}@{socket}/platform?sslmode=disable"))
        };
        let wrong = Store::connect(StoreConfig::new(endpoint("mayfly:wrong").unwrap())).await;
        assert!(wrong.is_err());

        let endpoint = endpoint("mayfly:p%40ss%20w%2Ford").unwrap();
        let store = Store::connect(StoreConfig::new(endpoint.clone())).await.unwrap();
        store.migrate().await.unwrap();
        let tenants =
            Tenants::start(store, keys(), endpoint, DbLimits::default(), Tasks::new()).await.unwrap();
        let app = tenants.create("by url").await.unwrap();
        let script = |sql: String| MigrationScript { sql, name: None, key_id: None };
        tenants.run_script(&app.id, script("CREATE TABLE t (x int)".to_owned())).await.unwrap();
        let user = tenants.database(app.id.as_str(), Identity::User { id: "alice".to_owned() });
        assert_eq!(rows(&user, "SELECT current_user_id() AS id").await, json!([{"id": "alice"}]));

        // An owner may lock itself out. The next check restores its password.
        let password = format!("ALTER ROLE \"{}_owner\" PASSWORD 'mine'", app.id);
        tenants.run_script(&app.id, script(password)).await.unwrap();
        let locked_out = tenants.run_script(&app.id, script("SELECT 1".to_owned())).await;
        assert!(matches!(locked_out, Err(TenantError::Store(StoreError::Unavailable(_)))), "{locked_out:?}");
        tenants.repair(&app.id).await.unwrap();
        tenants.run_script(&app.id, script("SELECT 1".to_owned())).await.unwrap();
        cluster.stop().await;
    });
}

#[test]
fn a_server_where_we_are_no_superuser_is_refused() {
    run(async {
        let directory = directory();
        let (cluster, socket) = with_passwords(directory.path()).await;
        let url = |who: &str| {
            PostgresEndpoint::from_url(&format!("postgres://{who}@{socket}?sslmode=disable")).unwrap()
        };
        let store = Store::connect(StoreConfig::new(url("mayfly:p%40ss%20w%2Ford"))).await.unwrap();
        let admin = url("mayfly:p%40ss%20w%2Ford").admin("postgres").await.unwrap();
        admin.batch_execute("GRANT CONNECT ON DATABASE mayfly TO plain").await.unwrap();
        let outcome =
            Tenants::start(store, keys(), url("plain:plain"), DbLimits::default(), Tasks::new()).await;
        assert!(
            matches!(&outcome, Err(TenantError::Unsuitable(why)) if why.contains("superuser")),
            "{outcome:?}"
        );
        cluster.stop().await;
    });
}
