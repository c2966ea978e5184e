//! Turns a `Routed` request into an `Authed` one, or into 401, 403 or 404.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tower::Service;

use crate::stage::{Authed, Routed};
use mayfly_api::error::ApiError;
use mayfly_core::auth::Authenticator;

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Auth<S> {
    inner: S,
    authenticator: Authenticator,
}

impl<S> Auth<S> {
    pub(crate) fn new(inner: S, authenticator: Authenticator) -> Self {
        Self { inner, authenticator }
    }
}

impl<S, B> Service<Routed<B>> for Auth<S>
where
    S: Service<Authed<B>, Error = ApiError> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = S::Response;
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, ApiError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ApiError>> {
        self.inner.poll_ready(cx)
    }

    /// From here inwards things are waited for, and futures have no names: this layer and the next box theirs.
    fn call(&mut self, request: Routed<B>) -> Self::Future {
        let (mut inner, authenticator) = (self.inner.clone(), self.authenticator.clone());
        Box::pin(async move {
            let access = authenticator.check(request.route(), request.head()).await?;
            inner.call(request.authed(access)).await
        })
    }
}
