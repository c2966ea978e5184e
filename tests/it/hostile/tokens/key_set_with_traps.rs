//! Malicious key sets, and key sets at forbidden addresses.

use serde_json::json;
use support::cluster::run;
use support::origin::Origin;
use support::token::{Pair, claims, encode, hs256_raw};

#[test]
fn a_set_that_is_not_to_be_trusted() {
    run(async {
        let (node, app) = super::app_with_network().await;
        let pair = Pair::new("k");
        let good = pair.jwk();
        let secret = json!({ "kty": "oct", "kid": "s", "k": encode([7; 32]) });
        let mut private = good.clone();
        private["d"] = json!(encode([7; 32]));
        let many: Vec<_> = (0..21).map(|number| Pair::new(&number.to_string()).jwk()).collect();
        let huge = format!(r#"{{"keys":[{good}],"padding":"{}"}}"#, "x".repeat(64 << 10));
        for (place, document) in [
            json!({ "keys": [good, secret] }).to_string(),
            json!({ "keys": [secret] }).to_string(),
            json!({ "keys": [good, good] }).to_string(),
            json!({ "keys": [private] }).to_string(),
            json!({ "keys": many }).to_string(),
            huge,
            "<html>".to_owned(),
            format!(r#"{{"keys":[],"keys":[{good}]}}"#),
        ]
        .into_iter()
        .enumerate()
        {
            // A different URL each: the server does not fetch the same one again so soon.
            let origin = Origin::start(&document).await;
            let name = format!("https://trap-{place}");
            let issuer = json!({ "issuer": name, "jwks_url": origin.url("/"), "algorithms": ["ES256"] });
            app.manage("PATCH", "/config").json(json!({ "auth": { "issuers": [issuer] } })).ok().await;
            let token = pair.sign(&claims(&name, "alice"));
            let failed = app.call("GET", "required").key(&token).fails(503, "SUBSYSTEM_UNAVAILABLE").await;
            assert!(failed.message().contains("keys cannot be had"), "{place}: {}", failed.message());
        }
        // Keys for other purposes, and of unknown kinds, are ignored.
        let encryption =
            json!({ "kty": "RSA", "kid": "e", "use": "enc", "n": encode([7; 256]), "e": "AQAB" });
        let unknown = json!({ "kty": "AKP", "kid": "pq", "alg": "ML-DSA-44" });
        let origin = Origin::start(&json!({ "keys": [encryption, unknown, good] }).to_string()).await;
        let issuer = json!({ "issuer": "https://mixed", "jwks_url": origin.url("/"), "algorithms": ["ES256", "RS256"] });
        app.manage("PATCH", "/config").json(json!({ "auth": { "issuers": [issuer] } })).ok().await;
        super::taken(&app, &pair.sign(&claims("https://mixed", "alice")), "alice").await;
        let by_secret = hs256_raw(
            r#"{"alg":"HS256","kid":"s"}"#,
            &claims("https://mixed", "alice").to_string(),
            &[7; 32],
        );
        super::refused(&app, &by_secret, "algorithm_not_allowed").await;
        assert!(node.shutdown().await);
    });
}

#[test]
fn a_set_inside_the_servers_own_network() {
    run(async {
        let app = super::app().await;
        let inside = Origin::start("{}").await;
        let issuer =
            json!({ "issuer": "https://inside", "jwks_url": inside.url("/"), "algorithms": ["ES256"] });
        app.manage("PATCH", "/config").json(json!({ "auth": { "issuers": [issuer] } })).ok().await;
        let token = Pair::new("k").sign(&claims("https://inside", "alice"));
        app.call("GET", "required").key(&token).fails(503, "SUBSYSTEM_UNAVAILABLE").await;
        assert_eq!(inside.asked(), 0, "the guard of fetch stands before it");
        for url in [
            "http://internal.example/",
            "file:///etc/passwd",
            "https://user:pw@i.example/",
            "ftp://i.example/",
        ] {
            let issuer = json!({ "issuer": "i", "jwks_url": url });
            let change = json!({ "auth": { "issuers": [issuer] } });
            app.manage("PATCH", "/config").json(change).fails(400, "VALIDATION_INVALID_SCHEMA").await;
        }
    });
}
