//! Lets web pages of the app's origins call its functions: answers preflights, and marks answers and errors alike.
//!
//! Outside the rescue, since a page has to be able to read why it was refused.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::Either;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tower::Service;

use crate::stage::Arrived;
use crate::{Reply, reply};
use mayfly_api::route::called_app;
use mayfly_core::app_config::{AppView, Configs, OriginVerdict};

/// Ten minutes: browsers keep preflights no longer than a few of them anyway.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");
/// What a page may read beside the usual: what we say of each call.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "X-Request-Id, X-Invocation-Id, X-Error-Source, Retry-After, RateLimit, RateLimit-Policy",
);

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Cors<S> {
    inner: S,
    configs: Configs,
}

impl<S> Cors<S> {
    pub(crate) fn new(inner: S, configs: Configs) -> Self {
        Self { inner, configs }
    }
}

impl<S, B> Service<Arrived<B>> for Cors<S>
where
    S: Service<Arrived<B>, Response = Reply, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Reply;
    type Error = Infallible;
    type Future = Either<S::Future, Pin<Box<dyn Future<Output = Result<Reply, Infallible>> + Send>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Arrived<B>) -> Self::Future {
        let mut inner = self.inner.clone();
        let Some((app, origin)) = from_a_page(&request.head) else {
            return Either::Left(inner.call(request));
        };
        let (app, configs) = (app.to_owned(), self.configs.clone());
        Either::Right(Box::pin(async move {
            // An app that is not there, or cannot be looked up now, lets nobody in; why, is said below.
            let view = configs.find(&app).await.ok().flatten();
            let verdict = view.as_deref().map_or(OriginVerdict::Unset, |view| judge(view, &origin));
            if verdict == OriginVerdict::Unset {
                return inner.call(request).await;
            }
            let mut reply = match preflight(&request.head) {
                Some(asked) => answer_preflight(verdict, asked),
                None => inner.call(request).await?,
            };
            mark(reply.headers_mut(), verdict, origin);
            Ok(reply)
        }))
    }
}

/// The app that is called, and the one origin of the page that calls it.
fn from_a_page(head: &Parts) -> Option<(&str, HeaderValue)> {
    let app = called_app(head.uri.path())?;
    let mut origins = head.headers.get_all(ORIGIN).iter();
    let origin = origins.next()?.clone();
    origins.next().is_none().then_some((app, origin))
}

fn judge(view: &AppView, origin: &HeaderValue) -> OriginVerdict {
    // What is no text is on no list; whether there is one decides.
    view.config.cors_origins.judge(origin.to_str().unwrap_or_default())
}

/// What a browser asks before the call itself: its method, and its headers.
fn preflight(head: &Parts) -> Option<(HeaderValue, Option<HeaderValue>)> {
    let method = head.headers.get(ACCESS_CONTROL_REQUEST_METHOD)?;
    (head.method == Method::OPTIONS)
        .then(|| (method.clone(), head.headers.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned()))
}

fn answer_preflight(verdict: OriginVerdict, (method, headers): (HeaderValue, Option<HeaderValue>)) -> Reply {
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
fn mark(out: &mut HeaderMap, verdict: OriginVerdict, origin: HeaderValue) {
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
    out.append(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
}
