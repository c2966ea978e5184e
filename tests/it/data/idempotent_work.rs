//! `ctx.idempotency.run`: a claim, the work and its result are committed in one transaction.

use std::sync::Arc;

use mayfly_runtime::providers::{Claim, ClaimOutcome, GuestError, Transaction};
use mayfly_tenant_db::db::DbLimits;
use mayfly_tenant_db::identity::Identity;
use serde_json::json;
use support::cluster::{endpoint, run};
use support::tenants::{TestApp, answer, code, rows, statement, tenants_with};

const TABLE: &str = "CREATE TABLE work (who text DEFAULT current_user_id(), x int)";

fn claim(key: &str) -> Claim {
    Claim { key: key.to_owned(), scope: "default".to_owned(), ttl_seconds: None }
}

fn user(id: &str) -> Identity {
    Identity::User { id: id.to_owned() }
}

async fn begin(app: &TestApp, identity: Identity, claim: Claim) -> Result<ClaimOutcome, GuestError> {
    app.tenants.idempotency(app.id.as_str(), identity).begin(claim).await
}

async fn mine(app: &TestApp, identity: Identity, key: &str) -> Box<dyn Transaction> {
    match begin(app, identity, claim(key)).await.unwrap() {
        ClaimOutcome::Mine(transaction) => transaction,
        ClaimOutcome::Done(result) => panic!("it was done: {result}"),
    }
}

async fn done(app: &TestApp, identity: Identity, key: &str) -> String {
    match begin(app, identity, claim(key)).await.unwrap() {
        ClaimOutcome::Done(result) => result,
        ClaimOutcome::Mine(_) => panic!("it was not done"),
    }
}

async fn work(transaction: &mut Box<dyn Transaction>) {
    transaction.query(statement("INSERT INTO work (x) VALUES (1)", Vec::new())).await.unwrap();
}

#[test]
fn it_is_done_once_for_every_caller() {
    run(async {
        let app = TestApp::new(TABLE).await;
        for (key, identity) in [("s", Identity::Service), ("u", user("alice")), ("a", Identity::Anon)] {
            let mut transaction = mine(&app, identity.clone(), key).await;
            work(&mut transaction).await;
            transaction.finish(format!("[\"{key}\"]")).await.unwrap();
            assert_eq!(done(&app, identity, key).await, format!("[\"{key}\"]"));
            // The key belongs to the app: every other caller gets the same result.
            assert_eq!(done(&app, user("bob"), key).await, format!("[\"{key}\"]"));
        }
        let seen = rows(&app.service(), "SELECT who FROM work ORDER BY who NULLS LAST").await;
        assert_eq!(seen, json!([{"who": "alice"}, {"who": null}, {"who": null}]));
        // Such a key is taken for claims, too.
        assert!(!app.tenants.idempotency(app.id.as_str(), Identity::Anon).claim(claim("u")).await.unwrap());
    });
}

#[test]
fn what_fails_leaves_nothing() {
    run(async {
        let app = TestApp::new(TABLE).await;
        let alice = || user("alice");
        let mut rolled_back = mine(&app, alice(), "k").await;
        work(&mut rolled_back).await;
        rolled_back.rollback().await.unwrap();
        let mut dropped = mine(&app, alice(), "k").await;
        work(&mut dropped).await;
        drop(dropped);
        let mut failed = mine(&app, alice(), "k").await;
        work(&mut failed).await;
        failed.query(statement("SELECT 1/0", Vec::new())).await.unwrap_err();
        assert_eq!(failed.finish("1".to_owned()).await.unwrap_err().code, "25P02");
        let too_long = mine(&app, alice(), "k").await;
        assert_eq!(too_long.finish("x".repeat((256 << 10) + 1)).await.unwrap_err().code, "54000");
        assert_eq!(rows(&app.service(), "SELECT * FROM work").await, json!([]));
        assert_eq!(rows(&app.service(), "SELECT * FROM _idempotency_keys").await, json!([]));
        // A result of the maximum size is stored.
        let longest = mine(&app, alice(), "k").await;
        longest.finish("x".repeat(256 << 10)).await.unwrap();
        assert_eq!(done(&app, alice(), "k").await.len(), 256 << 10);
    });
}

#[test]
fn a_second_caller_waits_for_the_first() {
    run(async {
        let app = Arc::new(TestApp::new(TABLE).await);
        for (first_settles, expected) in [(true, None), (false, Some("second"))] {
            let key = if first_settles { "kept" } else { "undone" };
            let first = mine(&app, user("alice"), key).await;
            let second = tokio::spawn({
                let app = Arc::clone(&app);
                async move {
                    match begin(&app, user("bob"), claim(key)).await.unwrap() {
                        ClaimOutcome::Done(result) => result,
                        ClaimOutcome::Mine(transaction) => {
                            transaction.finish("\"second\"".to_owned()).await.unwrap();
                            "second".to_owned()
                        }
                    }
                }
            });
            let admin = endpoint().admin(&app.id).await.unwrap();
            let waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'
                AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())";
            while admin.query(waits, &[]).await.unwrap().is_empty() {}
            if first_settles {
                first.finish("\"first\"".to_owned()).await.unwrap();
            } else {
                first.rollback().await.unwrap();
            }
            assert_eq!(second.await.unwrap(), expected.unwrap_or("\"first\""));
        }
    });
}

#[test]
fn the_wait_ends_with_a_statements_time() {
    run(async {
        let bounds = DbLimits {
            statement_timeout: std::time::Duration::from_millis(300),
            lock_timeout: std::time::Duration::from_millis(50),
            ..DbLimits::default()
        };
        let app = TestApp::on(&tenants_with(bounds).await, TABLE).await;
        let first = mine(&app, Identity::Anon, "k").await;
        // Not with the timeout of a lock.
        assert_eq!(begin(&app, Identity::Anon, claim("k")).await.unwrap_err().code, "DB_TIMEOUT");
        first.finish(String::new()).await.unwrap();
        assert_eq!(done(&app, Identity::Anon, "k").await, "");
    });
}

