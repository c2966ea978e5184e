//! A flood of unknown key ids, to make the server fetch the issuer's keys for each.

use serde_json::json;
use support::cluster::run;
use support::origin::Origin;
use support::token::{Pair, claims, jwks};

#[test]
fn unknown_key_ids_cost_one_fetch() {
    run(async {
        let (node, app) = super::app_with_network().await;
        let known = Pair::new("known");
        let origin = Origin::start(&jwks(&[&known])).await;
        let issuer = json!({ "issuer": "https://flooded", "jwks_url": origin.url("/jwks.json"), "algorithms": ["ES256"] });
        app.manage("PATCH", "/config").json(json!({ "auth": { "issuers": [issuer] } })).ok().await;
        let by = |pair: &Pair| pair.sign(&claims("https://flooded", "alice"));
        super::taken(&app, &by(&known), "alice").await;
        assert_eq!(origin.asked(), 1);
        for number in 0..30 {
            let stranger = Pair::new(&format!("stranger-{number}"));
            super::refused(&app, &by(&stranger), "key_unknown").await;
        }
        assert_eq!(origin.asked(), 1, "the keys were fetched a moment ago");
        super::taken(&app, &by(&known), "alice").await;

        // Concurrent requests fetch the first set once; while there is none, the error blames the issuer.
        let down = Origin::start("").await;
        down.answer(500, "");
        let issuer = json!({ "issuer": "https://down", "jwks_url": down.url("/"), "algorithms": ["ES256"] });
        app.manage("PATCH", "/config").json(json!({ "auth": { "issuers": [issuer] } })).ok().await;
        let token = known.sign(&claims("https://down", "alice"));
        for _ in 0..5 {
            let failed = app.call("GET", "required").key(&token).fails(503, "SUBSYSTEM_UNAVAILABLE").await;
            assert_eq!(failed.json()["error"]["details"]["subsystem"], "token issuer");
        }
        assert_eq!(down.asked(), 1);
        assert!(node.shutdown().await);
    });
}
