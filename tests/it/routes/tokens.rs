//! `/v1/{app}/auth/...` and `/auth/{app}/.well-known/jwks.json`.

use serde_json::{Value, json};
use support::app::TestApp;
use support::cluster::run;
use support::token::{Pair, claims, now, part};

#[test]
fn a_minted_token_says_who_its_user_is() {
    run(async {
        let app = TestApp::new().await;
        app.deploy_who("required").await;
        let body = json!({ "sub": "alice", "ttl_seconds": 60, "claims": { "role": "editor", "n": [1, { "x": null }] } });
        let minted = app.manage("POST", "/auth/tokens").json(body).ok().await;
        let token = minted["token"].as_str().unwrap();
        assert_eq!(part(token, 0)["alg"], "ES256");
        let said = part(token, 1);
        assert_eq!(said["iss"], format!("butterbase:app:{}", app.id));
        assert_eq!((&said["sub"], &said["role"]), (&json!("alice"), &json!("editor")));
        let expires = said["exp"].as_u64().unwrap();
        assert!((now() + 55..=now() + 61).contains(&expires));
        assert_eq!(minted["expires_at"].as_str().unwrap().len(), "2026-01-01T00:00:00.000Z".len());

        let seen = app.call("GET", "required").key(token).ok().await;
        assert_eq!(seen["user"], json!({ "id": "alice", "claims": said }));
        assert_eq!(
            seen["caller"],
            json!({ "type": "end_user_jwt", "keyId": null, "scope": null, "userId": "alice" })
        );
        assert_eq!(seen["db"], json!({ "role": "butterbase_user", "id": "alice" }));
        assert_eq!(app.logs("required").await[0]["caller"]["type"], "end_user_jwt");
        assert_eq!(app.logs("required").await[0]["dbRole"], "butterbase_user");
    });
}

#[test]
fn minting_takes_a_service_key_with_the_scope_and_a_good_request() {
    run(async {
        let (app, other) = (TestApp::new().await, TestApp::new().await);
        let mint = || app.client.post(&app.path("/auth/tokens"));
        let good = json!({ "sub": "alice" });
        mint().json(good.clone()).fails(401, "AUTH_REQUIRED").await;
        mint().key(&app.anon_key).json(good.clone()).fails(403, "AUTH_FORBIDDEN").await;
        mint().key(&other.service_key).json(good.clone()).fails(404, "RESOURCE_NOT_FOUND").await;
        let refused =
            mint().key(&app.token("mallory").await).json(good.clone()).fails(401, "AUTH_INVALID_TOKEN").await;
        assert_eq!(refused.json()["error"]["details"]["reason"], "not_a_key");
        let reader = app.manage("POST", "/keys").json(json!({ "scopes": ["read"] })).ok().await;
        mint().key(reader["key"].as_str().unwrap()).json(good.clone()).fails(403, "AUTH_FORBIDDEN").await;
        mint().key(&app.admin_key).json(good).ok().await;
        for bad in [
            json!({}),
            json!({ "sub": "" }),
            json!({ "sub": "a", "ttl_seconds": 0 }),
            json!({ "sub": "a", "ttl_seconds": 2_592_001 }),
            json!({ "sub": "a", "claims": { "sub": "b" } }),
            json!({ "sub": "a", "claims": { "iss": "b" } }),
            json!({ "sub": "a", "expires": 1 }),
        ] {
            app.manage("POST", "/auth/tokens").json(bad).fails(400, "VALIDATION_INVALID_SCHEMA").await;
        }
    });
}

