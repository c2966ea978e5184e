//! What came in: the head as one frame, and the parts that the guest asks for when it needs them.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use mayfly_abi::frame::Writer;
use mayfly_abi::head::Head;
use ring::rand::{SecureRandom, SystemRandom};
use serde::Serializer as _;
use zeroize::Zeroizing;

use crate::invoke::Request;
use crate::providers::Environment;

/// Headers whose values a recording does not hold. What stands for them is as long: a function that only passes them on
/// uses the same fuel.
const CREDENTIALS: [&str; 6] =
    ["authorization", "cookie", "proxy-authorization", "x-api-key", "apikey", "x-auth-token"];

/// The request of one invocation.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    pub(crate) head: Vec<u8>,
    pub(crate) body: Option<Bytes>,
    pub(crate) context: String,
    env: Arc<Environment>,
    env_json: Option<Zeroizing<Vec<u8>>>,
    /// The head as it may be recorded, when it is to be.
    recorded_head: Option<Vec<u8>>,
}

/// What came in, as a recording keeps it.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) head: Vec<u8>,
    pub(crate) body: Option<Bytes>,
    pub(crate) context: String,
    /// JSON; empty when the guest never asked.
    pub(crate) env: Zeroizing<Vec<u8>>,
}

impl Incoming {
    pub(crate) fn new(request: &Request, context: String, env: Arc<Environment>, recorded: bool) -> Self {
        let moment = Moment::now();
        Self {
            head: moment.head(request, |_, value| Cow::Borrowed(value)),
            body: request.body.clone(),
            context,
            env,
            env_json: None,
            recorded_head: recorded.then(|| moment.head(request, blank)),
        }
    }

    /// As it was then.
    pub(crate) fn replayed(recorded: Recorded) -> Self {
        let Recorded { head, body, context, env } = recorded;
        let env_json = (!env.is_empty()).then_some(env);
        Self { head, body, context, env: Arc::default(), env_json, recorded_head: None }
    }

    /// As a recording keeps it; `None` when none is to be made.
    pub(crate) fn recorded(&mut self) -> Option<Recorded> {
        let head = self.recorded_head.take()?;
        let env = self.env_json.take().unwrap_or_default();
        Some(Recorded { head, body: self.body.take(), context: std::mem::take(&mut self.context), env })
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

fn blank<'a>(name: &str, value: &'a str) -> Cow<'a, str> {
    if CREDENTIALS.contains(&name) { "x".repeat(value.len()).into() } else { value.into() }
}

/// What makes each invocation different from the last.
struct Moment {
    seed: [u8; 16],
    started_at_ms: f64,
}

impl Moment {
    fn now() -> Self {
        let mut seed = [0; 16];
        // A failure of the machine's randomness would leave the seed at zero: `Math.random` promises nothing better.
        let _ = SystemRandom::new().fill(&mut seed);
        let started_at_ms =
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_millis() as f64);
        Self { seed, started_at_ms }
    }

    fn head<'a>(&self, request: &'a Request, shown: impl Fn(&str, &'a str) -> Cow<'a, str>) -> Vec<u8> {
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
            has_body: request.body.is_some(),
            headers: &headers,
        }
        .write(&mut writer);
        writer.finish()
    }
}
