//! The order of the stages: a request that fails at one has not reached the next.

use mayfly_api::route::BodyLimit;
use mayfly_edge::EdgeLimits;

use crate::client::{Answer, chunked};
use crate::fake::Script;
use crate::node::{APP, Node};

/// What a request came to whose stage `fails`, and the questions that were asked.
async fn failing_at(fails: &'static str, method: &str, path: &str, body: &str) -> (Answer, Vec<String>) {
    let mut node = Node::start(Script { fails: Some(fails), ..Script::default() }).await;
    let answer = node.client().await.ask(method, path, &[], body.to_owned()).await;
    let events = node.events();
    (answer, events)
}

#[tokio::test]
async fn a_call_is_resolved_authorized_counted_read_admitted_and_run() {
    let stages = ["resolve", "authorize", "count", "admit", "serve FunctionCall"];
    let path = format!("/v1/{APP}/fn/hello");
    for (place, stage) in stages.into_iter().enumerate() {
        let (answer, events) = failing_at(stage, "POST", &path, "body").await;
        assert_eq!((answer.status.as_u16(), &*answer.code()), (409, "RESOURCE_CONFLICT"), "{stage}");
        assert_eq!(events, stages[..=place]);
    }
}

#[tokio::test]
async fn a_test_call_is_authorized_counted_read_admitted_and_run() {
    let stages = ["authorize", "count", "admit", "serve FunctionsInvoke"];
    let path = format!("/v1/{APP}/functions/hello/invoke");
    for (place, stage) in stages.into_iter().enumerate() {
        let (answer, events) = failing_at(stage, "POST", &path, "{}").await;
        assert_eq!(answer.status, 409, "{stage}");
        assert_eq!(events, stages[..=place]);
    }
}

#[tokio::test]
async fn a_webhook_is_checked_before_its_body_is_read() {
    let stages = ["check_webhook", "authorize", "serve WebhookDeliver"];
    let path = format!("/v1/{APP}/webhook/hello");
    for (place, stage) in stages.into_iter().enumerate() {
        let (answer, events) = failing_at(stage, "POST", &path, "{}").await;
        assert_eq!(answer.status, 409, "{stage}");
        assert_eq!(events, stages[..=place]);
    }
    let mut node = Node::start(Script::default()).await;
    let answer = node.client().await.ask("POST", &path, &[("x-a", "1")], "raw".to_owned()).await;
    assert_eq!((answer.status.as_u16(), answer.header("x-invocation-id")), (201, "inv_1"));
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(text.starts_with("POST hello https://") && text.ends_with("/webhook/hello b\"raw\""), "{text}");
    node.events();
}

#[tokio::test]
async fn the_body_of_a_refused_request_is_not_looked_at() {
    let too_large = " ".repeat(BodyLimit::SMALL_BYTES + 1);
    let (answer, events) = failing_at("authorize", "POST", "/v1/apps", &too_large).await;
    assert_eq!(answer.status, 409);
    assert_eq!(events, ["authorize"]);
}

#[tokio::test]
async fn a_body_that_fails_takes_no_permit() {
    let limits = EdgeLimits { body_bytes_max: 100, upload_bytes_max: 200, ..EdgeLimits::default() };
    let mut node = Node::with_limits(Script::default(), limits).await;
    for (path, bytes, expected) in [
        (format!("/v1/{APP}/fn/hello"), 201, &["resolve", "authorize", "count"][..]),
        (format!("/v1/{APP}/functions/hello/invoke"), 101, &["authorize", "count"]),
        ("/v1/apps".to_owned(), 101, &["authorize"]),
    ] {
        let mut client = node.client().await;
        let response = client.send("POST", &path, &[], chunked(" ".repeat(bytes))).await;
        let answer = Answer::of(response).await;
        assert_eq!((answer.status.as_u16(), &*answer.code()), (413, "PAYLOAD_TOO_LARGE"), "{path}");
        assert_eq!(node.events(), expected, "{path}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_is_not_handled() {
    let mut node = Node::start(Script::default()).await;
    let answer = node.client().await.ask("POST", "/v1/apps", &[], "{").await;
    assert_eq!((answer.status.as_u16(), &*answer.code()), (400, "VALIDATION_INVALID_SCHEMA"));
    assert_eq!(node.events(), ["authorize"]);
}

#[tokio::test]
async fn a_body_that_announces_too_much_is_asked_for_nothing() {
    let limits = EdgeLimits { upload_bytes_max: 200, ..EdgeLimits::default() };
    let mut node = Node::with_limits(Script::default(), limits).await;
    let answer = node.client().await.ask("POST", &format!("/v1/{APP}/fn/hello"), &[], " ".repeat(201)).await;
    assert_eq!(answer.status, 413);
    assert_eq!(answer.header("connection"), "close");
    assert_eq!(node.events(), [""; 0]);
}
