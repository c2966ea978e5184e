//! The warden, and what bounds PostgreSQL's processes: each test has a server of its own, whose sessions it may end.

use std::sync::Arc;
use std::time::Duration;

use mayfly_common::tasks::Tasks;
use mayfly_postgres::Cluster;
use mayfly_runtime::providers::{Database, GuestError, TransactionOptions};
use mayfly_store::{Store, StoreConfig};
use mayfly_tenant_db::db::DbLimits;
use mayfly_tenant_db::tenant::{Tenants, Warden, WardenLimits};
use serde_json::json;
use support::cluster::{config, directory, run};
use support::tenants::{TestApp, answer, keys, rows, statement};
use support::wait::until;

struct Place {
    cluster: Cluster,
    tenants: Tenants,
    _directory: tempfile::TempDir,
}

impl Place {
    async fn new(process_memory_mb: u32) -> Self {
        let directory = directory();
        let mut config = config(directory.path());
        config.process_memory_mb = process_memory_mb;
        let cluster = Cluster::start(config).await.expect("PostgreSQL starts");
        let store = Store::connect(StoreConfig::new(cluster.endpoint().clone())).await.unwrap();
        store.migrate().await.unwrap();
        let tenants = Self::tenants(&cluster, store, DbLimits::default()).await;
        Self { cluster, tenants, _directory: directory }
    }

    async fn tenants(cluster: &Cluster, store: Store, limits: DbLimits) -> Tenants {
        Tenants::start(store, keys(), cluster.endpoint().clone(), limits, Tasks::new()).await.unwrap()
    }

    /// A warden to which statements are long that take a tenth of a second.
    async fn warden(&self, limits: WardenLimits) -> Warden {
        let store = Store::connect(StoreConfig::new(self.cluster.endpoint().clone())).await.unwrap();
        let short = Duration::from_millis(50);
        let bounds = DbLimits { statement_timeout: short, script_timeout: short, ..DbLimits::default() };
        Warden::new(Self::tenants(&self.cluster, store, bounds).await, limits)
    }

    async fn closed_reason(&self, app: &TestApp) -> Option<String> {
        let store = Store::connect(StoreConfig::new(self.cluster.endpoint().clone())).await.unwrap();
        store.apps().get(&app.id).await.unwrap().and_then(|app| app.closed_reason)
    }
}

/// A table of many parts: a query of it has a lock on each.
const PARTS: &str = "CREATE TABLE parts (id int) PARTITION BY RANGE (id);
    DO $$ BEGIN FOR n IN 1..200 LOOP
        EXECUTE format('CREATE TABLE part_%s PARTITION OF parts FOR VALUES FROM (%s) TO (%s)', n, n, n + 1);
    END LOOP; END $$";

/// A statement that looks at no time limit and no cancellation for a second or two.
fn endless() -> String {
    let document = "<a/>".repeat(600);
    format!(
        "SELECT count(*) FROM xmltable('/r/a[count(//*[count(//*) > 0]) > 0]' PASSING ('<r>{document}</r>'::xml)
         COLUMNS x text PATH '.')"
    )
}

fn run_apart(db: &Arc<dyn Database>, sql: String) -> tokio::task::JoinHandle<Result<(), GuestError>> {
    let db = Arc::clone(db);
    tokio::spawn(async move { answer(&db, &sql, Vec::new()).await.map(|_| ()) })
}

#[test]
fn a_session_with_too_many_locks_is_ended_and_no_other() {
    run(async {
        let place = Place::new(512).await;
        let greedy = TestApp::on(&place.tenants, PARTS).await;
        let modest = TestApp::on(&place.tenants, PARTS).await;
        let mut warden =
            Warden::new(place.tenants.clone(), WardenLimits { locks_max: 150, ..WardenLimits::default() });
        let mut other = Arc::clone(&modest.service()).begin(TransactionOptions::default()).await.unwrap();
        other.query(statement("SELECT * FROM part_1", Vec::new())).await.unwrap();
        let mut many = Arc::clone(&greedy.service()).begin(TransactionOptions::default()).await.unwrap();
        many.query(statement("SELECT * FROM parts", Vec::new())).await.unwrap();
        warden.look().await.unwrap();
        assert_eq!(place.tenants.sessions_ended(), 1);
        let lost = many.query(statement("SELECT 1", Vec::new())).await.unwrap_err();
        assert_eq!(lost.code, "DB_CONNECTION_LOST");
        other.query(statement("SELECT 1", Vec::new())).await.unwrap();
        other.commit().await.unwrap();
        until("it has ended", async || {
            warden.look().await.unwrap();
            place.closed_reason(&greedy).await.is_none().then_some(())
        })
        .await;
        rows(&greedy.service(), "SELECT 1").await;
        assert_eq!(place.tenants.sessions_ended(), 1);
        place.cluster.stop().await;
    });
}

