//! Unknown paths, methods and fields on every route, and the error pages.

use serde_json::json;
use support::app::{TestApp, shared};
use support::cluster::run;

#[test]
fn unknown_paths_and_wrong_methods() {
    run(async {
        let client = shared().await.client();
        for path in ["/", "/v1", "/v2/apps", "/v1/apps/x/y", "/v1/app_short/functions", "/metrics/x", "/%00"]
        {
            client.get(path).fails(404, "RESOURCE_NOT_FOUND").await;
        }
        let refused = client.post("/livez").fails(405, "METHOD_NOT_ALLOWED").await;
        assert_eq!(refused.header("allow"), "GET");
        let refused = client.ask("PUT", "/v1/apps").fails(405, "METHOD_NOT_ALLOWED").await;
        assert_eq!(refused.header("allow"), "GET, POST");
    });
}

#[test]
fn an_errors_page_is_where_the_error_says() {
    run(async {
        let node = shared().await;
        let refused = node.client().get("/nowhere").fails(404, "RESOURCE_NOT_FOUND").await;
        let address = refused.json()["type"].as_str().unwrap().to_owned();
        let path = address.strip_prefix(node.url()).unwrap().to_owned();
        let page = node.client().get(&path).send().await;
        assert!(page.text().starts_with("# RESOURCE_NOT_FOUND"));
        assert_eq!(page.header("content-type"), "text/markdown; charset=utf-8");
        node.client().get("/errors/NO_SUCH_CODE").fails(404, "RESOURCE_NOT_FOUND").await;
    });
}

#[test]
fn every_answer_carries_a_request_id_the_callers_where_it_is_harmless() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("id", "export default (req, ctx) => new Response(ctx.request.id, { headers: { 'x-request-id': 'forged' } })")
            .await;
        let answer = app.call("GET", "id").header("x-request-id", "abc-123").send().await;
        assert_eq!((answer.header("x-request-id"), answer.text().as_str()), ("abc-123", "abc-123"));
        let made = app.call("GET", "id").header("x-request-id", "no spaces please").send().await;
        assert!(made.header("x-request-id").starts_with("req_"));
        assert_eq!(made.header("x-request-id"), made.text());
        let timing = app.call("GET", "id").send().await;
        assert_eq!(timing.header("server-timing"), "", "strangers are not told");
        let timing = app.call("GET", "id").key(&app.service_key).send().await;
        assert!(timing.header("server-timing").contains("total;dur="));
    });
}

/// PostgreSQL stores no NUL: it is refused before it gets there.
#[test]
fn a_nul_is_refused_in_bodies_queries_and_paths() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("hello", "export const handler = () => new Response()").await;
        let named = app.manage("POST", "/keys").json(json!({ "name": "a\0b" }));
        named.fails(400, "VALIDATION_INVALID_SCHEMA").await;
        let logs = app.manage("GET", "/functions/hello/logs?invocation=%00");
        logs.fails(400, "VALIDATION_INVALID_SCHEMA").await;
        app.manage("DELETE", "/auth/keys/a%00b").fails(404, "RESOURCE_NOT_FOUND").await;
    });
}
