//! `/v1/{app}/env` and `/v1/{app}/functions/{name}/env`.

use serde_json::json;
use support::app::{TestApp, shared};
use support::cluster::run;

const SHOW: &str = "export default (req, ctx) => Response.json(ctx.env)";

#[test]
fn app_then_function_then_platform() {
    run(async {
        let app = TestApp::new().await;
        let open = json!({ "type": "http", "config": { "auth": "none" } });
        let fields = json!({ "trigger": open, "envVars": { "OWN": "function", "BOTH": "function" } });
        app.deploy_with("show", SHOW, fields).await;
        let change = json!({ "envVars": { "APP": "app", "BOTH": "app" } });
        let answer = app.manage("PATCH", "/env").json(change).ok().await;
        assert_eq!(answer["updatedKeys"], json!(["APP", "BOTH"]));
        let env = app.call("GET", "show").ok().await;
        assert_eq!(
            env,
            json!({
                "APP": "app", "BOTH": "function", "OWN": "function",
                "BUTTERBASE_APP_ID": app.id, "BUTTERBASE_APP_NAME": "test",
                "BUTTERBASE_API_URL": shared().await.url(), "BUTTERBASE_ANON_KEY": app.anon_key,
            })
        );
    });
}

#[test]
fn a_change_is_seen_by_the_next_call_and_no_value_is_ever_read_back() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("show", SHOW).await;
        app.call("GET", "show").ok().await;
        let patch = |vars| app.manage("PATCH", "/functions/show/env").json(json!({ "envVars": vars }));
        let answer = patch(json!({ "SECRET": "hunter2", "GONE": "x" })).ok().await;
        assert_eq!(answer["updatedKeys"], json!(["GONE", "SECRET"]));
        assert_eq!(app.call("GET", "show").ok().await["SECRET"], "hunter2");
        patch(json!({ "GONE": null })).ok().await;
        assert_eq!(app.call("GET", "show").ok().await.get("GONE"), None);

        let shown = app.manage("GET", "/functions/show").send().await;
        assert_eq!(shown.json()["envKeys"], json!(["SECRET"]));
        let listed = app.manage("GET", "/functions").send().await;
        let keys = app.manage("GET", "/env").send().await;
        assert_eq!(keys.json(), json!({ "keys": [] }), "the platform's own names are not listed");
        for answer in [shown, listed, keys] {
            assert!(!answer.text().contains("hunter2"));
        }
    });
}

#[test]
fn a_redeploy_keeps_it_and_a_delete_wipes_it() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("show", SHOW).await;
        let change = json!({ "envVars": { "A": "1" } });
        app.manage("PATCH", "/functions/show/env").json(change).ok().await;
        app.deploy("show", SHOW).await;
        assert_eq!(app.call("GET", "show").ok().await["A"], "1");
        app.manage("DELETE", "/functions/show").ok().await;
        app.deploy("show", SHOW).await;
        assert_eq!(app.call("GET", "show").ok().await.get("A"), None);
    });
}

#[test]
fn reserved_and_malformed_names_are_refused_at_both_levels() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("show", SHOW).await;
        for vars in [
            json!({ "BUTTERBASE_APP_ID": "x" }),
            json!({ "butterbase_x": null }),
            json!({ "Mayfly_X": "x" }),
            json!({ "1A": "x" }),
            json!({ "A": 1 }),
            json!({ "A": "x".repeat(5121) }),
            json!({}),
        ] {
            let body = json!({ "envVars": vars });
            for place in ["/env", "/functions/show/env"] {
                app.manage("PATCH", place).json(body.clone()).fails(400, "VALIDATION_INVALID_SCHEMA").await;
            }
        }
        let change = json!({ "envVars": { "A": "1" } });
        app.manage("PATCH", "/functions/nope/env").json(change).fails(404, "RESOURCE_NOT_FOUND").await;
    });
}
