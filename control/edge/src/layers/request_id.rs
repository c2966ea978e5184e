//! Gives every request its context: an id, accepted from the caller or made and written on the response, and who asks.

use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use http::{HeaderMap, HeaderName, HeaderValue, Request};
use pin_project_lite::pin_project;
use tower::Service;

use crate::Reply;
use crate::stage::Arrived;
use crate::trusted_proxies::TrustedProxies;
use mayfly_api::ids;
use mayfly_telemetry::request::RequestContext;
use mayfly_telemetry::trace::Trace;

/// The header, both ways.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is accepted from a caller.
const ID_CHARS_MAX: usize = 128;

/// Gives each request its id. One is made for each connection, since it knows the peer.
#[derive(Debug, Clone)]
pub(crate) struct RequestId<S> {
    inner: S,
    peer: IpAddr,
    proxies: TrustedProxies,
}

impl<S> RequestId<S> {
    pub(crate) fn new(inner: S, peer: IpAddr, proxies: TrustedProxies) -> Self {
        Self { inner, peer, proxies }
    }
}

impl<S, B> Service<Request<B>> for RequestId<S>
where
    S: Service<Arrived<B>, Response = Reply, Error = Infallible>,
{
    type Response = Reply;
    type Error = Infallible;
    type Future = Tagging<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (head, body) = request.into_parts();
        let id: Arc<str> = match accepted(&head.headers) {
            Some(id) => id.into(),
            None => ids::request_id().into(),
        };
        let trace = Trace::of(&head.headers);
        let peer = self.proxies.client(self.peer, &head.headers);
        let context = RequestContext { id: Arc::clone(&id), peer, received_at: Instant::now(), trace };
        let arrived = Arrived { context, head, body };
        Tagging { inner: self.inner.call(arrived), id }
    }
}

/// The caller's id, when it sent exactly one that is harmless in a log line and a header.
fn accepted(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(X_REQUEST_ID).iter();
    let id = values.next()?.to_str().ok()?;
    let harmless = (1..=ID_CHARS_MAX).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':'));
    (harmless && values.next().is_none()).then_some(id)
}

pin_project! {
    /// The response, with the id on it.
    pub(crate) struct Tagging<F> {
        #[pin]
        inner: F,
        id: Arc<str>,
    }
}

impl<F: Future<Output = Result<Reply, Infallible>>> Future for Tagging<F> {
    type Output = Result<Reply, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Ok(mut reply) = ready!(this.inner.poll(cx));
        // Both sources of the id yield visible ASCII only.
        if let Ok(value) = HeaderValue::from_str(this.id) {
            reply.headers_mut().insert(X_REQUEST_ID, value);
        }
        Poll::Ready(Ok(reply))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted_of(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(X_REQUEST_ID, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        accepted(&headers).map(str::to_owned)
    }

    #[test]
    fn one_harmless_id_is_kept_and_anything_else_replaced() {
        assert_eq!(accepted_of(&["abc-1_2.3:4"]).as_deref(), Some("abc-1_2.3:4"));
        assert!(accepted_of(&[&"a".repeat(128)]).is_some());
        for refused in [&["a", "b"][..], &[""], &["a b"], &["a\"b"], &["ä"], &[&"a".repeat(129)]] {
            assert_eq!(accepted_of(refused), None, "{refused:?}");
        }
    }
}
