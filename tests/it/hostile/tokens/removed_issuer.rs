//! A token whose issuer, or whose secret, the app no longer trusts.

use serde_json::json;
use support::app::Node;
use support::cluster::run;
use support::token::{claims, hs256};

#[test]
fn an_issuer_is_out_from_the_next_request_on() {
    run(async {
        let app = super::app().await;
        let set = |issuers: serde_json::Value| {
            app.manage("PATCH", "/config").json(json!({ "auth": { "issuers": issuers } }))
        };
        let token = hs256(&claims("https://issuer", "alice"), super::SECRET.as_bytes());
        super::taken(&app, &token, "alice").await;
        let other = "another secret, also of more than 32 bytes";
        set(json!([{ "issuer": "https://issuer", "secret": other }])).ok().await;
        super::refused(&app, &token, "signature").await;
        // Without a secret in the request the present one stays; it is never returned.
        let shown = set(json!([{ "issuer": "https://issuer", "audience": "a" }])).ok().await;
        assert_eq!(shown["auth"]["issuers"][0]["has_secret"], true);
        assert!(!shown.to_string().contains(other));
        set(json!([{ "issuer": "https://issuer", "secret": super::SECRET }])).ok().await;
        super::taken(&app, &token, "alice").await;
        set(json!([])).ok().await;
        super::refused(&app, &token, "issuer_unknown").await;
    });
}

#[test]
fn on_every_node() {
    run(async {
        let app = super::app().await;
        let node = Node::start(|_| {}).await;
        let there = app.on(&node);
        let token = hs256(&claims("https://issuer", "alice"), super::SECRET.as_bytes());
        super::taken(&app, &token, "alice").await;
        super::taken(&there, &token, "alice").await;
        app.manage("PATCH", "/config").json(json!({ "auth": { "issuers": [] } })).ok().await;
        while there.call("GET", "required").key(&token).send().await.status == 200 {
            tokio::task::yield_now().await;
        }
        super::refused(&there, &token, "issuer_unknown").await;
        assert!(node.shutdown().await);
    });
}
