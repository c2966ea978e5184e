//! `/v1/apps` and `/v1/apps/{app}`.

use serde_json::json;
use support::app::{TestApp, shared};
use support::cluster::run;

#[test]
fn an_app_is_made_listed_shown_and_deleted() {
    run(async {
        let node = shared().await;
        let (client, admin) = (node.client(), node.admin_key());
        let made = client.post("/v1/apps").key(admin).json(json!({ "name": "my-app" })).send().await;
        assert_eq!(made.status, 201);
        let made = made.json();
        let id = made["app_id"].as_str().unwrap();
        assert_eq!(made["name"], "my-app");
        assert_eq!(made["api_base"], format!("{}/v1/{id}", node.url()));
        assert!(made["service_key"].as_str().unwrap().starts_with("bb_sk_"));
        assert!(made["anon_key"].as_str().unwrap().starts_with("bb_anon_"));

        let listed = client.get("/v1/apps").key(admin).ok().await;
        assert!(listed["apps"].as_array().unwrap().iter().any(|app| app["app_id"] == id));
        let path = format!("/v1/apps/{id}");
        let shown = client.get(&path).key(admin).ok().await;
        assert_eq!((&shown["state"], &shown["paused"]), (&json!("ready"), &json!(false)));

        let unsure = client.ask("DELETE", &path).key(admin).fails(409, "STATE_PREREQUISITE_MISSING").await;
        assert!(unsure.message().contains(&format!("?confirm={id}")), "{}", unsure.message());
        let wrong = format!("{path}?confirm=app_aaaaaaaaaaaa");
        client.ask("DELETE", &wrong).key(admin).fails(409, "STATE_PREREQUISITE_MISSING").await;
        client.ask("DELETE", &format!("{path}?confirm={id}")).key(admin).ok().await;
        client.get(&path).key(admin).fails(404, "RESOURCE_NOT_FOUND").await;
        client
            .ask("DELETE", &format!("{path}?confirm={id}"))
            .key(admin)
            .fails(404, "RESOURCE_NOT_FOUND")
            .await;
        let key = made["service_key"].as_str().unwrap();
        let functions = client.get(&format!("/v1/{id}/functions")).key(key).send().await;
        assert!([401, 404].contains(&functions.status), "{}", functions.text());
    });
}

#[test]
fn only_the_operator_may() {
    run(async {
        let app = TestApp::new().await;
        let client = &app.client;
        client.get("/v1/apps").fails(401, "AUTH_REQUIRED").await;
        client.get("/v1/apps").key("nonsense").fails(401, "AUTH_INVALID_TOKEN").await;
        client
            .get("/v1/apps")
            .key(&format!("mf_admin_{}", "0".repeat(40)))
            .fails(401, "AUTH_INVALID_API_KEY")
            .await;
        client.get("/v1/apps").key(&app.service_key).fails(403, "AUTH_FORBIDDEN").await;
        let own = format!("/v1/apps/{}", app.id);
        client.get(&own).key(&app.service_key).fails(403, "AUTH_FORBIDDEN").await;
        let twice = client.get("/v1/apps").key(&app.admin_key).key(&app.admin_key);
        twice.fails(401, "AUTH_INVALID_TOKEN").await;
    });
}

#[test]
fn a_body_that_is_wrong_is_named() {
    run(async {
        let node = shared().await;
        let post = || node.client().post("/v1/apps").key(node.admin_key());
        for (body, path) in [
            (json!({}), "name: is required"),
            (json!({ "name": "Bad Name" }), "name: must match"),
            (json!({ "name": 5 }), "name: expected a string"),
            (json!({ "name": "ok", "plan": "pro" }), "plan: is not a known field"),
            (json!([]), "expected an object"),
        ] {
            let answer = post().json(body.clone()).fails(400, "VALIDATION_INVALID_SCHEMA").await;
            assert!(answer.message().starts_with(path), "{body}: {}", answer.message());
        }
        let answer = post().body("{\"name\":").fails(400, "VALIDATION_INVALID_SCHEMA").await;
        assert!(answer.message().contains("line 1 column"), "{}", answer.message());
        post().fails(400, "VALIDATION_INVALID_SCHEMA").await;
        let deep = "[".repeat(60_000);
        post().body(deep).fails(400, "VALIDATION_INVALID_SCHEMA").await;
        // Most management routes take 64 KiB.
        post().body("[".repeat((64 << 10) + 1)).fails(413, "PAYLOAD_TOO_LARGE").await;
        post().body(" ".repeat(64 << 10)).fails(400, "VALIDATION_INVALID_SCHEMA").await;
    });
}
