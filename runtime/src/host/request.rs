//! What came in: the head as one frame, and the parts that the guest asks for when it needs them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use mayfly_abi::frame::Writer;
use mayfly_abi::head::Head;
use ring::rand::{SecureRandom, SystemRandom};

use crate::invoke::Request;

/// The request of one invocation.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    pub(crate) head: Vec<u8>,
    pub(crate) body: Option<Bytes>,
    pub(crate) context: String,
    env: Arc<BTreeMap<String, String>>,
    env_json: Option<Vec<u8>>,
}

impl Incoming {
    pub(crate) fn new(request: &Request, context: String, env: Arc<BTreeMap<String, String>>) -> Self {
        Self { head: head(request), body: request.body.clone(), context, env, env_json: None }
    }

    /// The environment as a JSON object, made when it is first asked for: most invocations never do.
    pub(crate) fn env(&mut self) -> &[u8] {
        let env = &self.env;
        self.env_json.get_or_insert_with(|| serde_json::to_vec(&**env).unwrap_or_else(|_| b"{}".to_vec()))
    }
}

fn head(request: &Request) -> Vec<u8> {
    let mut headers = Writer::with_capacity(32 * request.headers.len() + 4);
    headers.pairs(request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let headers = headers.finish();
    let mut seed = [0; 16];
    // A failure of the machine's randomness would leave the seed at zero: `Math.random` promises nothing better.
    let _ = SystemRandom::new().fill(&mut seed);
    let started_at_ms =
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_millis() as f64);
    let mut writer = Writer::with_capacity(64 + request.url.len() + headers.len());
    Head {
        seed,
        started_at_ms,
        method: &request.method,
        url: &request.url,
        has_body: request.body.is_some(),
        headers: &headers,
    }
    .write(&mut writer);
    writer.finish()
}
