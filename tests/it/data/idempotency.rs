//! `ctx.idempotency.claim`: atomicity, scopes and expiry.

use std::sync::Arc;

use mayfly_runtime::providers::{Claim, TransactionOptions};
use mayfly_tenant_db::identity::Identity;
use serde_json::json;
use support::cluster::{endpoint, run};
use support::tenants::{TestApp, code, rows, statement};

fn claim(key: &str, ttl_seconds: Option<u32>) -> Claim {
    Claim { key: key.to_owned(), scope: "default".to_owned(), ttl_seconds }
}

async fn take(app: &TestApp, claim: Claim) -> bool {
    app.tenants.idempotency(app.id.as_str(), Identity::Service).claim(claim).await.unwrap()
}

#[test]
fn the_first_of_fifty_at_once_has_it() {
    run(async {
        let app = Arc::new(TestApp::new("").await);
        let claims: Vec<_> = (0..50)
            .map(|_| {
                let app = Arc::clone(&app);
                tokio::spawn(async move { take(&app, claim("k", None)).await })
            })
            .collect();
        let mut taken = 0;
        for claim in claims {
            taken += u32::from(claim.await.unwrap());
        }
        assert_eq!(taken, 1);
    });
}

#[test]
fn scopes_are_apart_and_expired_claims_are_free() {
    run(async {
        let app = TestApp::new("").await;
        assert!(take(&app, claim("k", None)).await);
        assert!(!take(&app, claim("k", None)).await);
        assert!(take(&app, Claim { scope: "other".to_owned(), ..claim("k", None) }).await);

        assert!(take(&app, claim("short", Some(3600))).await);
        assert!(!take(&app, claim("short", Some(3600))).await);
        // The claim expires.
        let admin = endpoint().admin(&app.id).await.unwrap();
        admin
            .execute(
                "UPDATE _idempotency_keys SET expires_at = now() - interval '1 second' WHERE key = 'short'",
                &[],
            )
            .await
            .unwrap();
        assert!(take(&app, claim("short", None)).await);
        assert!(!take(&app, claim("short", None)).await, "it was taken for good");
    });
}

#[test]
fn the_service_can_delete_a_claim_and_users_can_do_nothing() {
    run(async {
        let app = TestApp::new("").await;
        assert!(take(&app, claim("k", None)).await);
        for db in [app.user("alice"), app.anon()] {
            for sql in [
                "SELECT * FROM _idempotency_keys",
                "DELETE FROM _idempotency_keys",
                "INSERT INTO _idempotency_keys (key) VALUES ('x')",
            ] {
                assert_eq!(code(&db, sql).await, "42501", "{sql}");
            }
        }
        let deleted = "DELETE FROM _idempotency_keys WHERE key = 'k' RETURNING scope";
        assert_eq!(rows(&app.service(), deleted).await, json!([{"scope": "default"}]));
        assert!(take(&app, claim("k", None)).await);
    });
}

#[test]
fn a_claim_stands_beside_the_functions_own_transaction() {
    run(async {
        let app = TestApp::new("").await;
        let mut tx = app.service().begin(TransactionOptions::default()).await.unwrap();
        tx.query(statement("SELECT 1", Vec::new())).await.unwrap();
        assert!(take(&app, claim("k", None)).await);
        tx.rollback().await.unwrap();
        assert!(!take(&app, claim("k", None)).await);
    });
}

#[test]
fn keys_and_scopes_have_bounds() {
    run(async {
        let app = TestApp::new("").await;
        let idempotency = || app.tenants.idempotency(app.id.as_str(), Identity::Service);
        for bad in [
            claim("", None),
            claim(&"k".repeat(256), None),
            Claim { scope: String::new(), ..claim("k", None) },
        ] {
            assert_eq!(idempotency().claim(bad).await.unwrap_err().code, "22023");
        }
        assert_eq!(idempotency().claim(claim("a\0", None)).await.unwrap_err().code, "22021");
        assert!(take(&app, claim(&"\u{1f600}".repeat(255), Some(u32::MAX))).await);
    });
}
