//! Sockets to servers on loopback: what is sent, refused and bounded.

use std::net::SocketAddr;

use mayfly_common::tls::Authorities;
use mayfly_ledger::{Account, Ledger};
use mayfly_runtime::providers::Fetch;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_tungstenite::accept_hdr_async;
use tokio_tungstenite::tungstenite::handshake::server::{
    Callback, ErrorResponse, Request as Handshake, Response as Accepted,
};

use super::*;
use crate::{EgressClient, EgressLists};

type Server = WebSocketStream<TcpStream>;

/// Chooses the first subprotocol, and passes the request on.
struct Choose(mpsc::UnboundedSender<Handshake>);

impl Callback for Choose {
    fn on_request(self, request: &Handshake, mut answer: Accepted) -> Result<Accepted, ErrorResponse> {
        if let Some(offered) = request.headers().get(SEC_WEBSOCKET_PROTOCOL) {
            let first = offered.to_str().unwrap().split(", ").next().unwrap().parse().unwrap();
            answer.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, first);
        }
        let _ = self.0.send(request.clone());
        Ok(answer)
    }
}

/// A server that opens one socket after the other, and hands each to `serve`.
async fn server<F: Future<Output = ()> + Send>(
    serve: impl Fn(Server) -> F + Send + 'static,
) -> (SocketAddr, mpsc::UnboundedReceiver<Handshake>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (seen, seen_by_test) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(socket) = accept_hdr_async(stream, Choose(seen.clone())).await {
                serve(socket).await;
            }
        }
    });
    (address, seen_by_test)
}

async fn echo(mut socket: Server) {
    while let Some(Ok(message)) = socket.next().await {
        if message.is_text() || message.is_binary() {
            socket.send(Message::Ping("p".into())).await.unwrap();
            socket.send(message).await.unwrap();
        }
    }
}

fn network(account: Account, lists: EgressLists, allow: &[&str]) -> Arc<dyn Fetch> {
    let allow: Vec<_> = allow.iter().map(|range| range.parse().unwrap()).collect();
    let client = EgressClient::new(&allow, &Authorities::default()).unwrap();
    client.for_invocation("app_a", account, Arc::new(lists), None)
}

fn local() -> Arc<dyn Fetch> {
    network(Account::default(), EgressLists::default(), &["127.0.0.1/32"])
}

fn to(address: SocketAddr) -> SocketRequest {
    SocketRequest { url: format!("ws://{address}/chat?a=b"), headers: Vec::new(), protocols: String::new() }
}

async fn open_to(address: SocketAddr) -> OutboundSocket {
    local().connect(to(address)).await.unwrap()
}

fn text(text: &str) -> OutboundMessage {
    OutboundMessage::Text(text.to_owned())
}

