//! `PATCH /v1/{app}/config`: the kill switch.

use serde_json::json;
use support::app::TestApp;
use support::cluster::run;

#[test]
fn a_paused_app_answers_nobody_until_it_is_resumed() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("hello", "export default () => new Response('hi')").await;
        assert_eq!(app.call("GET", "hello").send().await.text(), "hi");
        let change = json!({ "paused": true, "reason": "unpaid" });
        let answer = app.manage("PATCH", "/config").json(change).ok().await;
        assert_eq!(answer, json!({ "app_id": app.id, "paused": true, "reason": "unpaid" }));

        let refused = app.call("GET", "hello").fails(503, "APP_PAUSED").await;
        assert_eq!(refused.header("retry-after"), "60");
        assert_eq!(refused.json()["error"]["details"]["paused_reason"], "unpaid");
        app.manage("POST", "/functions/hello/invoke").fails(503, "APP_PAUSED").await;
        app.manage("GET", "/functions").ok().await;

        app.manage("PATCH", "/config").json(json!({ "paused": false })).ok().await;
        assert_eq!(app.call("GET", "hello").send().await.text(), "hi");
        for body in [json!({}), json!({ "paused": "no" }), json!({ "paused": true, "cors_origins": [] })] {
            app.manage("PATCH", "/config").json(body).fails(400, "VALIDATION_INVALID_SCHEMA").await;
        }
    });
}
