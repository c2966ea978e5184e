//! CORS: answers that pages may read, preflights, and lookups that load shedding stands above.

use mayfly_api::hosts::OriginVerdict;
use mayfly_api::routes::RouteId;
use mayfly_edge::EdgeLimits;
use serde_json::json;

use crate::client::Answer;
use crate::fake::Script;
use crate::node::{APP, Node};

const PAGE: &str = "https://page.example";
const ORIGIN: (&str, &str) = ("origin", PAGE);
const LOOKUP: &str = "check_origin https://page.example";

fn path() -> String {
    format!("/v1/{APP}/fn/hello")
}

/// The answer to a page's call, while another request takes all the room there is; and the lookups.
async fn called_while_full(script: Script) -> (Answer, Vec<String>) {
    let limits = EdgeLimits { requests_max: 1, ..EdgeLimits::default() };
    let mut node = Node::with_limits(Script { held: true, ..script }, limits).await;
    node.fake.answer(RouteId::AppsList, json!({ "apps": [] }));
    let mut first = node.client().await;
    let first = tokio::spawn(async move { first.ask("GET", "/v1/apps", &[], "").await.status });
    assert_eq!((&*node.event().await, &*node.event().await), ("authorize", "serve AppsList"));
    let answer = node.client().await.ask("GET", &path(), &[ORIGIN], "").await;
    let events = node.events();
    node.fake.release();
    assert_eq!(first.await.unwrap(), 200);
    (answer, events)
}

#[tokio::test]
async fn a_page_of_a_known_app_reads_also_that_the_server_is_full() {
    let (answer, events) =
        called_while_full(Script { known: Some(OriginVerdict::Named), ..Script::default() }).await;
    assert_eq!((answer.status.as_u16(), &*answer.code()), (503, "OVERLOADED"));
    assert_eq!(answer.header("access-control-allow-origin"), PAGE);
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    assert_eq!(events, [""; 0]);
}

#[tokio::test]
async fn a_server_that_is_full_looks_up_no_app() {
    let (answer, events) =
        called_while_full(Script { listed: OriginVerdict::Named, ..Script::default() }).await;
    assert_eq!(answer.status, 503);
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
    assert_eq!(events, [""; 0]);
}

#[tokio::test]
async fn an_unknown_app_is_looked_up_once() {
    let mut node = Node::start(Script { listed: OriginVerdict::Named, ..Script::default() }).await;
    let answer = node.client().await.ask("GET", &path(), &[ORIGIN], "").await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (200, PAGE));
    assert!(answer.header("access-control-expose-headers").contains("X-Request-Id"));
    assert_eq!(node.events(), [LOOKUP, "resolve", "authorize", "count", "admit", "serve FunctionCall"]);
}

#[tokio::test]
async fn what_is_known_or_not_a_pages_call_is_not_looked_up() {
    let script =
        Script { known: Some(OriginVerdict::Anyone), fails: Some("check_origin"), ..Script::default() };
    let mut node = Node::start(script).await;
    let mut client = node.client().await;
    let answer = client.ask("GET", &path(), &[ORIGIN], "").await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (200, "*"));
    assert!(!answer.headers.contains_key("access-control-allow-credentials"));
    assert!(!client.ask("GET", &path(), &[], "").await.headers.contains_key("vary"), "no page");
    assert!(!client.ask("GET", "/v1/apps", &[ORIGIN], "").await.headers.contains_key("vary"), "no call");
    assert!(!node.events().contains(&LOOKUP.to_owned()));
}

#[tokio::test]
async fn a_page_reads_why_it_was_refused() {
    let script = Script { listed: OriginVerdict::Named, fails: Some("authorize"), ..Script::default() };
    let node = Node::start(script).await;
    let answer = node.client().await.ask("GET", &path(), &[ORIGIN], "").await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (409, PAGE));
}

#[tokio::test]
async fn a_preflight_runs_nothing() {
    let asks = [ORIGIN, ("access-control-request-method", "PUT"), ("access-control-request-headers", "x-a")];
    let mut node = Node::start(Script { listed: OriginVerdict::Named, ..Script::default() }).await;
    let answer = node.client().await.ask("OPTIONS", &path(), &asks, "").await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (204, PAGE));
    assert_eq!(answer.header("access-control-allow-methods"), "PUT");
    assert_eq!(answer.header("access-control-allow-headers"), "x-a");
    assert_eq!(answer.header("access-control-max-age"), "600");
    assert_eq!(node.events(), [LOOKUP]);
}

#[tokio::test]
async fn a_refused_origin_gets_no_mark() {
    let asks = [ORIGIN, ("access-control-request-method", "PUT")];
    let mut node = Node::start(Script { listed: OriginVerdict::Refused, ..Script::default() }).await;
    let mut client = node.client().await;
    let preflight = client.ask("OPTIONS", &path(), &asks, "").await;
    assert_eq!(preflight.status, 204);
    assert_eq!(node.events(), [LOOKUP]);
    let call = client.ask("GET", &path(), &[ORIGIN], "").await;
    assert_eq!(call.status, 200, "the list is for browsers: the call itself is not refused");
    for answer in [preflight, call] {
        assert!(answer.headers.get_all("vary").iter().any(|value| value == "Origin"));
        assert!(!answer.headers.keys().any(|name| name.as_str().starts_with("access-control-")));
    }
}

#[tokio::test]
async fn an_app_without_a_list_gets_the_preflight_itself() {
    let asks = [ORIGIN, ("access-control-request-method", "PUT")];
    let mut node = Node::start(Script::default()).await;
    let answer = node.client().await.ask("OPTIONS", &path(), &asks, "").await;
    assert_eq!(answer.body, format!("OPTIONS {} 0", path()));
    assert_eq!(node.events().last().unwrap(), "serve FunctionCall");
}
