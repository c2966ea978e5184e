//! The platform's tables: apps, sessions, notifications.

mod functions;
mod keys;

use mayfly_api::apps::AppState;
use mayfly_store::{Change, ChangeKind, DatabaseSecrets, Store, StoreConfig, StoreError};
use support::cluster::{endpoint, run, store};
use support::tenants::TestApp;

#[test]
fn it_makes_its_database_and_answers() {
    run(async {
        let store = store().await;
        store.ping().await.unwrap();
        assert_eq!(store.migrate().await.unwrap(), 0);
        let admin = endpoint().admin("postgres").await.unwrap();
        let public: bool = admin
            .query_one(
                "SELECT EXISTS (SELECT 1 FROM pg_database d, aclexplode(d.datacl) a
                 WHERE d.datname = 'mayfly' AND a.grantee = 0)",
                &[],
            )
            .await
            .unwrap()
            .get(0);
        assert!(!public, "everyone may connect to the platform's database");
    });
}

#[test]
fn no_app_gets_into_the_platforms_database_or_another_apps() {
    run(async {
        let app = TestApp::new("").await;
        let other = TestApp::new("").await;
        for privilege in ["owner", "service", "user", "anon"] {
            for database in ["mayfly", "postgres", "template1", other.id.as_str()] {
                let mut config = endpoint().client_config(database);
                config.user(format!("{}_{privilege}", app.id));
                let Err(error) = config.connect(tokio_postgres::NoTls).await else {
                    panic!("{privilege} got into {database}");
                };
                assert_eq!(error.code().unwrap().code(), "42501", "{privilege} {database}");
            }
        }
    });
}

#[test]
fn a_server_that_is_away_is_unavailable() {
    run(async {
        let endpoint = mayfly_postgres::PostgresEndpoint::from_url(
            "postgres://unknown@127.0.0.1:1/mayfly?sslmode=disable",
        )
        .unwrap();
        let error = Store::connect(StoreConfig::new(endpoint)).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    });
}

#[test]
fn an_app_can_be_paused_and_everyone_hears_of_it() {
    run(async {
        let store = store().await;
        let app = TestApp::new("").await;
        let mut changes = store.subscribe();
        assert_eq!(changes.next().await, Some(Change::Resync));
        let nothing = serde_json::json!({});
        let pause =
            async |id: &str, paused, reason| store.apps().configure(id, Some(paused), reason, &nothing).await;
        let paused = pause(&app.id, true, Some("unpaid")).await.unwrap().unwrap();
        assert_eq!((paused.paused, paused.paused_reason.as_deref()), (true, Some("unpaid")));
        let resumed = pause(&app.id, false, Some("forgotten")).await.unwrap().unwrap();
        assert_eq!((resumed.paused, resumed.paused_reason), (false, None));
        assert!(pause("app_000000000000", true, None).await.unwrap().is_none());
        let wanted = Change::Changed { app_id: app.id.clone(), function: None, kind: ChangeKind::App };
        // Other nodes' invalidations arrive as well.
        while changes.next().await != Some(wanted.clone()) {}
        assert!(store.apps().list().await.unwrap().iter().any(|listed| listed.id == app.id));
    });
}

#[test]
fn a_change_is_told_by_another_node_when_its_own_has_died() {
    run(async {
        let url = support::cluster::own_database().await;
        let endpoint = mayfly_postgres::PostgresEndpoint::from_url(&url).unwrap();
        let dead = Store::connect(StoreConfig::new(endpoint.clone())).await.unwrap();
        dead.migrate().await.unwrap();
        let secrets =
            DatabaseSecrets { claims_key_encrypted: String::new(), password_encrypted: String::new() };
        let app = dead.apps().create("app_0123456789ab", "one", &secrets).await.unwrap();
        dead.apps().set_state(&app.id, AppState::Ready).await.unwrap();
        drop(dead);

        let store = Store::connect(StoreConfig::new(endpoint)).await.unwrap();
        let mut changes = store.subscribe();
        assert_eq!(changes.next().await, Some(Change::Resync));
        let notifying = tokio::spawn(store.clone().notify_of_changes());
        let wanted = Change::Changed { app_id: app.id.clone(), function: None, kind: ChangeKind::App };
        assert_eq!(changes.next().await, Some(wanted));
        // Once: the next that comes is the next that happens.
        assert!(store.keys().revoke(&app.id, "none").await.is_ok());
        store.apps().announce(&app.id).await.unwrap();
        let next = changes.next().await;
        assert!(matches!(next, Some(Change::Changed { kind: ChangeKind::App, .. })), "{next:?}");
        let next = changes.next().await;
        assert!(matches!(next, Some(Change::Changed { kind: ChangeKind::Database, .. })), "{next:?}");
        store.close();
        // It notices at its next look.
        notifying.abort();
    });
}