#[tokio::test]
async fn a_socket_is_asked_for_as_the_function_wants_and_talks() {
    let (address, mut seen) = server(echo).await;
    let headers = [
        ("authorization", "Bearer x"),
        ("host", "evil.example"),
        ("connection", "close"),
        ("sec-websocket-key", "forged"),
        ("sec-websocket-extensions", "permessage-deflate"),
        ("sec-websocket-protocol", "forged"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let request = SocketRequest { headers, protocols: "one, two".to_owned(), ..to(address) };
    let mut socket = local().connect(request).await.unwrap();
    let handshake = seen.recv().await.unwrap();
    assert_eq!(socket.protocol, "one");
    assert_eq!(handshake.uri().to_string(), "/chat?a=b");
    for (name, value) in [
        ("authorization", "Bearer x"),
        ("host", &*address.to_string()),
        ("sec-websocket-protocol", "one, two"),
    ] {
        let values: Vec<_> = handshake.headers().get_all(name).iter().collect();
        assert_eq!(values, [value], "{name}");
    }
    assert!(
        handshake.headers().contains_key("traceparent") && handshake.headers().contains_key("user-agent")
    );
    assert!(!handshake.headers().contains_key("sec-websocket-extensions"));
    assert!(!handshake.headers().contains_key("accept-encoding"));

    let bytes = OutboundMessage::Binary(vec![0, 255].into());
    for message in [text("caf\u{e9}"), bytes, text(""), text(&"x".repeat(MESSAGE_BYTES_MAX))] {
        let (sent, received) = tokio::join!(socket.writer.send(message.clone()), socket.reader.next());
        assert_eq!((sent, received), (Ok(()), Ok(message)));
    }
    socket.writer.send(OutboundMessage::Close(4_000, "bye".to_owned())).await.unwrap();
    assert_eq!(socket.reader.next().await, Ok(OutboundMessage::Close(4_000, "bye".to_owned())));
}

#[tokio::test]
async fn the_rules_of_fetch_hold() {
    let (address, mut seen) = server(echo).await;
    let port = address.port();
    let closed = network(Account::default(), EgressLists::default(), &[]);
    for host in ["127.0.0.1", "localhost", "0x7f.1", "[::ffff:127.0.0.1]", "2130706433"] {
        let request = SocketRequest { url: format!("ws://{host}:{port}/"), ..to(address) };
        let error = Arc::clone(&closed).connect(request).await.unwrap_err();
        assert_eq!(error.code, "EGRESS_DENIED", "{host}: {error}");
        assert!(error.message.starts_with("WebSocket refused: "), "{error}");
    }
    let spec = serde_json::from_value(json!({ "deny": ["127.0.0.1"] })).unwrap();
    let denied = network(Account::default(), EgressLists::of(spec), &["127.0.0.1/32"]);
    let error = denied.connect(to(address)).await.unwrap_err();
    assert_eq!(error.code, "EGRESS_DENIED");
    assert!(error.message.contains("the app's egress lists"), "{error}");
    for (url, code) in [
        ("nonsense", "FETCH_FAILED"),
        ("http://127.0.0.1:1024/", "FETCH_FAILED"),
        ("ws://u:p@127.0.0.1/", "EGRESS_DENIED"),
        ("ws://127.0.0.1:22/", "EGRESS_DENIED"),
        ("ws://127.0.0.1:1024/", "FETCH_FAILED"),
        ("wss://127.0.0.1:1024/", "FETCH_FAILED"),
    ] {
        let request = SocketRequest { url: url.to_owned(), ..to(address) };
        assert_eq!(local().connect(request).await.unwrap_err().code, code, "{url}");
    }
    assert!(seen.try_recv().is_err(), "nothing has arrived");
}

#[tokio::test]
async fn an_open_socket_is_in_the_ledger() {
    let (address, _seen) = server(echo).await;
    let ledger = Ledger::new(1 << 30);
    let over = |ledger: &Ledger| {
        network(ledger.account("app_a"), EgressLists::default(), &["127.0.0.1/32"]).connect(to(address))
    };
    let socket = over(&ledger).await.unwrap();
    assert_eq!(ledger.held(), OPEN_SOCKET_BYTES as u64);
    drop(socket);
    assert_eq!(ledger.held(), 0);
    let error = over(&Ledger::new(OPEN_SOCKET_BYTES as u64 - 1)).await.unwrap_err();
    assert_eq!(error.code, GuestError::no_memory(mayfly_ledger::Shortage::Node).code);
}

#[tokio::test]
async fn a_message_beyond_the_bound_and_a_broken_protocol_end_it_and_the_server_learns_why() {
    type Bytes = &'static [u8];
    const TOO_LONG: Bytes = &[0x82, 127, 0, 0, 0, 0, 0, 0x10, 0, 1];
    const NO_TEXT: Bytes = &[0x81, 1, 0xff];
    const MASKED_BY_A_SERVER: Bytes = &[0x83, 0];
    for (frame, code, why) in [
        (TOO_LONG, 1009, "a message has more than 1048576 bytes"),
        (NO_TEXT, 1007, "a text is not UTF-8"),
        (MASKED_BY_A_SERVER, 1002, "the other side broke the protocol"),
    ] {
        let (told, mut tells) = mpsc::unbounded_channel();
        let serve = move |mut socket: Server| {
            let told = told.clone();
            async move {
                socket.get_mut().write_all(frame).await.unwrap();
                let close = socket.next().await;
                let _ = told.send(close);
            }
        };
        let (address, _seen) = server(serve).await;
        let mut socket = open_to(address).await;
        let error = socket.reader.next().await.unwrap_err();
        assert!(error.message.starts_with(&format!("WebSocket failed: {why}")), "{error}");
        let close = tells.recv().await.unwrap();
        assert!(
            matches!(&close, Some(Ok(Message::Close(Some(close)))) if u16::from(close.code) == code),
            "{close:?}"
        );
    }
}

#[tokio::test]
async fn a_server_that_closes_or_is_gone_is_told() {
    let (address, _seen) = server(|mut socket| async move {
        let close = CloseFrame { code: 1012.into(), reason: "restart".into() };
        socket.send(Message::Close(Some(close))).await.unwrap();
        // The client answers with a close of its own, and only then is the connection over.
        assert!(matches!(socket.next().await, Some(Ok(Message::Close(Some(_))))));
    })
    .await;
    let mut socket = open_to(address).await;
    assert_eq!(socket.reader.next().await, Ok(OutboundMessage::Close(1_012, "restart".to_owned())));
    let (address, _seen) = server(|mut socket| async move { socket.close(None).await.unwrap() }).await;
    assert_eq!(
        open_to(address).await.reader.next().await,
        Ok(OutboundMessage::Close(NO_CODE, String::new()))
    );
    let (address, _seen) = server(|socket| async move { drop(socket) }).await;
    let mut socket = open_to(address).await;
    let error = socket.reader.next().await.unwrap_err();
    assert_eq!(error.message, "WebSocket failed: the connection broke off");
}

#[tokio::test]
async fn an_answer_that_opens_nothing_is_an_error() {
    let accepted = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: ";
    for (answer, why) in [
        (
            "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n".to_owned(),
            "the server answered 401 instead",
        ),
        (
            "HTTP/1.1 302 Found\r\nlocation: ws://127.0.0.1/\r\n\r\n".to_owned(),
            "the server answered 302 instead",
        ),
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi".to_owned(), "the server answered 200 instead"),
        (format!("{accepted}AAAA\r\n\r\n"), "the server's handshake is not valid"),
        ("nonsense\r\n\r\n".to_owned(), "the server's handshake is not valid"),
        (String::new(), "the server's handshake is not valid"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = async {
            let mut stream = listener.accept().await.unwrap().0;
            let mut head = [0; 4_096];
            assert!(stream.read(&mut head).await.unwrap() > 0);
            stream.write_all(answer.as_bytes()).await.unwrap();
        };
        let (opened, ()) = tokio::join!(local().connect(to(address)), served);
        let error = opened.unwrap_err();
        assert!(error.message.starts_with(&format!("WebSocket failed: {why}")), "{answer:?}: {error}");
    }
}
