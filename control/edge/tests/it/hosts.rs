//! Hosts of apps: what is asked of one is a call of its function, and nothing else can be reached by it.

use mayfly_api::hosts::OriginVerdict;
use mayfly_api::routes::RouteId;
use mayfly_edge::EdgeLimits;
use serde_json::json;

use crate::fake::{SHOP, Script};
use crate::node::{APP, Node};

const CALL: [&str; 5] = ["resolve", "authorize", "count", "admit", "serve FunctionCall"];

async fn ask(node: &Node, method: &str, path: &str, host: &str) -> crate::client::Answer {
    node.client().await.ask(method, path, &[("host", host)], "").await
}

#[tokio::test]
async fn a_path_of_an_apps_host_is_one_of_its_functions() {
    let mut node = Node::start(Script::default()).await;
    for (host, path, called) in [
        ("shop.apps.example", "/hello/a?b=c", "/fn/hello/a"),
        ("SHOP.apps.example:8080", "/hello", "/fn/hello"),
        ("shop.apps.example.", "/hello/", "/fn/hello/"),
        ("web.apps.example", "/", "/fn/web"),
        ("web.apps.example", "/hello/a?b", "/fn/web/hello/a"),
    ] {
        let answer = ask(&node, "GET", path, host).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text()),
            (200, format!("GET /v1/{SHOP}{called} 0")),
            "{host}{path}"
        );
        assert_eq!(node.events(), CALL);
    }
}

#[tokio::test]
async fn nothing_of_the_servers_own_is_below_an_apps_host() {
    let mut node = Node::start(Script::default()).await;
    for (method, path) in [
        ("GET", "/v1/apps"),
        ("DELETE", "/v1/apps/app_0123456789ab"),
        ("GET", "/livez"),
        ("GET", "/readyz"),
        ("GET", "/openapi.json"),
        ("POST", "/mcp"),
        ("GET", "/v1/app_0123456789ab/fn/other"),
        ("GET", "/v1/app_0123456789ab/realtime"),
        ("GET", "/v1/app_0123456789ab/s3/bucket/key"),
        ("GET", "//v1/apps"),
    ] {
        for host in ["shop.apps.example", "web.apps.example"] {
            let answer = ask(&node, method, path, host).await;
            // The fake has every function: a real server answers 404 where there is none.
            assert!(
                answer.text().starts_with(&format!("{method} /v1/{SHOP}/fn")),
                "{host}{path}: {}",
                answer.text()
            );
            assert_eq!(node.events(), CALL, "{host}{path}");
        }
    }
    let up = ask(&node, "GET", "/v1/../apps", "web.apps.example").await;
    assert_eq!((up.status.as_u16(), &*up.code()), (400, "VALIDATION_INVALID_SCHEMA"));
}

#[tokio::test]
async fn a_host_without_an_app_is_404_and_any_other_is_the_servers() {
    let mut node = Node::start(Script::default()).await;
    node.fake.answer(RouteId::AppsList, json!({ "apps": [] }));
    for path in ["/", "/v1/apps", "/livez", &format!("/v1/{APP}/fn/hello")] {
        let answer = ask(&node, "GET", path, "unknown.apps.example").await;
        assert_eq!((answer.status.as_u16(), &*answer.code()), (404, "RESOURCE_NOT_FOUND"), "{path}");
    }
    assert_eq!(node.events(), [""; 0]);
    for host in ["mayfly.test", "127.0.0.1:8787", "apps.example.evil.example", "[::1]:80"] {
        assert_eq!(ask(&node, "GET", "/v1/apps", host).await.status, 200, "{host}");
        assert_eq!(ask(&node, "GET", "/hello", host).await.status, 404, "{host}");
    }
    let mut client = node.client().await;
    let two = [("host", "shop.apps.example"), ("host", "mayfly.test")];
    let answer = client.ask("GET", "/v1/apps", &two, "").await;
    assert_eq!(answer.status, 400, "whose it is was anyone's guess");
}

#[tokio::test]
async fn origins_and_limits_are_those_of_the_hosts_app() {
    let mut node = Node::start(Script { listed: OriginVerdict::Named, ..Script::default() }).await;
    let headers = [("host", "shop.apps.example"), ("origin", "https://page.example")];
    let answer = node.client().await.ask("GET", "/hello", &headers, "").await;
    assert_eq!(answer.header("access-control-allow-origin"), "https://page.example");
    assert_eq!(node.events()[0], "check_origin https://page.example");
    let preflight = [headers[0], headers[1], ("access-control-request-method", "PUT")];
    let answer = node.client().await.ask("OPTIONS", "/hello", &preflight, "").await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-methods")), (204, "PUT"));

    // The host's app has one of two places, which is its whole part.
    let limits = EdgeLimits { requests_max: 2, ..EdgeLimits::default() };
    let mut node = Node::with_limits(Script { held: true, ..Script::default() }, limits).await;
    let mut first = node.client().await;
    let first =
        tokio::spawn(
            async move { first.ask("GET", "/hello", &[("host", "shop.apps.example")], "").await.status },
        );
    while node.event().await != "serve FunctionCall" {}
    let second = ask(&node, "GET", "/", "web.apps.example").await;
    assert_eq!((second.status.as_u16(), &*second.code()), (429, "CONCURRENCY_LIMIT"));
    node.fake.release();
    assert_eq!(first.await.unwrap(), 200);
}

#[tokio::test]
async fn a_server_with_one_app_answers_short_paths_by_its_functions() {
    let mut node = Node::start(Script { home: Some(APP), ..Script::default() }).await;
    node.fake.answer(RouteId::AppsList, json!({ "apps": [] }));
    let answer = node.ask("GET", "/hello/a?b").await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, format!("GET /v1/{APP}/fn/hello/a 0")));
    assert_eq!(node.events(), CALL);
    assert_eq!(node.ask("GET", "/v1/apps").await.text(), r#"{"apps":[]}"#);
    assert_eq!(node.ask("PUT", "/v1/apps").await.status, 405);
    assert_eq!(node.ask("GET", "/").await.status, 404);
}
