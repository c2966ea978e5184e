//! Bodies: their limits at the bound, and what is said of their mistakes.

use mayfly_api::route::BodyLimit;
use mayfly_edge::EdgeLimits;
use serde_json::json;

use crate::client::{Answer, Client, chunked, whole};
use crate::fake::Script;
use crate::node::{APP, Node};

const LARGE_BYTES: usize = 100 << 10;

/// JSON of this many bytes.
fn padded(json: &str, bytes: usize) -> String {
    format!("{json}{}", " ".repeat(bytes - json.len()))
}

#[tokio::test]
async fn a_body_of_the_limit_is_read_and_one_byte_more_is_413() {
    let limits = EdgeLimits { body_bytes_max: LARGE_BYTES, ..EdgeLimits::default() };
    let mut node = Node::with_limits(Script::default(), limits).await;
    let sql = format!("/v1/{APP}/sql");
    for (path, json, limit, served) in [
        ("/v1/apps", r#"{"name":"shop"}"#, BodyLimit::SMALL_BYTES, "serve AppsCreate"),
        (&*sql, r#"{"sql":"select 1"}"#, LARGE_BYTES, "serve SqlRun"),
    ] {
        for make in [whole, chunked] {
            let response = node.client().await.send("POST", path, &[], make(padded(json, limit))).await;
            assert_eq!(
                Answer::of(response).await.code(),
                "STATE_PREREQUISITE_MISSING",
                "the fake's own answer"
            );
            assert_eq!(node.events(), ["authorize", served]);
            let response = node.client().await.send("POST", path, &[], make(padded(json, limit + 1))).await;
            let refused = Answer::of(response).await;
            assert_eq!((refused.status.as_u16(), &*refused.code()), (413, "PAYLOAD_TOO_LARGE"));
            assert_eq!(refused.json()["error"]["details"], json!({ "limit_bytes": limit }));
            assert_eq!(refused.header("connection"), "close");
            assert_eq!(node.events(), ["authorize"]);
        }
    }
}

async fn details(client: &mut Client, path: &str, body: &str) -> serde_json::Value {
    let method = if body.is_empty() { "GET" } else { "POST" };
    let answer = client.ask(method, path, &[], body.to_owned()).await;
    assert_eq!(
        (answer.status.as_u16(), &*answer.code()),
        (400, "VALIDATION_INVALID_SCHEMA"),
        "{path} {body}"
    );
    answer.json()["error"]["details"].clone()
}

#[tokio::test]
async fn a_mistake_is_named_by_its_path_with_what_was_meant() {
    let mut node = Node::start(Script::default()).await;
    let mut client = node.client().await;
    let functions = format!("/v1/{APP}/functions");
    for (path, body, expected) in [
        ("/v1/apps", "{}", json!({ "path": "name" })),
        ("/v1/apps", r#"{"nam":"shop"}"#, json!({ "path": "nam", "suggestion": "name" })),
        ("/v1/apps", "[]", json!({ "path": "" })),
        (
            &*functions,
            r#"{"name":"a","code":"x","triggers":[{"type":"http","confg":{}}]}"#,
            json!({ "path": "triggers[0].confg", "suggestion": "triggers[0].config" }),
        ),
    ] {
        assert_eq!(details(&mut client, path, body).await, expected, "{body}");
    }
    let logs = format!("{functions}/hello/logs?limt=3");
    assert_eq!(details(&mut client, &logs, "").await, json!({ "path": "limt", "suggestion": "limit" }));
    assert!(!node.events().iter().any(|event| event.starts_with("serve")));
}