#[test]
fn a_statement_beyond_its_time_is_ended_and_one_that_does_not_end_closes_its_app() {
    run(async {
        let place = Place::new(512).await;
        let (slow, stuck) = (TestApp::on(&place.tenants, "").await, TestApp::on(&place.tenants, "").await);
        let mut warden =
            place.warden(WardenLimits { grace: Duration::ZERO, ..WardenLimits::default() }).await;
        let sleeping = run_apart(&slow.service(), "SELECT pg_sleep(60)".to_owned());
        until("it is ended", async || {
            warden.look().await.unwrap();
            sleeping.is_finished().then_some(())
        })
        .await;
        assert_eq!(sleeping.await.unwrap().unwrap_err().code, "DB_CONNECTION_LOST");
        let endless = run_apart(&stuck.anon(), endless());
        until("the app is closed", async || {
            warden.look().await.unwrap();
            place.closed_reason(&stuck).await
        })
        .await;
        // The other one was never in the way for long.
        until("it is open", async || {
            place.tenants.tend(&slow.id).await.unwrap();
            place.closed_reason(&slow).await.is_none().then_some(())
        })
        .await;
        let _ = endless.await.unwrap();
        until("it is open again", async || {
            place.tenants.tend(&stuck.id).await.unwrap();
            place.closed_reason(&stuck).await.is_none().then_some(())
        })
        .await;
        place.cluster.stop().await;
    });
}

#[test]
fn deleting_an_app_does_not_wait_for_a_statement_that_does_not_end() {
    run(async {
        let place = Place::new(512).await;
        let app = TestApp::on(&place.tenants, "").await;
        let sql = endless().replace("<a/>", "<a/><a/>");
        let endless = run_apart(&app.service(), sql);
        let admin = place.cluster.endpoint().admin("postgres").await.unwrap();
        let active = "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%xmltable%' AND state = 'active' AND pid <> pg_backend_pid()";
        until("it runs", async || admin.query_opt(active, &[]).await.unwrap()).await;
        place.tenants.delete(&app.id).await.unwrap();
        let gone = answer(&app.service(), "SELECT 1", Vec::new()).await.unwrap_err();
        assert_eq!(gone.code, "DB_CONNECTION_LOST");
        let _ = endless.await.unwrap();
        let mut warden = Warden::new(place.tenants.clone(), WardenLimits::default());
        until("what is left is removed", async || {
            warden.look().await.unwrap();
            place.tenants.recover().await.unwrap();
            let left =
                admin.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&app.id]).await.unwrap();
            left.is_none().then_some(())
        })
        .await;
        place.cluster.stop().await;
    });
}

#[test]
fn a_database_that_is_full_is_read_only_until_its_owner_has_made_room() {
    run(async {
        let place = Place::new(512).await;
        let app = TestApp::on(&place.tenants, "CREATE TABLE notes (id int)").await;
        let mut warden = Warden::new(place.tenants.clone(), WardenLimits::default());
        let measured = warden.look().await.unwrap();
        let bytes = measured.iter().find(|found| found.app_id == app.id).expect("it is measured").bytes;
        assert!(bytes > 1 << 20, "{bytes}");
        rows(&app.service(), "INSERT INTO notes VALUES (1)").await;
        place.tenants.set_database_full(&app.id, true).await.unwrap();
        for db in [app.service(), app.user("alice"), app.anon()] {
            let refused = answer(&db, "INSERT INTO notes VALUES (2)", Vec::new()).await.unwrap_err();
            assert_eq!(refused.code, "25006");
            let mut tx = Arc::clone(&db).begin(TransactionOptions::default()).await.unwrap();
            let refused = tx.query(statement("DELETE FROM notes", Vec::new())).await.unwrap_err();
            assert_eq!(refused.code, "25006");
            rows(&db, "SELECT * FROM notes").await;
        }
        app.script("DELETE FROM notes").await;
        place.tenants.set_database_full(&app.id, false).await.unwrap();
        rows(&app.service(), "INSERT INTO notes VALUES (3)").await;
        assert_eq!(rows(&app.service(), "SELECT * FROM notes").await, json!([{"id": 3}]));
        place.cluster.stop().await;
    });
}

#[test]
fn a_statement_that_wants_too_much_memory_fails_by_itself() {
    run(async {
        let place = Place::new(256).await;
        let (hungry, victim) = (TestApp::on(&place.tenants, "").await, TestApp::on(&place.tenants, "").await);
        let process = "SELECT pg_backend_pid() AS pid";
        let before = rows(&victim.service(), process).await;
        let large = "SELECT length(repeat('x', 250000000) || '1') + length(repeat('y', 250000000) || '2')";
        for db in [hungry.service(), hungry.anon()] {
            let refused = answer(&db, large, Vec::new()).await.unwrap_err();
            assert_eq!(refused.code, "53200", "{refused}");
            rows(&db, "SELECT 1").await;
        }
        // No other session has ended.
        assert_eq!(rows(&victim.service(), process).await, before);
        place.cluster.stop().await;
    });
}
