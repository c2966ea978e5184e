//! An HTTP client over a real socket, with assertions on responses.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A client of one server.
#[derive(Debug, Clone)]
pub struct Client {
    hyper: HyperClient<HttpConnector, Full<Bytes>>,
    address: SocketAddr,
}

/// A request builder.
#[derive(Debug)]
#[must_use = "a request that is not sent asks nothing"]
pub struct Ask {
    client: Client,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

/// A response, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Client {
    /// A client of the server at this address.
    pub fn new(address: SocketAddr) -> Self {
        Self { hyper: HyperClient::builder(TokioExecutor::new()).build_http(), address }
    }

    /// A client at this address of its own.
    pub fn from_address(address: SocketAddr, own: IpAddr) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_local_address(Some(own));
        // Shorter than a server keeps a connection that nothing is said on: none is used that it is closing.
        let hyper = HyperClient::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(5))
            .pool_timer(TokioTimer::new())
            .build(connector);
        Self { hyper, address }
    }

    /// The server's address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A request with that method.
    pub fn ask(&self, method: &str, path: &str) -> Ask {
        Ask {
            client: self.clone(),
            method: Method::from_bytes(method.as_bytes()).expect("a method"),
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// `GET`
    pub fn get(&self, path: &str) -> Ask {
        self.ask("GET", path)
    }

    /// `POST`
    pub fn post(&self, path: &str) -> Ask {
        self.ask("POST", path)
    }

    /// Writes these bytes to a new connection, and reads until the server closes it.
    pub async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        // The server may close before it has read everything: that is what some tests are about.
        let _ = stream.write_all(bytes).await;
        read_to_end(&mut stream).await
    }

    /// Writes these bytes, closes the sending half, and reads until the server closes the connection.
    pub async fn raw_and_end(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        read_to_end(&mut stream).await
    }

    /// A raw connection.
    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("a connection")
    }
}

/// Reads until the other side closes or resets the connection.
pub async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let mut buffer = [0; 8192];
    while let Ok(n @ 1..) = stream.read(&mut buffer).await {
        text.extend_from_slice(&buffer[..n]);
    }
    String::from_utf8_lossy(&text).into_owned()
}

impl Ask {
    /// Adds a key.
    pub fn key(self, key: &str) -> Self {
        self.header("authorization", &format!("Bearer {key}"))
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
        self.headers.append(name, HeaderValue::from_bytes(value.as_bytes()).expect("a header value"));
        self
    }

    /// Sets a JSON body.
    pub fn json(self, body: Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    /// Sets a body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Send it.
    pub async fn send(self) -> Answer {
        self.try_send().await.expect("an answer")
    }

    /// Send it; what went wrong, where there is no answer.
    pub async fn try_send(self) -> Result<Answer, String> {
        let url = format!("http://{}{}", self.client.address, self.path);
        let mut request = Request::new(Full::new(self.body));
        *request.method_mut() = self.method;
        *request.uri_mut() = url.parse().expect("a URL");
        *request.headers_mut() = self.headers;
        let answer = self.client.hyper.request(request).await.map_err(|error| format!("{error:?}"))?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(|error| format!("{error:?}"))?.to_bytes();
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
    }

    /// Sends it, and reads server-sent events as they arrive.
    pub async fn events(self) -> Events {
        let url = format!("http://{}{}", self.client.address, self.path);
        let mut request = Request::new(Full::new(self.body));
        *request.method_mut() = self.method;
        *request.uri_mut() = url.parse().expect("a URL");
        *request.headers_mut() = self.headers;
        let answer = self.client.hyper.request(request).await.expect("an answer");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Events { body: answer.into_body(), text: String::new() }
    }

    /// Send it, and expect success and JSON.
    pub async fn ok(self) -> Value {
        let answer = self.send().await;
        assert!((200..300).contains(&answer.status), "{}: {}", answer.status, answer.text());
        answer.json()
    }

    /// Send it, and expect success and this text.
    pub async fn ok_text(self, text: &str) {
        let answer = self.send().await;
        assert_eq!((answer.status, answer.text().as_str()), (200, text));
    }

    /// Send it, and expect this error, whole.
    pub async fn fails(self, status: u16, code: &str) -> Answer {
        let answer = self.send().await;
        assert_eq!(answer.status, status, "{}", answer.text());
        answer.is_problem(code);
        answer
    }
}

/// A stream of server-sent events.
#[derive(Debug)]
pub struct Events {
    body: hyper::body::Incoming,
    text: String,
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its id, from which a reader can resume.
    pub id: String,
    /// Its data.
    pub data: Value,
}

impl Events {
    /// The next event; `None` when the server has ended the response.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let field =
                    |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                let event = field("data:").filter(|data| !data.is_empty()).map(|data| Event {
                    id: field("id:").expect("an id").to_owned(),
                    data: serde_json::from_str(data).expect("JSON"),
                });
                self.text = rest.to_owned();
                if event.is_some() {
                    return event;
                }
            }
            let frame = self.body.frame().await?.expect("a frame");
            if let Ok(data) = frame.into_data() {
                self.text.push_str(std::str::from_utf8(&data).expect("UTF-8"));
            }
        }
    }
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    /// All headers of this name.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().expect("text")).collect()
    }

    /// One header, or an empty string.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("ASCII")).unwrap_or_default()
    }

    /// The error's message.
    pub fn message(&self) -> String {
        self.json()["error"]["message"].as_str().expect("a message").to_owned()
    }

    /// Checks both formats of an error in one body, and its headers.
    pub fn is_problem(&self, code: &str) {
        let body = self.json();
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(body["status"], self.status);
        assert_eq!(body["error"]["code"], code);
        assert_eq!(body["error"]["message"], body["detail"]);
        assert_eq!(body["error"]["documentation_url"], body["type"]);
        assert_eq!(body["request_id"], self.header("x-request-id"));
        assert!(["function", "caller", "platform"].contains(&self.header("x-error-source")));
        for member in ["title", "type"] {
            assert!(body[member].as_str().is_some_and(|text| !text.is_empty()), "{member}");
        }
        assert!(body["error"]["remediation"].as_str().is_some_and(|text| !text.is_empty()));
    }
}
