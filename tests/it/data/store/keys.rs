//! The table of API keys.

use mayfly_api::scope::Scope;
use mayfly_store::{ApiKeyKind, NewKey, StoreError};
use support::cluster::{run, store};
use support::tenants::TestApp;

fn key(byte: u8, app: &TestApp) -> NewKey {
    let mut hash = [byte; 32];
    hash[..12].copy_from_slice(&app.id.as_bytes()[4..]);
    NewKey {
        kind: ApiKeyKind::Service,
        name: Some("ci".to_owned()),
        hash,
        prefix: "bb_sk_0123".to_owned(),
        scopes: vec![Scope::Read, Scope::Invoke],
    }
}

#[test]
fn a_key_is_found_by_its_hash_until_it_is_revoked() {
    run(async {
        let store = store().await;
        let app = TestApp::new("").await;
        let keys = store.keys();
        let wanted = key(1, &app);
        let stored = keys.insert(&app.id, &wanted).await.unwrap();
        assert_eq!(keys.find_by_hash(&wanted.hash).await.unwrap(), Some(stored.clone()));
        assert_eq!(keys.find_by_hash(&[0; 32]).await.unwrap(), None);
        assert_eq!(stored.scopes, [Scope::Read, Scope::Invoke]);
        assert!(matches!(keys.insert(&app.id, &wanted).await, Err(StoreError::Conflict(_))));

        assert!(!keys.revoke("app_000000000000", &stored.id).await.unwrap(), "another app's key");
        assert!(keys.revoke(&app.id, &stored.id).await.unwrap());
        let revoked = keys.find_by_hash(&wanted.hash).await.unwrap().unwrap();
        assert!(revoked.revoked_at.is_some());
        assert_eq!(keys.list(&app.id).await.unwrap(), vec![revoked]);
    });
}

#[test]
fn an_app_that_does_not_exist_has_no_keys() {
    run(async {
        let app = TestApp::new("").await;
        let outcome = store().await.keys().insert("app_000000000000", &key(2, &app)).await;
        assert!(matches!(outcome, Err(StoreError::Missing(_))), "{outcome:?}");
    });
}