#[test]
fn fifty_at_once_do_it_once() {
    run(async {
        let bounds = DbLimits { connect_wait: std::time::Duration::from_secs(30), ..DbLimits::default() };
        let app = Arc::new(TestApp::on(&tenants_with(bounds).await, TABLE).await);
        let callers: Vec<_> = (0..50)
            .map(|n| {
                let app = Arc::clone(&app);
                tokio::spawn(async move {
                    match begin(&app, user(&format!("u{n}")), claim("k")).await.unwrap() {
                        ClaimOutcome::Done(result) => result,
                        ClaimOutcome::Mine(mut transaction) => {
                            work(&mut transaction).await;
                            transaction.finish(n.to_string()).await.unwrap();
                            n.to_string()
                        }
                    }
                })
            })
            .collect();
        let mut results = Vec::new();
        for caller in callers {
            results.push(caller.await.unwrap());
        }
        assert!(results.iter().all(|result| *result == results[0]), "{results:?}");
        assert_eq!(rows(&app.service(), "SELECT count(*)::int AS n FROM work").await, json!([{"n": 1}]));
    });
}

async fn expire(app: &TestApp) {
    let admin = endpoint().admin(&app.id).await.unwrap();
    admin
        .batch_execute("UPDATE _idempotency_keys SET expires_at = now() - interval '1 second'")
        .await
        .unwrap();
}

#[test]
fn an_expired_key_is_free_and_its_result_is_gone() {
    run(async {
        let app = TestApp::new(TABLE).await;
        mine(&app, Identity::Service, "k").await.finish("1".to_owned()).await.unwrap();
        expire(&app).await;
        mine(&app, user("alice"), "k").await.finish("2".to_owned()).await.unwrap();
        assert_eq!(done(&app, Identity::Anon, "k").await, "2");
        expire(&app).await;
        // A key that was claimed without work has no result, and the error says so.
        assert!(app.tenants.idempotency(app.id.as_str(), Identity::Anon).claim(claim("k")).await.unwrap());
        let conflict = begin(&app, Identity::Anon, claim("k")).await.unwrap_err();
        assert_eq!(conflict.code, "RESOURCE_CONFLICT");
    });
}

#[test]
fn expired_keys_are_swept_and_no_others() {
    run(async {
        let app = TestApp::new("").await;
        let admin = endpoint().admin(&app.id).await.unwrap();
        admin
            .batch_execute(
                "INSERT INTO _idempotency_keys (key, expires_at)
                     SELECT n, now() - interval '1 second' FROM generate_series(1, 2500) n;
                 INSERT INTO _idempotency_keys (key, expires_at) VALUES ('later', now() + interval '1 hour'), ('never', NULL)",
            )
            .await
            .unwrap();
        // One key is being claimed again concurrently: the sweep does not wait for it.
        let held = mine(&app, Identity::Service, "7").await;
        let (one, other) = tokio::join!(app.tenants.sweep_claims(&app.id), app.tenants.sweep_claims(&app.id));
        assert_eq!(one.unwrap() + other.unwrap(), 2499);
        held.finish("1".to_owned()).await.unwrap();
        let left = rows(&app.service(), "SELECT key FROM _idempotency_keys ORDER BY key").await;
        assert_eq!(left, json!([{"key": "7"}, {"key": "later"}, {"key": "never"}]));
    });
}

#[test]
fn no_users_sql_can_claim_or_complete_a_key() {
    run(async {
        let app = TestApp::new(TABLE).await;
        mine(&app, user("alice"), "k").await.finish("1".to_owned()).await.unwrap();
        let alice = app.user("alice");
        let claims = rows(&alice, "SELECT current_setting('mayfly.claims') AS c").await;
        let claims = claims[0]["c"].as_str().unwrap().to_owned();
        let parts: Vec<_> = claims.split('.').collect();
        let (expiry, mac) = (parts[2], parts[3]);
        for proof in ["", ".", "1.2", "99999999999.00", &format!("{expiry}.{mac}"), &claims, "x.y.z"] {
            for sql in [
                format!("SELECT * FROM mayfly.idempotency_begin('default', 'k', NULL, '{proof}')"),
                format!("SELECT mayfly.idempotency_settle('default', 'k', 'forged', '{proof}')"),
            ] {
                assert_eq!(code(&alice, &sql).await, "28000", "{sql}");
                assert_eq!(code(&app.anon(), &sql).await, "28000", "{sql}");
                assert_eq!(code(&app.service(), &sql).await, "28000", "{sql}");
            }
        }
        assert_eq!(code(&alice, "SELECT mayfly.check_proof('idempotency', 'a', 'b', 'c')").await, "42501");
        // Within such work it cannot, either: the session holds no readable proof.
        let mut transaction = mine(&app, user("alice"), "other").await;
        for sql in [
            "SELECT * FROM _idempotency_keys",
            "DELETE FROM _idempotency_keys",
            "SELECT * FROM pg_prepared_statements",
            "SELECT * FROM pg_stat_activity",
        ] {
            transaction.savepoint().await.unwrap();
            assert_eq!(
                transaction.query(statement(sql, Vec::new())).await.unwrap_err().code,
                "42501",
                "{sql}"
            );
            transaction.rollback_to().await.unwrap();
        }
        transaction.finish("2".to_owned()).await.unwrap();
        assert_eq!(done(&app, Identity::Anon, "k").await, "1");
        assert!(answer(&alice, "SELECT 1", Vec::new()).await.is_ok());
    });
}
