//! A valid token of one app, sent to another.

use serde_json::json;
use support::cluster::run;
use support::token::{claims, hs256};

#[test]
fn a_token_for_someone_else() {
    run(async {
        let (app, other) = (super::app().await, super::app().await);
        let token = other.token("alice").await;
        super::taken(&other, &token, "alice").await;
        super::refused(&app, &token, "issuer_unknown").await;

        let issuer =
            json!({ "issuer": "https://issuer", "secret": super::SECRET, "audience": ["app-a", "app-b"] });
        app.manage("PATCH", "/config").json(json!({ "auth": { "issuers": [issuer] } })).ok().await;
        let with = |aud: serde_json::Value| {
            let mut claims = claims("https://issuer", "alice");
            claims["aud"] = aud;
            hs256(&claims, super::SECRET.as_bytes())
        };
        for aud in [json!("app-c"), json!([]), json!(["app-c"]), json!(7), json!({ "app-a": 1 })] {
            super::refused(&app, &with(aud), "audience").await;
        }
        super::refused(
            &app,
            &hs256(&claims("https://issuer", "alice"), super::SECRET.as_bytes()),
            "audience",
        )
        .await;
        super::taken(&app, &with(json!("app-a")), "alice").await;
        super::taken(&app, &with(json!(["x", "app-b"])), "alice").await;

        let mut no_issuer = claims("", "alice");
        no_issuer.as_object_mut().unwrap().remove("iss");
        super::refused(&app, &hs256(&no_issuer, super::SECRET.as_bytes()), "issuer_missing").await;
        for issuer in ["https://issuer/", "https://ISSUER", "", "https://other"] {
            super::refused(
                &app,
                &hs256(&claims(issuer, "alice"), super::SECRET.as_bytes()),
                "issuer_unknown",
            )
            .await;
        }
    });
}
