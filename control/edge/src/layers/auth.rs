//! Turns a `Resolved` request into an `Authorized` one, or answers 401, 403 or 404.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use mayfly_api::error::ApiError;
use tower::Service;

use crate::services::EdgeServices;
use crate::stage::{Access, Authorized, Resolved};

/// The layer's service.
#[derive(Debug, Clone)]
pub(crate) struct Auth<S, E> {
    inner: S,
    services: E,
}

impl<S, E> Auth<S, E> {
    pub(crate) fn new(inner: S, services: E) -> Self {
        Self { inner, services }
    }
}

impl<S, E, B> Service<Resolved<E, B>> for Auth<S, E>
where
    S: Service<Authorized<E, B>, Error = ApiError> + Clone + Send + 'static,
    S::Future: Send,
    E: EdgeServices,
    B: Send + 'static,
{
    type Response = S::Response;
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, ApiError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ApiError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Resolved<E, B>) -> Self::Future {
        let (mut inner, services) = (self.inner.clone(), self.services.clone());
        Box::pin(async move {
            let Resolved { routed, function } = request;
            let head = &routed.request.head;
            let access = match function {
                Some(function) => Access::Call(services.authorize_call(function, head).await?),
                None => {
                    let requirement = routed.found.route.route().requirement;
                    let app = routed.found.app.as_deref();
                    Access::Manage(services.authorize(requirement, app, head).await?)
                }
            };
            inner.call(Authorized { routed, access }).await
        })
    }
}
