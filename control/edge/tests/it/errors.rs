//! Errors and what goes with every answer: the problem, the request's id, timings, panics and the deadline.

use std::time::Duration;

use mayfly_api::routes::RouteId;
use mayfly_edge::EdgeLimits;
use serde_json::json;

use crate::fake::Script;
use crate::node::{APP, Node};

#[tokio::test]
async fn an_error_is_a_problem_with_the_id_of_the_request() {
    let node = Node::start(Script { fails: Some("authorize"), ..Script::default() }).await;
    let answer = node.client().await.ask("GET", "/v1/apps", &[("x-request-id", "mine-1")], "").await;
    assert_eq!(answer.status, 409);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert_eq!(answer.headers["x-error-source"], "caller");
    assert_eq!(answer.headers["x-request-id"], "mine-1");
    let page = "https://mayfly.test/errors/RESOURCE_CONFLICT";
    let problem = answer.json();
    assert_eq!(problem["request_id"], "mine-1");
    assert_eq!((&problem["type"], &problem["status"]), (&json!(page), &json!(409)));
    assert_eq!((&problem["code"], &problem["detail"]), (&json!("RESOURCE_CONFLICT"), &json!("on purpose")));
    let error = &problem["error"];
    assert_eq!((&error["code"], &error["message"]), (&json!("RESOURCE_CONFLICT"), &json!("on purpose")));
    assert_eq!(error["documentation_url"], page);
    assert!(problem["title"].is_string() && error["remediation"].is_string());
}

#[tokio::test]
async fn a_request_without_an_id_of_its_own_is_given_one() {
    let node = Node::start(Script::default()).await;
    let mut client = node.client().await;
    for sent in [&[][..], &[("x-request-id", "not harmless")]] {
        let answer = client.ask("GET", "/nowhere", sent, "").await;
        let id = answer.header("x-request-id").to_owned();
        assert!(id.starts_with("req_"), "{id}");
        assert_eq!(answer.json()["request_id"], id);
    }
    let answer = client.ask("GET", &format!("/v1/{APP}/fn/hello"), &[("x-request-id", "a:1")], "").await;
    assert_eq!((answer.status.as_u16(), answer.header("x-request-id")), (200, "a:1"), "a success has it too");
}

#[tokio::test]
async fn a_panic_is_500_and_the_connection_lives_on() {
    let mut node = Node::start(Script { panics: true, ..Script::default() }).await;
    let mut client = node.client().await;
    for path in ["/v1/apps".to_owned(), format!("/v1/{APP}/fn/hello")] {
        let answer = client.ask("GET", &path, &[], "").await;
        assert_eq!((answer.status.as_u16(), &*answer.code()), (500, "INTERNAL_ERROR"), "{path}");
        assert!(!answer.json().to_string().contains("on purpose"), "a panic's text is private");
    }
    assert_eq!(client.ask("GET", "/errors/INTERNAL_ERROR", &[], "").await.status, 200);
    assert!(node.events().contains(&"serve AppsList".to_owned()));
}

#[tokio::test]
async fn what_takes_longer_than_the_deadline_is_503() {
    let limits = EdgeLimits { deadline: Duration::from_millis(50), ..EdgeLimits::default() };
    let mut node = Node::with_limits(Script { held: true, ..Script::default() }, limits).await;
    let mut client = node.client().await;
    let answer = client.ask("GET", "/v1/apps", &[], "").await;
    assert_eq!((answer.status.as_u16(), &*answer.code()), (503, "OVERLOADED"));
    assert_eq!(node.events(), ["authorize", "serve AppsList"]);
    assert_eq!(client.ask("GET", "/errors/OVERLOADED", &[], "").await.status, 200, "the connection lives on");
}

#[tokio::test]
async fn only_trusted_callers_get_timings() {
    let path = format!("/v1/{APP}/fn/hello");
    for trusted in [true, false] {
        let node = Node::start(Script { trusted, ..Script::default() }).await;
        node.fake.answer(RouteId::Live, json!({ "status": "alive" }));
        let mut client = node.client().await;
        let called = client.ask("GET", &path, &[], "").await;
        assert_eq!(called.header("server-timing").starts_with("total;dur="), trusted);
        let managed = client.ask("GET", "/v1/apps", &[], "").await;
        assert!(managed.header("server-timing").starts_with("total;dur="), "errors have it too");
        let open = client.ask("GET", "/livez", &[], "").await;
        assert_eq!((open.status.as_u16(), open.header("server-timing")), (200, ""));
    }
}

#[tokio::test]
async fn a_call_says_what_is_left_of_its_limits() {
    let node = Node::start(Script::default()).await;
    let answer = node.ask("PUT", &format!("/v1/{APP}/fn/hello/sub")).await;
    assert_eq!(answer.body, format!("PUT /v1/{APP}/fn/hello/sub 0"));
    assert_eq!(answer.headers["ratelimit"], "\"second\";r=9;t=1");
    assert_eq!(answer.headers["x-invocation-id"], "inv_1");
}
