//! `POST /v1/{app}/functions`.

use serde_json::json;
use support::app::{TestApp, deploy_body};
use support::cluster::run;

const HELLO: &str =
    "export async function handler(req: Request): Promise<Response> { return new Response('one') }";

#[test]
fn a_deploy_answers_with_all_there_is_to_know() {
    run(async {
        let app = TestApp::new().await;
        let made = app.manage("POST", "/functions").json(deploy_body("hello", HELLO, json!({}))).send().await;
        assert_eq!(made.status, 200);
        let made = made.json();
        assert_eq!(made["name"], "hello");
        assert_eq!(made["status"], "deployed");
        assert_eq!(made["version"], 1);
        assert_eq!(made["id"], made["function_id"]);
        assert!(made["url"].as_str().unwrap().ends_with(&format!("/v1/{}/fn/hello", app.id)));
        assert_eq!(made["triggers"], json!([{ "type": "http", "enabled": true }]));
        assert!(made["image_bytes"].as_u64().unwrap() > 0 && made["init_fuel"].as_u64().is_some());
        assert!(made["deployedAt"].as_str().unwrap().ends_with('Z'));
        app.call("GET", "hello").fails(401, "AUTH_REQUIRED").await;
        assert_eq!(app.call("GET", "hello").key(&app.service_key).send().await.text(), "one");
    });
}

#[test]
fn code_that_cannot_run_is_refused_with_its_place_and_the_old_version_serves_on() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("hello", HELLO).await;
        for (code, reason) in [
            ("export default () => {\n  let = 1\n}", "syntax"),
            ("export const x = 1", "no_handler"),
            ("throw new Error('at start'); export default () => {}", "top_level_threw"),
            ("for (;;) {} export default () => {}", "top_level_limit"),
        ] {
            let body = deploy_body("hello", code, json!({}));
            let refused =
                app.manage("POST", "/functions").json(body).fails(400, "VALIDATION_INVALID_CODE").await;
            let details = &refused.json()["error"]["details"];
            assert_eq!(details["reason"], reason, "{}", refused.text());
            if reason == "syntax" {
                assert_eq!((&details["line"], &details["source_line"]), (&json!(2), &json!("  let = 1")));
            }
            assert_eq!(app.call("GET", "hello").send().await.text(), "one");
        }
        let versions = app.manage("GET", "/functions/hello/versions").ok().await;
        assert_eq!(versions["versions"].as_array().unwrap().len(), 1, "nothing was stored");
    });
}

#[test]
fn a_source_map_that_is_none_is_refused_by_its_name() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("hello", HELLO).await;
        let map = |mappings: &str| {
            json!({ "version": 3, "sources": ["a.ts"], "names": [], "mappings": mappings }).to_string()
        };
        for (bad, why) in [
            ("nonsense".to_owned(), "is not a source map (JSON, version 3)"),
            (json!({ "version": 2, "sources": [], "mappings": "" }).to_string(), "version: 2"),
            (map("!!"), "has mappings that cannot be decoded"),
        ] {
            let body = deploy_body("hello", HELLO, json!({ "sourceMap": bad }));
            let refused =
                app.manage("POST", "/functions").json(body).fails(400, "VALIDATION_INVALID_SCHEMA").await;
            let error = refused.json()["error"].clone();
            assert_eq!(error["details"]["path"], "sourceMap");
            let message = error["message"].as_str().unwrap();
            assert!(message.starts_with("sourceMap: ") && message.contains(why), "{message}");
        }
        let body = deploy_body("hello", HELLO, json!({ "sourceMap": map("AAAA") }));
        assert_eq!(app.manage("POST", "/functions").json(body).ok().await["version"], 2);
    });
}

#[test]
fn what_a_redeploy_leaves_out_keeps_its_value() {
    run(async {
        let app = TestApp::new().await;
        let fields = json!({
            "description": "says one", "timeoutMs": 5000, "cpuLimitMs": 4000, "memoryLimitMb": 64, "agent_tool": true,
            "agent_tool_mode": "read_write", "allow_service_key_impersonation": false,
            "trigger": { "type": "http", "config": { "auth": "none", "method": "GET" } },
        });
        app.deploy_with("hello", HELLO, fields).await;
        let second = app.deploy_with("hello", HELLO, json!({ "timeoutMs": 6000 })).await;
        assert_eq!(second["version"], 2);
        let shown = app.manage("GET", "/functions/hello").ok().await;
        for (member, value) in [
            ("description", json!("says one")),
            ("timeoutMs", json!(6000)),
            ("cpuLimitMs", json!(4000)),
            ("memoryLimitMb", json!(64)),
            ("agent_tool", json!(true)),
            ("agent_tool_mode", json!("read_write")),
            ("allow_service_key_impersonation", json!(false)),
            (
                "triggers",
                json!([{ "type": "http", "enabled": true, "config": { "auth": "none", "method": "GET" } }]),
            ),
        ] {
            assert_eq!(shown[member], value, "{member}");
        }
    });
}

#[test]
fn every_field_is_checked_before_anything_runs() {
    run(async {
        let app = TestApp::new().await;
        for (fields, code, path) in [
            (json!({ "memory": 1 }), "VALIDATION_INVALID_SCHEMA", "memory: is not a known field"),
            (json!({ "timeoutMs": 0 }), "VALIDATION_INVALID_SCHEMA", "timeoutMs: "),
            (json!({ "memoryLimitMb": 8 }), "VALIDATION_INVALID_SCHEMA", "memoryLimitMb: "),
            (json!({ "envVars": { "MAYFLY_X": "1" } }), "VALIDATION_INVALID_SCHEMA", "envVars.MAYFLY_X: "),
            (
                json!({ "triggers": [{ "type": "http", "config": { "auth": "sometimes" } }] }),
                "VALIDATION_INVALID_SCHEMA",
                "triggers[0].config.auth: ",
            ),
            (
                json!({ "trigger": { "type": "s3_upload", "config": { "bucket": "a..b" } } }),
                "VALIDATION_INVALID_SCHEMA",
                "trigger.config.bucket: ",
            ),
        ] {
            let body = deploy_body("hello", HELLO, fields.clone());
            let refused = app.manage("POST", "/functions").json(body).fails(400, code).await;
            assert!(refused.message().starts_with(path), "{fields}: {}", refused.message());
        }
        let long = deploy_body("hello", &"x".repeat((10 << 20) + 1), json!({}));
        app.manage("POST", "/functions").json(long).fails(400, "VALIDATION_INVALID_SCHEMA").await;
        assert_eq!(app.manage("GET", "/functions").ok().await, json!({ "functions": [] }));
    });
}

#[test]
fn deploys_of_one_function_at_once_are_all_kept_and_one_serves() {
    run(async {
        let app = TestApp::new().await;
        let deploys = (0..6).map(|n| {
            let app = app.clone();
            async move { app.deploy("hello", &format!("export default () => new Response('{n}')")).await }
        });
        let mut versions: Vec<u64> = Vec::new();
        for deploy in deploys.map(tokio::spawn).collect::<Vec<_>>() {
            versions.push(deploy.await.unwrap()["version"].as_u64().unwrap());
        }
        versions.sort_unstable();
        assert_eq!(versions, [1, 2, 3, 4, 5, 6]);
        assert_eq!(app.call("GET", "hello").send().await.status, 200);
    });
}
