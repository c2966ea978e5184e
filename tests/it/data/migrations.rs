//! The platform's migrations against a real server.

use mayfly_schema::{MIGRATIONS, MigrateError, Migration};
use mayfly_store::{Store, StoreConfig};
use support::cluster::{endpoint, run};
use tokio_postgres::Client;

async fn database(name: &str) -> Client {
    let admin = endpoint().admin("postgres").await.unwrap();
    admin.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    endpoint().admin(name).await.unwrap()
}

#[test]
fn they_apply_once() {
    run(async {
        let mut client = database("migrations_once").await;
        assert_eq!(mayfly_schema::migrate(&mut client).await.unwrap(), MIGRATIONS.len());
        assert_eq!(mayfly_schema::migrate(&mut client).await.unwrap(), 0);
    });
}

#[test]
fn two_servers_at_once_apply_each_once() {
    run(async {
        let mut first = database("migrations_twice").await;
        let mut second = endpoint().admin("migrations_twice").await.unwrap();
        let (first, second) =
            tokio::join!(mayfly_schema::migrate(&mut first), mayfly_schema::migrate(&mut second));
        assert_eq!(first.unwrap() + second.unwrap(), MIGRATIONS.len());
    });
}

#[test]
fn servers_that_start_at_once_do_not_trip_over_each_other() {
    run(async {
        let starting = (0..8).map(|_| {
            let mut config = StoreConfig::new(endpoint());
            config.database = "started_by_eight".to_owned();
            tokio::spawn(Store::connect(config))
        });
        for started in starting.collect::<Vec<_>>() {
            started.await.unwrap().unwrap();
        }
    });
}

#[test]
fn a_failing_one_leaves_nothing_behind() {
    run(async {
        let mut client = database("migrations_failing").await;
        let broken = [Migration { number: 1, name: "broken", sql: "CREATE TABLE half (x int); SELECT 1/0" }];
        let error = mayfly_schema::run(&mut client, &broken).await.unwrap_err();
        assert!(matches!(error, MigrateError::Failed { number: 1, .. }), "{error}");
        let half = client.query_one("SELECT to_regclass('half') IS NULL", &[]).await.unwrap();
        assert!(half.get::<_, bool>(0));
        // And it releases the lock.
        assert_eq!(mayfly_schema::migrate(&mut client).await.unwrap(), MIGRATIONS.len());
    });
}

#[test]
fn a_changed_text_and_a_newer_database_are_refused() {
    run(async {
        let mut client = database("migrations_changed").await;
        mayfly_schema::migrate(&mut client).await.unwrap();
        let mut changed = MIGRATIONS.to_vec();
        changed[0] = Migration { sql: "SELECT 1", ..MIGRATIONS[0] };
        let error = mayfly_schema::run(&mut client, &changed).await.unwrap_err();
        assert!(matches!(error, MigrateError::ChecksumChanged { number: 1, .. }), "{error}");
        let error = mayfly_schema::run(&mut client, &MIGRATIONS[..1]).await.unwrap_err();
        assert!(matches!(error, MigrateError::DatabaseIsNewer { known: 1, .. }), "{error}");
    });
}
