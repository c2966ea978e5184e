//! The command line's way to a server: one request, one answer, no guard and no redirects.

use std::time::Duration;

use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_TYPE, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::protocol::Role;

/// As long as the longest function, and a little more.
const TIMEOUT: Duration = Duration::from_secs(330);
/// The longest answer that is read.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Talks to one server.
#[derive(Debug)]
pub(crate) struct Client {
    hyper: HyperClient<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: String,
    key: Option<String>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct ServerAnswer {
    /// The status code.
    pub status: u16,
    /// Whether a function gave it, rather than Mayfly.
    pub invocation_id: Option<String>,
    /// The session of the Model Context Protocol that it begins.
    pub session: Option<String>,
    /// The body.
    pub body: Bytes,
}

/// The answer of a function, as its callers get it.
#[derive(Debug)]
pub(crate) struct CallAnswer {
    pub(crate) status: u16,
    pub(crate) reason: &'static str,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// The address or the key cannot be sent.
    #[error("{0}")]
    Request(String),
    /// The connection failed.
    #[error("{url}: {cause}")]
    Exchange { url: String, cause: String },
    /// Not in time.
    #[error("no answer within {} seconds", TIMEOUT.as_secs())]
    TimedOut,
}

impl Client {
    /// A client of the server at `base`, with a key where there is one.
    pub(crate) fn new(base: &str, key: Option<&str>) -> Result<Self, ClientError> {
        let provider = rustls::crypto::ring::default_provider();
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(provider)
            .map_err(|error| ClientError::Request(error.to_string()))?
            .https_or_http()
            .enable_http1()
            .build();
        let hyper = HyperClient::builder(TokioExecutor::new()).build(connector);
        Ok(Self { hyper, base: base.trim_end_matches('/').to_owned(), key: key.map(str::to_owned) })
    }

    /// Send one request; `path` begins with a slash.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
    ) -> Result<ServerAnswer, ClientError> {
        let (url, request) = self.request(method, path, body)?;
        self.exchange_in_time(url, request).await
    }

    async fn exchange_in_time(
        &self,
        url: String,
        request: Request<Full<Bytes>>,
    ) -> Result<ServerAnswer, ClientError> {
        match tokio::time::timeout(TIMEOUT, self.exchange(request)).await {
            Ok(answer) => answer.map_err(|cause| ClientError::Exchange { url, cause }),
            Err(_) => Err(ClientError::TimedOut),
        }
    }

