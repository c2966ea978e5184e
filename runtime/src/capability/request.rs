//! The request: its head as one frame, and the parts that the guest asks for when it needs them.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use futures_util::StreamExt;
use mayfly_abi::body::BodyKind;
use mayfly_abi::frame::Writer;
use mayfly_abi::head::Head;
use serde::Serializer as _;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::operations::{Answer, OperationKind, Started};
use crate::body::{Body, Chunks};
use crate::invocation::Request;
use crate::providers::{BoxFuture, Environment};
use crate::recording::RecordedRequest;

/// Headers whose values a recording does not hold. What stands for them is as long: a function that only passes them on
/// uses the same fuel.
const CREDENTIALS: [&str; 6] =
    ["authorization", "cookie", "proxy-authorization", "x-api-key", "apikey", "x-auth-token"];

/// The request of one invocation.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    pub(crate) head: Vec<u8>,
    body: Option<Bytes>,
    stream: Option<Arc<Mutex<Chunks>>>,
    pub(crate) context: String,
    env: Arc<Environment>,
    env_json: Option<Zeroizing<Vec<u8>>>,
    /// The head as it may be recorded, when it is to be.
    recorded_head: Option<Vec<u8>>,
}

impl Incoming {
    pub(crate) fn new(mut request: Request, context: String, env: Arc<Environment>, recorded: bool) -> Self {
        let start = InvocationStart::now();
        let body = request.body.take();
        let kind = body.as_ref().map_or(BodyKind::None, kind_of);
        let request = &request;
        let head = start.head(request, kind, |_, value| Cow::Borrowed(value));
        let recorded_head = recorded.then(|| start.head(request, kind, blank));
        let (body, stream) = match body {
            Some(Body::Whole(bytes)) => (Some(bytes), None),
            Some(Body::Stream(chunks)) => (None, Some(Arc::new(Mutex::new(chunks)))),
            None => (None, None),
        };
        Self { head, body, stream, context, env, env_json: None, recorded_head }
    }

    /// As it was then.
    pub(crate) fn replayed(recorded: RecordedRequest) -> Self {
        let RecordedRequest { head, body, context, env } = recorded;
        let env_json = (!env.is_empty()).then_some(env);
        Self { head, body, context, env_json, ..Self::default() }
    }

    /// As a recording keeps it; `None` when none is to be made.
    pub(crate) fn recorded(&mut self) -> Option<RecordedRequest> {
        let head = self.recorded_head.take()?;
        let env = self.env_json.take().unwrap_or_default();
        Some(RecordedRequest {
            head,
            body: self.body.take(),
            context: std::mem::take(&mut self.context),
            env,
        })
    }

    /// The body, where all of it came with the request.
    pub(crate) fn whole_body(&self) -> &[u8] {
        self.body.as_deref().unwrap_or_default()
    }

    /// The next piece of a body that is still arriving; nothing at its end.
    pub(crate) fn read(&mut self) -> Started {
        Ok(next_piece(self.stream.clone()))
    }

    /// The environment as a JSON object, made when it is first asked for: most invocations never do.
    pub(crate) fn env(&mut self) -> &[u8] {
        let env = &self.env;
        self.env_json.get_or_insert_with(|| Zeroizing::new(json(env)))
    }
}

/// Made in one piece: a buffer that grew would leave copies behind.
fn json(env: &Environment) -> Vec<u8> {
    // Each byte takes six at most, as `\u0000`.
    let bytes = env.iter().map(|(name, value)| 6 * (name.len() + value.len()) + 6).sum::<usize>();
    let mut json = Vec::with_capacity(2 + bytes);
    let entries = env.iter().map(|(name, value)| (name, value.as_str()));
    // Texts alone cannot fail to be written.
    let _ = serde_json::Serializer::new(&mut json).collect_map(entries);
    json
}

fn kind_of(body: &Body) -> BodyKind {
    match body {
        Body::Whole(_) => BodyKind::Whole,
        Body::Stream(_) => BodyKind::Stream,
    }
}

/// The operation that reads a stream on. Where there is none, that is its end.
pub(crate) fn next_piece(stream: Option<Arc<Mutex<Chunks>>>) -> (OperationKind, BoxFuture<'static, Answer>) {
    let read = async move {
        let Some(stream) = stream else { return Ok(Vec::new()) };
        match stream.lock().await.next().await {
            Some(piece) => Ok(piece?.to_vec()),
            None => Ok(Vec::new()),
        }
    };
    (OperationKind::Foreground, Box::pin(read))
}

fn blank<'a>(name: &str, value: &'a str) -> Cow<'a, str> {
    if CREDENTIALS.contains(&name) { "x".repeat(value.len()).into() } else { value.into() }
}

/// What is new in each invocation: a seed and a start time.
struct InvocationStart {
    seed: [u8; 16],
    started_at_ms: f64,
}

impl InvocationStart {
    fn now() -> Self {
        let mut seed = [0; 16];
        // For `Math.random` alone. A generator of this thread, which the system seeds now and then: asking the system itself
        // is a call of it for each invocation.
        rand::fill(&mut seed);
        let started_at_ms =
            crate::clock::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_millis() as f64);
        Self { seed, started_at_ms }
    }

    fn head<'a>(
        &self,
        request: &'a Request,
        body: BodyKind,
        shown: impl Fn(&str, &'a str) -> Cow<'a, str>,
    ) -> Vec<u8> {
        let mut headers = Writer::with_capacity(32 * request.headers.len() + 4);
        headers.u32(request.headers.len() as u32);
        for (name, value) in &request.headers {
            headers.text(name);
            headers.text(&shown(name, value));
        }
        let headers = headers.finish();
        let mut writer = Writer::with_capacity(64 + request.url.len() + headers.len());
        Head {
            seed: self.seed,
            started_at_ms: self.started_at_ms,
            method: &request.method,
            url: &request.url,
            body,
            headers: &headers,
        }
        .write(&mut writer);
        writer.finish()
    }
}
