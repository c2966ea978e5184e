//! Expired tokens, tokens that are not valid yet, and tokens without an expiry.

use serde_json::{Value, json};
use support::cluster::run;
use support::token::{claims, hs256, now};

#[test]
fn a_token_out_of_its_time() {
    run(async {
        let app = super::app().await;
        let with = |name: &str, value: Value| {
            let mut claims = claims("https://issuer", "alice");
            claims[name] = value;
            hs256(&claims, super::SECRET.as_bytes())
        };
        for (name, value, reason) in [
            ("exp", json!(now() - 3_600), "expired"),
            ("exp", json!(0), "expired"),
            ("exp", json!(-1), "expired"),
            ("exp", json!("4102444800"), "time"),
            ("exp", json!(null), "time"),
            ("nbf", json!(now() + 3_600), "not_yet_valid"),
            ("nbf", json!("now"), "time"),
            ("iat", json!(now() + 3_600), "issued_in_future"),
            ("iat", json!([]), "time"),
            ("sub", json!(""), "subject"),
            ("sub", json!(7), "subject"),
            ("sub", json!(null), "subject"),
            ("sub", json!("a".repeat(256)), "subject"),
            ("sub", json!("a\u{0}b"), "subject"),
        ] {
            super::refused(&app, &with(name, value), reason).await;
        }
        let mut endless = claims("https://issuer", "alice");
        endless.as_object_mut().unwrap().remove("exp");
        super::refused(&app, &hs256(&endless, super::SECRET.as_bytes()), "expiry_missing").await;
        // Clock skew of a minute is allowed.
        super::taken(&app, &with("exp", json!(now() - 30)), "alice").await;
        super::taken(&app, &with("nbf", json!(now() + 30)), "alice").await;
        super::taken(&app, &with("exp", json!(now() as f64 + 100.5)), "alice").await;
    });
}

/// A cached verified token expires at its `exp`: for our own tokens there is no clock skew.
#[test]
fn a_remembered_token_ends_in_time() {
    run(async {
        let app = super::app().await;
        let minted =
            app.manage("POST", "/auth/tokens").json(json!({ "sub": "alice", "ttl_seconds": 2 })).ok().await;
        let token = minted["token"].as_str().unwrap();
        super::taken(&app, token, "alice").await;
        while app.call("GET", "required").key(token).send().await.status == 200 {
            tokio::task::yield_now().await;
        }
        super::refused(&app, token, "expired").await;
    });
}
