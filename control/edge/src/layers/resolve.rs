//! Turns a `Routed` request into a `Resolved` one: finds the function of a call or a webhook, or answers 404, 405 or 503.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use mayfly_api::error::ApiError;
use mayfly_api::routes::RouteId;
use tower::Service;

use crate::services::EdgeServices;
use crate::stage::{Resolved, Routed};

/// The layer's service.
#[derive(Debug, Clone)]
pub(crate) struct Resolve<S, E> {
    inner: S,
    services: E,
}

impl<S, E> Resolve<S, E> {
    pub(crate) fn new(inner: S, services: E) -> Self {
        Self { inner, services }
    }
}

impl<S, E, B> Service<Routed<B>> for Resolve<S, E>
where
    S: Service<Resolved<E, B>, Error = ApiError> + Clone + Send + 'static,
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

    /// From here inwards requests wait, and futures have no names: this layer and the next ones box theirs.
    fn call(&mut self, routed: Routed<B>) -> Self::Future {
        let (mut inner, services) = (self.inner.clone(), self.services.clone());
        Box::pin(async move {
            let function = match (routed.found.route, &routed.found.app) {
                (RouteId::FunctionCall, Some(app)) => {
                    let path = routed.found.names.first().map_or("", String::as_str);
                    Some(services.resolve(app, path, &routed.request.head.method).await?)
                }
                (RouteId::WebhookDeliver, Some(app)) => {
                    let name = routed.found.names.first().map_or("", String::as_str);
                    services.check_webhook(app, name, &routed.request.context).await?;
                    None
                }
                _ => None,
            };
            inner.call(Resolved { routed, function }).await
        })
    }
}
