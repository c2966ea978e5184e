//! `/v1/{app}/functions`, `/v1/{app}/functions/{name}` and its settings.

use serde_json::json;
use support::app::TestApp;
use support::cluster::run;

const CODE: &str = "export default (req) => new Response('x', { status: Number(new URL(req.url).searchParams.get('s') ?? 200) })";

#[test]
fn the_list_shows_how_each_did() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("b", CODE).await;
        app.deploy("a", CODE).await;
        for status in ["200", "500", "404"] {
            app.call("GET", &format!("b?s={status}")).send().await;
        }
        // Reading the log waits for the records of what was answered.
        assert_eq!(app.logs("b").await.len(), 3);
        let list = app.manage("GET", "/functions").ok().await;
        let functions = list["functions"].as_array().unwrap();
        let names: Vec<_> = functions.iter().map(|function| function["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["a", "b"]);
        let (idle, busy) = (&functions[0], &functions[1]);
        assert_eq!(
            (&idle["invocationCount"], &idle["lastInvoked"], &idle["status"]),
            (&json!(0), &json!(null), &json!("active"))
        );
        assert_eq!(
            (&busy["invocationCount"], &busy["lastStatus"], &busy["status"]),
            (&json!(3), &json!(404), &json!("error"))
        );
        assert!((busy["errorRate"].as_f64().unwrap() - 2.0 / 3.0).abs() < 1e-9);
    });
}

#[test]
fn one_is_shown_with_its_source_and_settings() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("hello", CODE).await;
        let shown = app.manage("GET", "/functions/hello").ok().await;
        assert_eq!(shown["code"], CODE);
        assert_eq!(
            (&shown["timeoutMs"], &shown["cpuLimitMs"], &shown["memoryLimitMb"]),
            (&json!(30000), &json!(10000), &json!(128))
        );
        app.manage("GET", "/functions/nope").fails(404, "RESOURCE_NOT_FOUND").await;
    });
}

#[test]
fn settings_change_for_the_next_call() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("spin", "export default () => { for (;;) {} }").await;
        let patch = json!({ "cpuLimitMs": 20, "allow_service_key_impersonation": false });
        let answer = app.manage("PATCH", "/functions/spin/settings").json(patch).ok().await;
        assert_eq!(answer["function"]["cpuLimitMs"], 20);
        let refused = app.call("GET", "spin").fails(500, "FUNCTION_CPU_LIMIT").await;
        assert_eq!(refused.json()["error"]["details"]["limit_ms"], 20);
        let impersonated =
            app.call("GET", "spin").key(&app.service_key).header("x-butterbase-as-user", "alice");
        impersonated.fails(403, "AUTH_IMPERSONATION_DISABLED").await;
        for body in [json!({}), json!({ "cpuLimitMs": 0 }), json!({ "name": "x" })] {
            app.manage("PATCH", "/functions/spin/settings")
                .json(body)
                .fails(400, "VALIDATION_INVALID_SCHEMA")
                .await;
        }
        let patch = json!({ "cpuLimitMs": 20 });
        app.manage("PATCH", "/functions/nope/settings").json(patch).fails(404, "RESOURCE_NOT_FOUND").await;
    });
}

#[test]
fn a_delete_is_always_a_success_and_takes_effect_at_once() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("hello", CODE).await;
        assert_eq!(app.call("GET", "hello").send().await.status, 200);
        for _ in 0..2 {
            let answer = app.manage("DELETE", "/functions/hello").ok().await;
            assert_eq!(answer, json!({ "success": true }));
            app.call("GET", "hello").fails(404, "RESOURCE_NOT_FOUND").await;
        }
    });
}
