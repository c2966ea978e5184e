//! `fetch`: requests are counted and go to the provider, which decides what may be reached.

use std::sync::Arc;

use mayfly_abi::frame::{Malformed, Writer};
use mayfly_abi::operation::{Fetch as Frame, Fetched};
use tokio::sync::Semaphore;

use super::operations::{Answer, Kind};
use super::submit::Begun;
use crate::providers::{Fetch, FetchRequest, FetchResponse, GuestError, Redirect};

// Requests of one invocation that are on the wire at once; the others wait.
const AT_ONCE_MAX: usize = 50;

/// The outbound side of one invocation.
pub(crate) struct Egress {
    provider: Option<Arc<dyn Fetch>>,
    at_once: Arc<Semaphore>,
    requests: u32,
    requests_max: u32,
    bytes: u64,
}

impl Egress {
    pub(crate) fn new(provider: Option<Arc<dyn Fetch>>, requests_max: u32) -> Self {
        Self { provider, at_once: Arc::new(Semaphore::new(AT_ONCE_MAX)), requests: 0, requests_max, bytes: 0 }
    }

    /// Bytes of the requests that were made.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn fetch(&mut self, frame: &[u8]) -> Begun {
        let request = request_of(Frame::read(frame)?)?;
        self.requests += 1;
        if self.requests > self.requests_max {
            return Ok(failed(
                "TOO_MANY_SUBREQUESTS",
                "this invocation has made all the requests that it may",
            ));
        }
        let Some(provider) = self.provider.clone() else {
            return Ok(failed("EGRESS_DENIED", "this invocation was lent no network"));
        };
        self.bytes += frame.len() as u64;
        let at_once = Arc::clone(&self.at_once);
        Ok((
            Kind::Foreground,
            Box::pin(async move {
                let _permit = at_once.acquire().await;
                Ok(answer(&provider.fetch(request).await?))
            }),
        ))
    }
}

fn request_of(frame: Frame) -> Result<FetchRequest, Malformed> {
    let redirect = match frame.redirect {
        0 => Redirect::Follow,
        1 => Redirect::Error,
        2 => Redirect::Manual,
        _ => return Err(Malformed),
    };
    let Frame { method, url, headers, body, .. } = frame;
    Ok(FetchRequest { method, url, headers, body, redirect })
}

fn answer(response: &FetchResponse) -> Vec<u8> {
    let mut writer = Writer::with_capacity(256 + response.body.len());
    Fetched {
        status: response.status,
        redirected: response.redirected,
        url: &response.url,
        headers: response.headers.clone(),
        body: &response.body,
    }
    .write(&mut writer);
    writer.finish()
}

fn failed(code: &'static str, message: &'static str) -> (Kind, crate::providers::BoxFuture<'static, Answer>) {
    (Kind::Foreground, Box::pin(async move { Err(GuestError::new(code, message)) }))
}
