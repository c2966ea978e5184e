//! A websocket client of an app, with assertions on frames.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::app::TestApp;

/// Longer than anything takes; what has not come by then does not come.
const PATIENCE: Duration = Duration::from_secs(30);

/// One socket.
pub struct TestSocket {
    /// The socket itself.
    pub stream: WebSocketStream<TcpStream>,
    /// `sock_...`; empty where there was no greeting.
    pub id: String,
    /// The greeting.
    pub hello: Value,
}

impl TestApp {
    /// A socket with that key or token in its URL, before its first frame is read.
    pub async fn dial(&self, query: &str, headers: &[(&str, &str)]) -> WebSocketStream<TcpStream> {
        let address = self.client.address();
        let url = format!("ws://{address}{}{query}", self.path("/realtime"));
        let mut request = url.into_client_request().expect("a request");
        for (name, value) in headers {
            let name = http::HeaderName::from_bytes(name.as_bytes()).expect("a name");
            request.headers_mut().insert(name, value.parse().expect("a value"));
        }
        let stream = TcpStream::connect(address).await.expect("a connection");
        client_async(request, stream).await.expect("a handshake").0
    }

    /// A socket of a client that shows this key or token.
    pub async fn socket(&self, token: &str) -> TestSocket {
        let stream = self.dial(&format!("?token={token}"), &[]).await;
        TestSocket::greeted(stream).await
    }
}

impl TestSocket {
    /// A socket whose first frame is read.
    pub async fn greeted(stream: WebSocketStream<TcpStream>) -> Self {
        let mut socket = Self { stream, id: String::new(), hello: Value::Null };
        socket.hello = socket.next("connected").await;
        socket.id = socket.hello["socket_id"].as_str().expect("an id").to_owned();
        socket
    }

    /// Send a frame.
    pub async fn send(&mut self, frame: Value) {
        self.say(Message::text(frame.to_string())).await;
    }

    /// Send a frame on a socket whose server may be gone by now: then `None`.
    pub async fn try_send(&mut self, frame: Value) -> Option<()> {
        self.stream.send(Message::text(frame.to_string())).await.ok()
    }

    /// Send a message.
    pub async fn say(&mut self, message: Message) {
        self.stream.send(message).await.expect("it is open");
    }

    /// The next frame of any type but a heartbeat.
    pub async fn frame(&mut self) -> Value {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.stream.next()).await.expect("a frame");
            if let Some(Ok(Message::Text(text))) = message {
                let frame: Value = serde_json::from_str(&text).expect("JSON");
                if frame["type"] != "heartbeat" {
                    return frame;
                }
            }
        }
    }

    /// The next frame of that type; others are skipped.
    pub async fn next(&mut self, kind: &str) -> Value {
        let (mut skipped, until) = (Vec::new(), Instant::now() + PATIENCE);
        loop {
            // Heartbeats come for ever.
            let message = tokio::time::timeout_at(until, self.stream.next()).await;
            match message.unwrap_or_else(|_| panic!("no {kind} came, but {skipped:?}")) {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).expect("JSON");
                    if frame["type"] == kind {
                        return frame;
                    }
                    skipped.push(frame);
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_))) => {}
                other => panic!("{other:?} where {kind} was expected"),
            }
        }
    }

    /// Send an event, and wait for its answer.
    pub async fn event(&mut self, event: &str, payload: Value) -> Value {
        self.send(json!({ "type": "event", "event": event, "payload": payload })).await;
        self.next("event_response").await
    }

    /// Subscribe to a channel.
    pub async fn subscribe(&mut self, channel: &str) {
        self.send(json!({ "type": "subscribe", "channel": channel })).await;
        self.next("subscribed").await;
    }

    /// How it ends: the frames before that, the close's code and reason.
    pub async fn closed(&mut self) -> (Vec<Value>, u16, String) {
        let (mut frames, until) = (Vec::new(), Instant::now() + PATIENCE);
        loop {
            match tokio::time::timeout_at(until, self.stream.next()).await.expect("an end") {
                Some(Ok(Message::Text(text))) => frames.push(serde_json::from_str(&text).expect("JSON")),
                Some(Ok(Message::Close(Some(frame)))) => {
                    return (frames, frame.code.into(), frame.reason.as_str().to_owned());
                }
                Some(Ok(_)) => {}
                other => panic!("{other:?} where a close was expected, after {frames:?}"),
            }
        }
    }
}
