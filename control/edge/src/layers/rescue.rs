//! The border of failure: everything inside may end in an `ApiError`, nothing outside.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tower::Service;

use crate::Reply;
use crate::rescue::{name_metadata, to_reply};
use crate::stage::Arrived;
use mayfly_api::error::ApiError;

/// Makes responses of errors.
#[derive(Debug, Clone)]
pub(crate) struct Rescue<S> {
    inner: S,
    /// The public address, in front of the error pages' path.
    base: Arc<str>,
}

impl<S> Rescue<S> {
    pub(crate) fn new(inner: S, base: Arc<str>) -> Self {
        Self { inner, base }
    }
}

impl<S, B> Service<Arrived<B>> for Rescue<S>
where
    S: Service<Arrived<B>, Response = Reply, Error = ApiError>,
{
    type Response = Reply;
    type Error = Infallible;
    type Future = Rescuing<S::Future>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Everything below is always ready: being full is an answer here, not back-pressure.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Arrived<B>) -> Self::Future {
        let id = Arc::clone(&request.context.id);
        let is_mcp = request.head.uri.path().starts_with("/mcp");
        Rescuing { inner: self.inner.call(request), id, base: Arc::clone(&self.base), is_mcp }
    }
}

pin_project! {
    /// The response, made of the error where there was one.
    pub(crate) struct Rescuing<F> {
        #[pin]
        inner: F,
        id: Arc<str>,
        base: Arc<str>,
        is_mcp: bool,
    }
}

impl<F: Future<Output = Result<Reply, ApiError>>> Future for Rescuing<F> {
    type Output = Result<Reply, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.inner.poll(cx));
        Poll::Ready(Ok(result.unwrap_or_else(|error| {
            let mut reply = to_reply(&error, this.id, this.base);
            if *this.is_mcp {
                name_metadata(&mut reply, this.base);
            }
            reply
        })))
    }
}
