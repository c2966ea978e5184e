//! One line a request: after its answer is known, with the failure that it ended in, if it did.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use pin_project_lite::pin_project;
use tower::Service;

use crate::Reply;
use crate::rescue::Failure;
use crate::settings::AccessLog;
use crate::stage::Arrived;
use mayfly_telemetry::ACCESS;

/// Writes a line of the access log for each request.
#[derive(Debug, Clone)]
pub(crate) struct LogAccess<S> {
    inner: S,
    which: AccessLog,
}

impl<S> LogAccess<S> {
    pub(crate) fn new(inner: S, which: AccessLog) -> Self {
        Self { inner, which }
    }
}

/// What the line says of the request; taken before the request is given away.
struct Line {
    id: Arc<str>,
    method: http::Method,
    path: Box<str>,
    at: Instant,
}

impl<S, B> Service<Arrived<B>> for LogAccess<S>
where
    S: Service<Arrived<B>, Response = Reply, Error = Infallible>,
{
    type Response = Reply;
    type Error = Infallible;
    type Future = Logging<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Arrived<B>) -> Self::Future {
        // The query is left out: people put secrets there.
        let line = (self.which != AccessLog::Off).then(|| Line {
            id: Arc::clone(&request.context.id),
            method: request.head.method.clone(),
            path: request.head.uri.path().into(),
            at: request.context.received_at,
        });
        Logging { inner: self.inner.call(request), line, all: self.which == AccessLog::All }
    }
}

pin_project! {
    /// The response; its line is written on the way.
    pub(crate) struct Logging<F> {
        #[pin]
        inner: F,
        line: Option<Line>,
        all: bool,
    }
}

impl<F: Future<Output = Result<Reply, Infallible>>> Future for Logging<F> {
    type Output = Result<Reply, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Ok(mut reply) = ready!(this.inner.poll(cx));
        let failure = reply.extensions_mut().remove::<Failure>();
        if let Some(line) = this.line.take()
            && (*this.all || reply.status().is_server_error())
        {
            line.write(&reply, failure);
        }
        Poll::Ready(Ok(reply))
    }
}

impl Line {
    fn write(self, reply: &Reply, failure: Option<Failure>) {
        let status = reply.status().as_u16();
        let ms = self.at.elapsed().as_micros() as f64 / 1_000.0;
        let (id, method, path) = (&*self.id, self.method.as_str(), &*self.path);
        match failure {
            None => tracing::info!(target: ACCESS, request_id = id, status, ms, "{method} {path}"),
            Some(Failure { code, message, cause, platform }) => {
                let cause = cause.as_deref();
                if platform {
                    tracing::error!(target: ACCESS, request_id = id, status, ms, code, cause, "{method} {path}: {message}");
                } else {
                    tracing::info!(target: ACCESS, request_id = id, status, ms, code, cause, "{method} {path}: {message}");
                }
            }
        }
    }
}
