//! The command line's way to a server: one request, one answer, no guard and no redirects.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// As long as the longest function, and a little more.
const TIMEOUT: Duration = Duration::from_secs(330);
/// The longest answer that is read.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Talks to one server.
#[derive(Debug)]
pub struct Client {
    hyper: HyperClient<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: String,
    key: Option<String>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Whether a function gave it, rather than Mayfly.
    pub invocation_id: Option<String>,
    /// The body.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address or the key cannot be sent.
    #[error("{0}")]
    Request(String),
    /// Nobody answered.
    #[error("{url}: {cause}")]
    Exchange { url: String, cause: String },
    /// Not in time.
    #[error("no answer within {} seconds", TIMEOUT.as_secs())]
    TimedOut,
}

impl Client {
    /// A client of the server at `base`, with a key where there is one.
    pub fn new(base: &str, key: Option<&str>) -> Result<Self, ClientError> {
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
    pub async fn send(&self, method: Method, path: &str, body: Option<Bytes>) -> Result<Answer, ClientError> {
        let url = format!("{}{path}", self.base);
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
        match tokio::time::timeout(TIMEOUT, self.exchange(request)).await {
            Ok(answer) => answer.map_err(|cause| ClientError::Exchange { url, cause }),
            Err(_) => Err(ClientError::TimedOut),
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answer, String> {
        let answer = self.hyper.request(request).await.map_err(|error| chain(&error))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(|error| error.to_string())?;
        let invocation_id = head.headers.get("x-invocation-id").and_then(|id| id.to_str().ok());
        Ok(Answer {
            status: head.status.as_u16(),
            invocation_id: invocation_id.map(str::to_owned),
            body: body.to_bytes(),
        })
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
