//! The platform's tables.

use mayfly_control::store::{Store, StoreConfig, StoreError};
use support::cluster::{endpoint, run, store};

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
fn a_server_that_is_away_is_unavailable() {
    run(async {
        let endpoint = mayfly_control::postgres::Endpoint::from_url(
            "postgres://nobody@127.0.0.1:1/mayfly?sslmode=disable",
        )
        .unwrap();
        let error = Store::connect(StoreConfig::new(endpoint)).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    });
}
