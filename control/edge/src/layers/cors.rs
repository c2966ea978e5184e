//! Marks answers and errors alike for web pages of the app's origins.
//!
//! Outside the rescue, since a page has to be able to read why it was refused; so it asks nothing that waits: the lookup
//! is `cors_lookup.rs`, below load shedding and the deadline.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use mayfly_api::hosts::OriginVerdict;
use mayfly_api::routes::{called_app, s3_app};
use pin_project_lite::pin_project;
use tower::Service;

use crate::services::EdgeServices;
use crate::stage::Arrived;
use crate::{Reply, reply};

/// Ten minutes: browsers keep preflights no longer than a few of them anyway.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");
/// What a page may read beside the usual: what we say of each call.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "X-Request-Id, X-Invocation-Id, X-Error-Source, Retry-After, RateLimit, RateLimit-Policy",
);
/// The same of an answer of an app's S3 endpoint.
const EXPOSED_OF_S3: HeaderValue = HeaderValue::from_static(
    "X-Request-Id, ETag, Accept-Ranges, Content-Range, Content-Length, Last-Modified, Content-Disposition, Content-Encoding, \
     x-amz-request-id, x-amz-checksum-crc32, x-amz-checksum-crc32c, x-amz-checksum-crc64nvme, x-amz-checksum-sha1, \
     x-amz-checksum-sha256, x-amz-checksum-type, x-amz-mp-parts-count",
);

/// The layer's service.
#[derive(Debug, Clone)]
pub(crate) struct Cors<S, E> {
    inner: S,
    services: E,
}

impl<S, E> Cors<S, E> {
    pub(crate) fn new(inner: S, services: E) -> Self {
        Self { inner, services }
    }
}

/// The origin of a page that calls an app's function, and what the app's list says of it once that is known. It rides
/// in the request's extensions.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) app: Box<str>,
    is_storage: bool,
    origin: HeaderValue,
    verdict: Arc<OnceLock<OriginVerdict>>,
}

impl Pending {
    /// What the list says, where that is known already.
    pub(super) fn verdict(&self) -> Option<OriginVerdict> {
        self.verdict.get().copied()
    }

    /// It was looked up.
    pub(super) fn settle(&self, verdict: OriginVerdict) {
        let _ = self.verdict.set(verdict);
    }

    /// What is no text is on no list; whether there is one decides.
    pub(super) fn origin_text(&self) -> &str {
        self.origin.to_str().unwrap_or_default()
    }
}

impl<S, E, B> Service<Arrived<B>> for Cors<S, E>
where
    S: Service<Arrived<B>, Response = Reply, Error = Infallible>,
    E: EdgeServices,
{
    type Response = Reply;
    type Error = Infallible;
    type Future = Marking<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Arrived<B>) -> Self::Future {
        let pending = from_a_page(&request.head).map(|(app, origin)| Pending {
            app: app.into(),
            is_storage: s3_app(request.head.uri.path()).is_some(),
            origin,
            verdict: Arc::default(),
        });
        if let Some(pending) = &pending {
            // From memory: so that a page of a known app reads also that the server is full.
            if let Some(verdict) = self.services.known_origin(&pending.app, pending.origin_text()) {
                pending.settle(verdict);
            }
            request.head.extensions.insert(pending.clone());
        }
        Marking { inner: self.inner.call(request), pending }
    }
}

pin_project! {
    /// The response, marked for the page.
    pub(crate) struct Marking<F> {
        #[pin]
        inner: F,
        pending: Option<Pending>,
    }
}

impl<F: Future<Output = Result<Reply, Infallible>>> Future for Marking<F> {
    type Output = Result<Reply, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Ok(mut reply) = ready!(this.inner.poll(cx));
        if let Some(pending) = this.pending.take()
            && let Some(verdict) = pending.verdict()
            && verdict != OriginVerdict::Unset
        {
            let exposed = if pending.is_storage { EXPOSED_OF_S3 } else { EXPOSED };
            mark(reply.headers_mut(), verdict, pending.origin, exposed);
        }
        Poll::Ready(Ok(reply))
    }
}

/// The app that is called, and the one origin of the page that calls it.
fn from_a_page(head: &Parts) -> Option<(&str, HeaderValue)> {
    let path = head.uri.path();
    let app = called_app(path).or_else(|| s3_app(path))?;
    let mut origins = head.headers.get_all(ORIGIN).iter();
    let origin = origins.next()?.clone();
    origins.next().is_none().then_some((app, origin))
}

/// What a browser asks before the call itself: its method, and its headers.
pub(super) fn preflight(head: &Parts) -> Option<(HeaderValue, Option<HeaderValue>)> {
    let method = head.headers.get(ACCESS_CONTROL_REQUEST_METHOD)?;
    (head.method == Method::OPTIONS)
        .then(|| (method.clone(), head.headers.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned()))
}

pub(super) fn answer_preflight(
    verdict: OriginVerdict,
    (method, headers): (HeaderValue, Option<HeaderValue>),
) -> Reply {
    let mut reply = reply::whole(Bytes::new());
    *reply.status_mut() = StatusCode::NO_CONTENT;
    if verdict != OriginVerdict::Refused {
        let out = reply.headers_mut();
        // Which methods and headers a function takes is the function's to say, once it is called.
        out.insert(ACCESS_CONTROL_ALLOW_METHODS, method);
        if let Some(headers) = headers {
            out.insert(ACCESS_CONTROL_ALLOW_HEADERS, headers);
        }
        out.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    }
    reply.headers_mut().append(
        VARY,
        HeaderValue::from_static("Access-Control-Request-Method, Access-Control-Request-Headers"),
    );
    reply
}

/// The app's list holds, whatever the function says for itself.
fn mark(out: &mut HeaderMap, verdict: OriginVerdict, origin: HeaderValue, exposed: HeaderValue) {
    out.remove(ACCESS_CONTROL_ALLOW_ORIGIN);
    out.remove(ACCESS_CONTROL_ALLOW_CREDENTIALS);
    out.append(VARY, HeaderValue::from_static("Origin"));
    match verdict {
        OriginVerdict::Unset | OriginVerdict::Refused => return,
        OriginVerdict::Named => {
            out.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            out.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        OriginVerdict::Anyone => {
            out.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        }
    }
    out.append(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
}