#[test]
fn keys_are_published_rotated_and_taken_back() {
    run(async {
        let app = TestApp::new().await;
        app.deploy_who("required").await;
        let works = async |token: &str| app.call("GET", "required").key(token).send().await.status == 200;
        let reason = async |token: &str| {
            let refused = app.call("GET", "required").key(token).fails(401, "AUTH_INVALID_TOKEN").await;
            refused.json()["error"]["details"]["reason"].as_str().unwrap().to_owned()
        };
        let jwks_path = format!("/auth/{}/.well-known/jwks.json", app.id);
        let published = async || {
            let set = app.client.get(&jwks_path).ok().await;
            set["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect::<Vec<_>>()
        };
        let first = app.token("alice").await;
        let old = part(&first, 0)["kid"].clone();
        assert_eq!(published().await, std::slice::from_ref(&old));
        let set = app.client.get(&jwks_path).send().await;
        assert_eq!(set.header("cache-control"), "public, max-age=300");
        assert!(!set.text().contains("\"d\""), "no private half");

        let rotated = app.manage("POST", "/auth/keys/rotate").ok().await;
        assert_eq!((&rotated["state"], &rotated["algorithm"]), (&json!("signing"), &json!("ES256")));
        let second = app.token("alice").await;
        assert_eq!(part(&second, 0)["kid"], rotated["kid"]);
        assert_eq!(published().await, [rotated["kid"].clone(), old.clone()]);
        assert!(works(&first).await && works(&second).await, "both verify");
        let keys = app.manage("GET", "/auth/keys").ok().await;
        assert_eq!(keys["keys"][1]["state"], "verifying");
        assert!(keys["keys"][1]["verifies_until"].is_string());

        app.manage("DELETE", &format!("/auth/keys/{}", old.as_str().unwrap())).ok().await;
        assert_eq!(reason(&first).await, "key_unknown", "a token that was good a moment ago");
        assert!(works(&second).await);
        let present = format!("/auth/keys/{}", rotated["kid"].as_str().unwrap());
        app.manage("DELETE", &present).fails(409, "STATE_PREREQUISITE_MISSING").await;
        app.manage("DELETE", "/auth/keys/nope").fails(404, "RESOURCE_NOT_FOUND").await;

        app.manage("POST", "/auth/keys/rotate").json(json!({ "grace_seconds": 0 })).ok().await;
        assert_eq!(reason(&second).await, "key_unknown");
        assert_eq!(published().await.len(), 1);
        app.manage("POST", "/auth/keys/rotate")
            .json(json!({ "grace_seconds": -1 }))
            .fails(400, "VALIDATION_INVALID_SCHEMA")
            .await;
        app.client.get("/auth/app_zzzzzzzzzzzz/.well-known/jwks.json").fails(404, "RESOURCE_NOT_FOUND").await;
    });
}

#[test]
fn an_app_can_sign_with_a_key_of_its_own() {
    run(async {
        let app = TestApp::new().await;
        app.deploy_who("required").await;
        let pair = Pair::new("mine");
        let token = pair.sign(&claims(&format!("butterbase:app:{}", app.id), "bob"));
        app.call("GET", "required").key(&token).fails(401, "AUTH_INVALID_TOKEN").await;
        let made = app.manage("POST", "/auth/keys").json(json!({ "jwk": pair.jwk() })).ok().await;
        assert_eq!(
            (&made["kid"], &made["imported"], &made["state"]),
            (&json!("mine"), &json!(true), &json!("verifying"))
        );
        let seen = app.call("GET", "required").key(&token).ok().await;
        assert_eq!(seen["user"]["id"], "bob");
        app.manage("POST", "/auth/keys")
            .json(json!({ "jwk": pair.jwk() }))
            .fails(409, "RESOURCE_CONFLICT")
            .await;
        let rsa = json!({ "kty": "RSA", "kid": "small", "n": "AQAB", "e": "AQAB" });
        for bad in [
            json!({}),
            json!({ "jwk": rsa }),
            json!({ "jwk": "x" }),
            json!({ "jwk": { "kty": "oct", "k": "AAAA" } }),
        ] {
            app.manage("POST", "/auth/keys").json(bad).fails(400, "VALIDATION_INVALID_SCHEMA").await;
        }
        app.manage("DELETE", "/auth/keys/mine").ok().await;
        app.call("GET", "required").key(&token).fails(401, "AUTH_INVALID_TOKEN").await;
    });
}

/// The contract's table, cell by cell, with the database role and user.
#[test]
fn the_table_of_http_auth() {
    run(async {
        let (app, other) = (TestApp::new().await, TestApp::new().await);
        for auth in ["required", "optional", "none"] {
            app.deploy_who(auth).await;
        }
        let (token, foreign) = (app.token("alice").await, other.token("alice").await);
        let service = "service_key butterbase_service null";
        let user = "end_user_jwt butterbase_user \"alice\"";
        let anonymous = "anonymous butterbase_service null";
        let client = "anonymous butterbase_anon null";
        for (credential, required, optional, none) in [
            ("", "AUTH_REQUIRED", anonymous, anonymous),
            (token.as_str(), user, user, user),
            (&app.service_key, service, service, service),
            (&other.service_key, "AUTH_INVALID_API_KEY", "AUTH_INVALID_API_KEY", anonymous),
            (&app.anon_key, "AUTH_REQUIRED", client, client),
            (&other.anon_key, "AUTH_INVALID_API_KEY", "AUTH_INVALID_API_KEY", anonymous),
            (&app.admin_key, "AUTH_INVALID_API_KEY", "AUTH_INVALID_API_KEY", anonymous),
            (&foreign, "AUTH_INVALID_TOKEN", "AUTH_INVALID_TOKEN", anonymous),
            ("nonsense", "AUTH_INVALID_TOKEN", "AUTH_INVALID_TOKEN", anonymous),
        ] {
            for (auth, expected) in [("required", required), ("optional", optional), ("none", none)] {
                let ask = app.call("GET", auth);
                let answer = if credential.is_empty() { ask } else { ask.key(credential) }.send().await;
                let body = answer.json();
                let got = if answer.status == 401 {
                    body["code"].as_str().unwrap().to_owned()
                } else {
                    let (caller, db) = (&body["caller"]["type"], &body["db"]);
                    format!("{} {} {}", caller.as_str().unwrap(), db["role"].as_str().unwrap(), db["id"])
                };
                assert_eq!(got, expected, "{auth} with {credential:.12}");
                let is_user = expected == user;
                assert_eq!(body["user"] != Value::Null && answer.status == 200, is_user, "{auth}");
            }
        }
    });
}

#[test]
fn a_token_is_checked_at_its_apps_functions_only() {
    run(async {
        let app = TestApp::new().await;
        let token = app.token("alice").await;
        for path in ["/functions", "/keys", "/config"] {
            let refused = app.client.get(&app.path(path)).key(&token).fails(401, "AUTH_INVALID_TOKEN").await;
            assert_eq!(refused.json()["error"]["details"]["reason"], "not_a_key");
        }
        app.client.get("/v1/apps").key(&token).fails(401, "AUTH_INVALID_TOKEN").await;
    });
}