    /// A path with the server's address before it.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Post a body with these headers and no key.
    pub(crate) async fn deliver(
        &self,
        path: &str,
        headers: Vec<(String, String)>,
        body: Bytes,
    ) -> Result<ServerAnswer, ClientError> {
        let (url, mut request) = self.request(Method::POST, path, Some(body))?;
        request.headers_mut().clear();
        for (name, value) in headers {
            let unsendable = || ClientError::Request(format!("the header {name} cannot be sent"));
            let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unsendable())?;
            let value = HeaderValue::from_str(&value).map_err(|_| unsendable())?;
            request.headers_mut().insert(header, value);
        }
        self.exchange_in_time(url, request).await
    }

    /// Call a function, with these headers beside the key.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: Vec<(String, String)>,
        body: Option<Bytes>,
    ) -> Result<CallAnswer, ClientError> {
        let (url, mut request) = self.request(method, path, body)?;
        for (name, value) in headers {
            let unsendable = || ClientError::Request(format!("the header {name} cannot be sent"));
            let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unsendable())?;
            let value = HeaderValue::from_str(&value).map_err(|_| unsendable())?;
            request.headers_mut().insert(header, value);
        }
        let exchanged = async {
            let answer = self.hyper.request(request).await.map_err(|error| chain(&error))?;
            let (head, body) = answer.into_parts();
            let body =
                Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(|error| error.to_string())?;
            Ok(CallAnswer {
                status: head.status.as_u16(),
                reason: head.status.canonical_reason().unwrap_or_default(),
                headers: head.headers,
                body: body.to_bytes(),
            })
        };
        match tokio::time::timeout(TIMEOUT, exchanged).await {
            Ok(answer) => answer.map_err(|cause| ClientError::Exchange { url, cause }),
            Err(_) => Err(ClientError::TimedOut),
        }
    }

    /// Ask for server-sent events, from behind the last one that was seen.
    pub(crate) async fn events(&self, path: &str, last: Option<&str>) -> Result<Listening, ClientError> {
        let (url, mut request) = self.request(Method::GET, path, None)?;
        if let Some(value) = last.and_then(|last| HeaderValue::from_str(last).ok()) {
            request.headers_mut().insert("last-event-id", value);
        }
        self.listen(url, request).await
    }

    async fn listen(&self, url: String, request: Request<Full<Bytes>>) -> Result<Listening, ClientError> {
        let exchange =
            |error: &dyn std::error::Error| ClientError::Exchange { url: url.clone(), cause: chain(error) };
        let answer = self.hyper.request(request).await.map_err(|error| exchange(&error))?;
        let is_events = answer.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
        if is_events {
            return Ok(Listening::Events(Events { body: answer.into_body(), text: String::new() }));
        }
        read_whole(answer).await.map(Listening::Refused).map_err(|cause| ClientError::Exchange { url, cause })
    }

    /// Post a message of the Model Context Protocol, with these headers beside the key.
    pub(crate) async fn message(
        &self,
        path: &str,
        headers: Vec<(&'static str, String)>,
        body: Bytes,
    ) -> Result<Listening, ClientError> {
        let (url, mut request) = self.request(Method::POST, path, Some(body))?;
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                request.headers_mut().insert(name, value);
            }
        }
        self.listen(url, request).await
    }

    /// Open a socket, with this credential in the place of the key where there is one.
    pub(crate) async fn socket(&self, path: &str, token: Option<&str>) -> Result<Upgraded, ClientError> {
        let (url, mut request) = self.request(Method::GET, path, None)?;
        let value =
            |text: &str| HeaderValue::from_str(text).map_err(|error| ClientError::Request(error.to_string()));
        let headers = request.headers_mut();
        if let Some(token) = token {
            headers.insert(AUTHORIZATION, value(&format!("Bearer {token}"))?);
        }
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        headers.insert(SEC_WEBSOCKET_KEY, value(&generate_key())?);
        let exchange =
            |error: &dyn std::error::Error| ClientError::Exchange { url: url.clone(), cause: chain(error) };
        let answer = self.hyper.request(request).await.map_err(|error| exchange(&error))?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            let refused = read_whole(answer).await;
            return refused.map(Upgraded::Refused).map_err(|cause| ClientError::Exchange { url, cause });
        }
        let io = hyper::upgrade::on(answer).await.map_err(|error| exchange(&error))?;
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(io), Role::Client, None).await;
        Ok(Upgraded::Open(Box::new(socket)))
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
    ) -> Result<(String, Request<Full<Bytes>>), ClientError> {
        let url = self.url(path);
        let uri: Uri = url.parse().map_err(|_| ClientError::Request(format!("{url} is not a URL")))?;
        let mut request = Request::new(Full::new(body.clone().unwrap_or_default()));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        if body.is_some() {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some(key) = &self.key {
            let value = HeaderValue::from_str(&format!("Bearer {key}"))
                .map_err(|_| ClientError::Request("the key cannot be sent in a header".to_owned()))?;
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        Ok((url, request))
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<ServerAnswer, String> {
        read_whole(self.hyper.request(request).await.map_err(|error| chain(&error))?).await
    }
}

async fn read_whole(answer: http::Response<Incoming>) -> Result<ServerAnswer, String> {
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(|error| error.to_string())?;
    let header = |name| head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Ok(ServerAnswer {
        status: head.status.as_u16(),
        invocation_id: header("x-invocation-id"),
        session: header("mcp-session-id"),
        body: body.to_bytes(),
    })
}

/// What a server says to someone who wants to listen.
#[derive(Debug)]
pub(crate) enum Listening {
    /// It will tell.
    Events(Events),
    /// It will not.
    Refused(ServerAnswer),
}

/// A socket of the app.
pub(crate) type AppSocket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

/// What a server says to someone who wants a socket.
#[derive(Debug)]
pub(crate) enum Upgraded {
    /// Here it is.
    Open(Box<AppSocket>),
    /// There is none.
    Refused(ServerAnswer),
}

/// Server-sent events on their way.
#[derive(Debug)]
pub(crate) struct Events {
    body: Incoming,
    text: String,
}

/// One event.
#[derive(Debug)]
pub(crate) struct Event {
    /// Where a listener goes on.
    pub id: String,
    /// What it says.
    pub data: String,
}

impl Events {
    /// The next event; `None`: the server has ended, or the connection has.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    block
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .map(|value| value.trim().to_owned())
                };
                let event = field("data:").map(|data| Event { id: field("id:").unwrap_or_default(), data });
                self.text = rest.to_owned();
                if event.is_some() {
                    return event;
                }
            }
            let data = self.body.frame().await?.ok()?.into_data().unwrap_or_default();
            self.text.push_str(std::str::from_utf8(&data).ok()?);
            if self.text.len() > ANSWER_BYTES_MAX {
                return None;
            }
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(this) = cause {
        text = format!("{text}: {this}");
        cause = this.source();
    }
    text
}
