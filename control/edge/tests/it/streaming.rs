//! Responses that are made piece by piece, and clients that disconnect.

use bytes::Bytes;
use futures_util::{FutureExt as _, stream};
use http_body_util::BodyExt as _;
use mayfly_runtime::providers::GuestError;
use mayfly_runtime::{Body, Chunks, Response};
use tokio::sync::mpsc;

use crate::client::whole;
use crate::fake::Script;
use crate::node::{APP, Node, PATIENCE};

/// A response whose pieces are sent by the test.
fn streamed() -> (mpsc::Sender<Result<Bytes, GuestError>>, Response) {
    let (sender, pieces) = mpsc::channel(1);
    let pieces = stream::unfold(pieces, |mut pieces| async move { Some((pieces.recv().await?, pieces)) });
    let body = Some(Body::Stream(Chunks::new(pieces)));
    (sender, Response { status: 200, headers: Vec::new(), body })
}

fn path() -> String {
    format!("/v1/{APP}/fn/hello")
}

#[tokio::test]
async fn each_piece_is_sent_as_it_is_made() {
    let node = Node::start(Script::default()).await;
    let (sender, response) = streamed();
    node.fake.respond(response);
    let mut client = node.client().await;
    let mut body = client.send("GET", &path(), &[], whole("")).await.into_body();
    for piece in ["one", "two"] {
        sender.send(Ok(piece.into())).await.unwrap();
        let frame = tokio::time::timeout(PATIENCE, body.frame()).await.unwrap().unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), piece);
    }
    drop(sender);
    assert!(tokio::time::timeout(PATIENCE, body.frame()).await.unwrap().is_none());
    let signal = node.fake.disconnected().signalled().now_or_never();
    assert_eq!(signal, None, "a client that read everything has not disconnected");
    assert_eq!(client.ask("GET", &path(), &[], "").await.status, 200, "the connection lives on");
}

#[tokio::test]
async fn a_response_that_was_sent_whole_signals_nothing() {
    let node = Node::start(Script::default()).await;
    assert_eq!(node.ask("GET", &path()).await.status, 200);
    assert_eq!(node.fake.disconnected().signalled().now_or_never(), None);
}

#[tokio::test]
async fn a_client_that_disconnects_is_signalled() {
    let node = Node::start(Script::default()).await;
    let (sender, response) = streamed();
    node.fake.respond(response);
    let mut client = node.client().await;
    let body = client.send("GET", &path(), &[], whole("")).await.into_body();
    let disconnected = node.fake.disconnected();
    drop((body, client));
    tokio::time::timeout(PATIENCE, disconnected.signalled()).await.unwrap();
    tokio::time::timeout(PATIENCE, sender.closed()).await.expect("the response is dropped");
}

#[tokio::test]
async fn a_response_that_breaks_off_is_not_taken_for_all_of_it() {
    let node = Node::start(Script::default()).await;
    let (sender, response) = streamed();
    node.fake.respond(response);
    let mut client = node.client().await;
    let body = client.send("GET", &path(), &[], whole("")).await.into_body();
    sender.send(Ok("one".into())).await.unwrap();
    sender.send(Err(GuestError::new("FUNCTION_THREW", "on purpose"))).await.unwrap();
    let collected = tokio::time::timeout(PATIENCE, body.collect()).await.unwrap();
    assert!(collected.is_err());
}

#[tokio::test]
async fn a_live_tail_is_events() {
    let node = Node::start(Script::default()).await;
    let answer = node.ask("GET", &format!("/v1/{APP}/functions/hello/logs/stream")).await;
    assert_eq!(answer.headers["content-type"], "text/event-stream");
    assert_eq!(answer.body, "retry: 1000\n\n: nothing new\n\n");
}
