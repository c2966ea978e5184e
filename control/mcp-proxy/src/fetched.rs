//! Streamable HTTP over connections that are given to us: who gives them decides which hosts may be reached. There is no stream
//! beside answers: what an upstream would say there, it is asked for instead.

use std::collections::HashMap;
use std::fmt::Debug;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt as _};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use rmcp::model::ClientJsonRpcMessage;
use rmcp::transport::streamable_http_client::{
    AuthRequiredError, StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse,
};
use sse_stream::{Error as SseError, Sse, SseStream};

const ACCEPTED: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");
const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");

/// The body of an answer, piece by piece.
pub type FetchedBody = BoxStream<'static, io::Result<Bytes>>;
/// An answer on its way.
pub type Fetching = Pin<Box<dyn Future<Output = io::Result<Response<FetchedBody>>> + Send>>;

/// Sends requests to an upstream. It follows no redirects: a key goes to the server that was named.
pub trait UpstreamFetch: Debug + Send + Sync {
    /// Send one.
    fn fetch(&self, request: Request<Bytes>) -> Fetching;
}

/// See the file's head. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct FetchedHttp {
    fetch: Arc<dyn UpstreamFetch>,
    /// Bytes of one answer, however it comes.
    answer_bytes_max: usize,
}

type Failure = StreamableHttpError<io::Error>;

impl FetchedHttp {
    pub(crate) fn new(fetch: Arc<dyn UpstreamFetch>, answer_bytes_max: usize) -> Self {
        Self { fetch, answer_bytes_max }
    }

    async fn send(
        &self,
        method: Method,
        uri: &str,
        session: Option<&str>,
        key: Option<String>,
        headers: HashMap<HeaderName, HeaderValue>,
        body: Bytes,
    ) -> Result<Response<FetchedBody>, Failure> {
        let invalid = |error: http::Error| Failure::Client(io::Error::other(error));
        let mut request = Request::builder().method(method).uri(uri).header(ACCEPT, ACCEPTED);
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        if let Some(session) = session {
            request = request.header(SESSION_ID, session);
        }
        if let Some(key) = key {
            request = request.header(AUTHORIZATION, format!("Bearer {key}"));
        }
        let mut request = request.body(body).map_err(invalid)?;
        request.headers_mut().extend(headers);
        self.fetch.fetch(request).await.map_err(Failure::Client)
    }

    /// The body, which ends with an error where it has more bytes than an answer may.
    fn bounded(&self, body: FetchedBody) -> FetchedBody {
        let (mut read, max) = (0, self.answer_bytes_max);
        body.map(move |piece| {
            let piece = piece?;
            read += piece.len();
            if read > max {
                return Err(io::Error::other(format!("it answered with more than {max} bytes")));
            }
            Ok(piece)
        })
        .boxed()
    }

    async fn whole(&self, body: FetchedBody) -> Result<Vec<u8>, Failure> {
        let (mut pieces, mut whole) = (self.bounded(body), Vec::new());
        while let Some(piece) = pieces.next().await {
            whole.extend_from_slice(&piece.map_err(Failure::Client)?);
        }
        Ok(whole)
    }
}

impl StreamableHttpClient for FetchedHttp {
    type Error = io::Error;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session_id: Option<Arc<str>>,
        auth_header: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<StreamableHttpPostResponse, Failure> {
        let asks = matches!(message, ClientJsonRpcMessage::Request(_));
        let body = serde_json::to_vec(&message)?.into();
        let session = session_id.as_deref();
        let answer = self.send(Method::POST, &uri, session, auth_header, custom_headers, body).await?;
        let (head, body) = answer.into_parts();
        let text = |name: &HeaderName| head.headers.get(name).and_then(|value| value.to_str().ok());
        let (begun, kind) = (text(&SESSION_ID).map(str::to_owned), text(&CONTENT_TYPE).unwrap_or_default());
        let is = |wanted: &str| kind.split(';').next().is_some_and(|kind| kind.trim() == wanted);
        match head.status {
            StatusCode::ACCEPTED | StatusCode::NO_CONTENT => return Ok(StreamableHttpPostResponse::Accepted),
            StatusCode::NOT_FOUND if session.is_some() => return Err(Failure::SessionExpired),
            StatusCode::UNAUTHORIZED => {
                let shown = text(&http::header::WWW_AUTHENTICATE).unwrap_or("Bearer").to_owned();
                return Err(Failure::AuthRequired(AuthRequiredError::new(shown)));
            }
            status if !status.is_success() && !is("application/json") => {
                let text = format!("it answered with status {status}");
                return Err(Failure::UnexpectedServerResponse(text.into()));
            }
            _ => {}
        }
        if is("text/event-stream") {
            let events = SseStream::from_bytes_stream(self.bounded(body)).boxed();
            return Ok(StreamableHttpPostResponse::Sse(events, begun));
        }
        let whole = self.whole(body).await?;
        if !asks {
            return Ok(StreamableHttpPostResponse::Accepted);
        }
        let parsed = serde_json::from_slice(&whole).map_err(|error| {
            Failure::UnexpectedServerResponse(format!("it sent what is no message: {error}").into())
        })?;
        Ok(StreamableHttpPostResponse::Json(parsed, begun))
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session_id: Arc<str>,
        auth_header: Option<String>,
        custom_headers: HashMap<HeaderName, HeaderValue>,
    ) -> Result<(), Failure> {
        let session = Some(&*session_id);
        self.send(Method::DELETE, &uri, session, auth_header, custom_headers, Bytes::new()).await.map(drop)
    }

    async fn get_stream(
        &self,
        _: Arc<str>,
        _: Option<Arc<str>>,
        _: Option<String>,
        _: Option<String>,
        _: HashMap<HeaderName, HeaderValue>,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, Failure> {
        Err(Failure::ServerDoesNotSupportSse)
    }
}
