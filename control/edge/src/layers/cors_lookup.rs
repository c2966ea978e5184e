//! Finds what an app's list says of a page's origin, and answers preflights.
//!
//! Below load shedding, the deadline and the panic catcher: it may ask the store. What it finds is left for the layer
//! that marks answers, `cors.rs`, which stands above all of them.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::Either;
use mayfly_api::error::ApiError;
use mayfly_api::hosts::OriginVerdict;
use tower::Service;

use super::cors::{Pending, answer_preflight, preflight};
use crate::Reply;
use crate::services::EdgeServices;
use crate::stage::Arrived;

/// The layer's service.
#[derive(Debug, Clone)]
pub(crate) struct CorsLookup<S, E> {
    inner: S,
    services: E,
}

impl<S, E> CorsLookup<S, E> {
    pub(crate) fn new(inner: S, services: E) -> Self {
        Self { inner, services }
    }
}

impl<S, E, B> Service<Arrived<B>> for CorsLookup<S, E>
where
    S: Service<Arrived<B>, Response = Reply, Error = ApiError> + Clone + Send + 'static,
    S::Future: Send,
    E: EdgeServices,
    B: Send + 'static,
{
    type Response = Reply;
    type Error = ApiError;
    type Future = Either<S::Future, Pin<Box<dyn Future<Output = Result<Reply, ApiError>> + Send>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ApiError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Arrived<B>) -> Self::Future {
        let mut inner = self.inner.clone();
        let Some(pending) = request.head.extensions.remove::<Pending>() else {
            return Either::Left(inner.call(request));
        };
        let services = self.services.clone();
        Either::Right(Box::pin(async move {
            let verdict = match pending.verdict() {
                Some(verdict) => verdict,
                // An app that is not there, or cannot be looked up now, lets no page in; why, is said below.
                None => {
                    let found = services.check_origin(&pending.app, pending.origin_text()).await;
                    let verdict = found.unwrap_or(OriginVerdict::Unset);
                    pending.settle(verdict);
                    verdict
                }
            };
            match preflight(&request.head) {
                Some(asked) if verdict != OriginVerdict::Unset => Ok(answer_preflight(verdict, asked)),
                _ => inner.call(request).await,
            }
        }))
    }
}
