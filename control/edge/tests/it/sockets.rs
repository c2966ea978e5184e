//! A request that becomes a websocket: its handshake, its frames, its end.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use mayfly_api::hosts::OriginVerdict;
use mayfly_edge::EdgeLimits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::fake::Script;
use crate::node::{APP, Node, PATIENCE};

type Socket = WebSocketStream<TcpStream>;

const HANDSHAKE: &[(&str, &str)] = &[
    ("upgrade", "websocket"),
    ("connection", "keep-alive, Upgrade"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

fn path() -> String {
    format!("/v1/{APP}/realtime")
}

/// The handshake's answer: its head, and the connection behind it.
async fn shake(node: &Node, headers: &[(&str, &str)]) -> (String, TcpStream) {
    let mut stream = TcpStream::connect(node.address()).await.unwrap();
    let mut head = format!("GET {} HTTP/1.1\r\nhost: mayfly.test\r\n", path());
    for (name, value) in HANDSHAKE.iter().chain(headers) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(tokio::time::timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap());
    }
    (String::from_utf8(answer).unwrap(), stream)
}

/// An open socket.
async fn open(node: &Node) -> Socket {
    let (head, stream) = shake(node, &[]).await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    WebSocketStream::from_raw_socket(stream, Role::Client, None).await
}

/// One whose greeting is read.
async fn greeted(node: &Node) -> Socket {
    let mut socket = open(node).await;
    assert_eq!(text(&mut socket).await, "hello");
    socket
}

async fn next(socket: &mut Socket) -> Option<Result<Message, Error>> {
    tokio::time::timeout(PATIENCE, socket.next()).await.unwrap()
}

/// The next text; pings are skipped.
async fn text(socket: &mut Socket) -> String {
    loop {
        match next(socket).await.unwrap().unwrap() {
            Message::Text(text) => return text.as_str().to_owned(),
            Message::Ping(_) => {}
            other => panic!("{other:?} where a text was expected"),
        }
    }
}

/// How it ends: the code; everything before is skipped.
async fn closed(socket: &mut Socket) -> u16 {
    loop {
        match next(socket).await {
            Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
            Some(Ok(_)) => {}
            other => panic!("{other:?} where a close was expected"),
        }
    }
}

/// Wait until the use cases are asked this.
async fn until(node: &mut Node, question: &str) {
    while node.event().await != question {}
}

/// The messages before the close that a client gets who sends these bytes, and the close's code.
async fn after_bytes(node: &Node, bytes: &[u8]) -> (Vec<String>, u16) {
    let (_, mut stream) = shake(node, &[]).await;
    stream.write_all(bytes).await.unwrap();
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
    let mut texts = Vec::new();
    loop {
        match next(&mut socket).await.unwrap().unwrap() {
            Message::Text(text) => texts.push(text.as_str().to_owned()),
            Message::Close(Some(frame)) => return (texts, frame.code.into()),
            _ => {}
        }
    }
}

/// A frame of a client, masked with zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        length @ ..126 => bytes.push(0x80 | length as u8),
        length @ ..0x1_0000 => {
            bytes.push(0x80 | 126);
            bytes.extend((length as u16).to_be_bytes());
        }
        length => {
            bytes.push(0x80 | 127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

#[tokio::test]
async fn a_request_that_is_no_handshake_is_told_so() {
    let node = Node::start(Script::default()).await;
    let plain = node.ask("GET", &path()).await;
    assert_eq!((plain.status.as_u16(), plain.code().as_str()), (426, "UPGRADE_REQUIRED"));
    assert_eq!((plain.header("upgrade"), plain.header("sec-websocket-version")), ("websocket", "13"));
    for (name, value, status) in [
        ("upgrade", "h2c", 426),
        ("connection", "close", 426),
        ("sec-websocket-version", "8", 426),
        ("sec-websocket-key", "short", 400),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZ===", 400),
    ] {
        let headers: Vec<_> =
            HANDSHAKE.iter().map(|header| if header.0 == name { (name, value) } else { *header }).collect();
        let answer = node.client().await.ask("GET", &path(), &headers, "").await;
        assert_eq!(answer.status.as_u16(), status, "{name}: {value}");
    }
    let unknown = node.ask("GET", &format!("{}?key=abc", path())).await;
    assert_eq!((unknown.status.as_u16(), unknown.code().as_str()), (400, "VALIDATION_INVALID_SCHEMA"));
    let posted = node.client().await.ask("POST", &path(), HANDSHAKE, "").await;
    assert_eq!((posted.status.as_u16(), posted.header("allow")), (405, "GET"));
}

#[tokio::test]
async fn the_handshake_is_answered_as_the_rfc_wants_it() {
    let node = Node::start(Script::default()).await;
    let (head, _stream) = shake(&node, &[("sec-websocket-protocol", "bearer.abc, mayfly")]).await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(head.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{head}");
    assert!(head.contains("sec-websocket-protocol: mayfly\r\n"), "{head}");
    let (head, _stream) = shake(&node, &[("sec-websocket-protocol", "bearer.abc")]).await;
    assert!(!head.contains("sec-websocket-protocol"), "a credential is never repeated: {head}");
}

#[tokio::test]
async fn a_page_has_to_be_of_the_apps_list_or_of_this_server() {
    for (listed, status) in [
        (OriginVerdict::Named, "101"),
        (OriginVerdict::Anyone, "101"),
        (OriginVerdict::Refused, "403"),
        (OriginVerdict::Unset, "403"),
    ] {
        let node = Node::start(Script { listed, ..Script::default() }).await;
        let (head, _stream) = shake(&node, &[("origin", "https://page.example")]).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{listed:?}: {head}");
    }
    let node = Node::start(Script::default()).await;
    for origin in ["https://mayfly.test", "http://mayfly.test"] {
        let (head, _stream) = shake(&node, &[("origin", origin)]).await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    }
    let twice = [("origin", "https://mayfly.test"), ("origin", "https://page.example")];
    assert!(shake(&node, &twice).await.0.starts_with("HTTP/1.1 403 "));
}

#[tokio::test]
async fn a_client_that_may_have_no_socket_is_told_on_one() {
    let node = Node::start(Script { fails: Some("connect"), ..Script::default() }).await;
    let mut socket = open(&node).await;
    let error: serde_json::Value = serde_json::from_str(&text(&mut socket).await).unwrap();
    assert_eq!((&error["type"], &error["message"]), (&"error".into(), &"on purpose".into()));
    assert_eq!(closed(&mut socket).await, 1008);
}

#[tokio::test]
async fn frames_go_both_ways_up_to_the_limit() {
    let node = Node::start(Script::default()).await;
    let mut socket = greeted(&node).await;
    socket.send(Message::text("one")).await.unwrap();
    assert_eq!(text(&mut socket).await, "one");
    socket.send(Message::binary(vec![0xff, 0])).await.unwrap();
    assert_eq!(next(&mut socket).await.unwrap().unwrap(), Message::binary(vec![0xff, 0]));
    let largest = "x".repeat(64 << 10);
    socket.send(Message::text(largest.clone())).await.unwrap();
    assert_eq!(text(&mut socket).await, largest);
    socket.send(Message::text("close")).await.unwrap();
    assert_eq!(closed(&mut socket).await, 4000);
}

#[tokio::test]
async fn what_breaks_the_protocol_ends_with_its_code() {
    let node = Node::start(Script::default()).await;
    let unmasked = [0x81, 2, b'h', b'i'];
    let too_large = frame(0x81, &vec![b'x'; (64 << 10) + 1]);
    let megabyte = frame(0x81, &vec![b'x'; 1 << 20]);
    let mut many_fragments = frame(0x01, &[b'x'; 60_000]);
    many_fragments.extend(frame(0x00, &[b'x'; 60_000]));
    let mut text_within_fragments = frame(0x01, b"a");
    text_within_fragments.extend(frame(0x81, b"b"));
    let mut bad_text_in_fragments = frame(0x01, &[0xce]);
    bad_text_in_fragments.extend(frame(0x80, &[0xff]));
    let long_ping = frame(0x89, &[b'x'; 126]);
    for (name, bytes, code) in [
        ("unmasked", &unmasked[..], 1002),
        ("a fragment without a beginning", &frame(0x80, b"x"), 1002),
        ("a text within fragments", &text_within_fragments, 1002),
        ("reserved bits", &frame(0xc1, b"x"), 1002),
        ("a reserved kind", &frame(0x83, b"x"), 1002),
        ("a fragmented ping", &frame(0x09, b"x"), 1002),
        ("a long ping", &long_ping, 1002),
        ("one byte too many", &too_large, 1009),
        ("a megabyte", &megabyte, 1009),
        ("too much in fragments", &many_fragments, 1009),
        ("no UTF-8", &frame(0x81, &[0xff, 0xfe]), 1007),
        ("no UTF-8 in fragments", &bad_text_in_fragments, 1007),
    ] {
        let (texts, closed) = after_bytes(&node, bytes).await;
        assert_eq!(closed, code, "{name}");
        assert_eq!(texts, ["hello"], "{name}");
    }
    greeted(&node).await;
}

#[tokio::test]
async fn fragments_in_order_are_one_message_and_pings_come_between() {
    let node = Node::start(Script::default()).await;
    let (_, mut stream) = shake(&node, &[]).await;
    for part in [frame(0x01, b"he"), frame(0x89, b"?"), frame(0x00, b"ll"), frame(0x80, b"o!")] {
        stream.write_all(&part).await.unwrap();
    }
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
    let mut seen = Vec::new();
    while seen.len() < 3 {
        match next(&mut socket).await.unwrap().unwrap() {
            Message::Text(text) => seen.push(text.as_str().to_owned()),
            Message::Pong(payload) => seen.push(format!("pong {}", String::from_utf8_lossy(&payload))),
            other => panic!("{other:?}"),
        }
    }
    seen.sort();
    assert_eq!(seen, ["hello", "hello!", "pong ?"]);
}

#[tokio::test]
async fn frames_wait_for_the_one_before_and_pings_do_not() {
    let mut node = Node::start(Script::default()).await;
    let mut socket = greeted(&node).await;
    for frame in ["held", "second", "third"] {
        socket.send(Message::text(frame)).await.unwrap();
    }
    socket.send(Message::Ping("?".into())).await.unwrap();
    assert_eq!(next(&mut socket).await.unwrap().unwrap(), Message::Pong("?".into()));
    until(&mut node, "held").await;
    node.fake.release();
    for frame in ["held", "second", "third"] {
        assert_eq!(text(&mut socket).await, frame);
    }
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed_while_a_frame_is_handled() {
    let mut node = Node::start(Script::default()).await;
    let mut socket = greeted(&node).await;
    socket.send(Message::text("held")).await.unwrap();
    until(&mut node, "held").await;
    socket.close(None).await.unwrap();
    until(&mut node, "end").await;
    // Without a close, too.
    drop(greeted(&node).await);
    until(&mut node, "end").await;
}

#[tokio::test]
async fn heartbeats_come_and_a_silent_client_is_gone() {
    let limits = EdgeLimits { socket_heartbeat: Duration::from_millis(50), ..EdgeLimits::default() };
    let node = Node::with_limits(Script::default(), limits).await;
    let mut socket = greeted(&node).await;
    let mut pings = 0;
    let mut heartbeats = 0;
    // More than a silent client would live to see.
    while heartbeats < 6 {
        match next(&mut socket).await.unwrap().unwrap() {
            Message::Text(text) if text.as_str() == "heartbeat" => heartbeats += 1,
            Message::Ping(_) => pings += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(pings >= 5, "{pings}");
    // This one reads, and never answers.
    let (_, mut stream) = shake(&node, &[]).await;
    let mut all = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut all)).await.unwrap().unwrap();
    let code = 1001_u16.to_be_bytes();
    assert!(all.windows(2).any(|bytes| bytes == code), "{all:?}");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_closed_with_a_reason() {
    let mut node = Node::start(Script::default()).await;
    let mut socket = greeted(&node).await;
    socket.send(Message::text("flood")).await.unwrap();
    until(&mut node, "connect").await;
    node.fake.release();
    assert_eq!(closed(&mut socket).await, 4002);
}

#[tokio::test]
async fn a_shutdown_finishes_what_runs_and_closes_with_1012() {
    let mut node = Node::start(Script::default()).await;
    let (mut idle, mut busy) = (greeted(&node).await, greeted(&node).await);
    for frame in ["held", "never begun"] {
        busy.send(Message::text(frame)).await.unwrap();
    }
    until(&mut node, "held").await;
    let fake = node.fake.clone();
    let tasks = node.stop();
    assert_eq!(closed(&mut idle).await, 1012);
    fake.release();
    assert_eq!(text(&mut busy).await, "held");
    assert_eq!(closed(&mut busy).await, 1012);
    drop((idle, busy));
    assert_eq!(tasks.finish_work(PATIENCE).await, 0);
}
