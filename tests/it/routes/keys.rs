//! `/v1/{app}/keys`.

use serde_json::json;
use support::app::TestApp;
use support::cluster::run;

#[test]
fn a_key_is_shown_once_and_revoked_for_the_next_request() {
    run(async {
        let app = TestApp::new().await;
        let made = app.manage("POST", "/keys").json(json!({ "name": "ci", "scopes": ["read"] })).send().await;
        assert_eq!(made.status, 201);
        let made = made.json();
        let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
        assert_eq!(made["scopes"], json!(["read"]));
        assert!(key.starts_with(made["prefix"].as_str().unwrap()));

        let listed = app.manage("GET", "/keys").send().await;
        assert!(!listed.text().contains(key) && !listed.text().contains(&app.service_key));
        assert_eq!(listed.json()["keys"].as_array().unwrap().len(), 3, "service, anon, and the new one");

        let read = || app.client.get(&app.path("/functions")).key(key);
        read().ok().await;
        app.manage("DELETE", &format!("/keys/{id}")).ok().await;
        read().fails(401, "AUTH_INVALID_API_KEY").await;
        app.manage("DELETE", "/keys/key_nobody").fails(404, "RESOURCE_NOT_FOUND").await;
    });
}

#[test]
fn scopes_hold_and_cannot_grow() {
    run(async {
        let app = TestApp::new().await;
        let make = |scopes: serde_json::Value| app.manage("POST", "/keys").json(json!({ "scopes": scopes }));
        let reader = make(json!(["read"])).ok().await["key"].as_str().unwrap().to_owned();
        let deployer = make(json!(["deploy"])).ok().await["key"].as_str().unwrap().to_owned();
        let ask = |key: &str, method: &str, rest: &str| app.client.ask(method, &app.path(rest)).key(key);
        let refused = ask(&reader, "POST", "/functions").json(json!({})).fails(403, "AUTH_FORBIDDEN").await;
        assert!(refused.message().contains("`deploy`"), "{}", refused.message());
        ask(&reader, "POST", "/sql").json(json!({ "sql": "select 1" })).fails(403, "AUTH_FORBIDDEN").await;
        ask(&reader, "POST", "/functions/x/invoke").fails(403, "AUTH_FORBIDDEN").await;
        ask(&deployer, "GET", "/functions").fails(403, "AUTH_FORBIDDEN").await;
        ask(&deployer, "POST", "/keys").json(json!({ "scopes": ["deploy"] })).ok().await;
        ask(&deployer, "POST", "/keys").fails(403, "AUTH_FORBIDDEN").await;
    });
}

#[test]
fn another_tenants_key_sees_nothing_and_an_anon_key_manages_nothing() {
    run(async {
        let (app, other) = (TestApp::new().await, TestApp::new().await);
        for (method, rest) in
            [("GET", "/functions"), ("GET", "/keys"), ("GET", "/env"), ("DELETE", "/functions/x")]
        {
            let ask = |key: &str| app.client.ask(method, &app.path(rest)).key(key);
            let foreign = ask(&other.service_key).fails(404, "RESOURCE_NOT_FOUND").await;
            let nowhere =
                app.client.ask(method, &format!("/v1/app_aaaaaaaaaaaa{rest}")).key(&other.service_key);
            let nowhere = nowhere.fails(404, "RESOURCE_NOT_FOUND").await;
            assert_eq!(foreign.message(), nowhere.message(), "existence must not leak");
            ask(&app.anon_key).fails(403, "AUTH_FORBIDDEN").await;
            ask(&app.admin_key).ok().await;
        }
    });
}
