//! Reads the body of an `Authed` request and takes room for what it will run: `Admitted`, or 408, 413, 429, 503.
//!
//! In this order: a slow body holds no room for a sandbox, and nobody's body is read before they may send one.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Body;
use tower::Service;

use crate::error::{ApiError, ApiResult};
use crate::http::body::Bounded;
use crate::http::route::Route;
use crate::http::stage::{Admitted, Authed};
use crate::quota::{Slot, Slots};

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Admit<S> {
    inner: S,
    slots: Slots,
}

impl<S> Admit<S> {
    pub(crate) fn new(inner: S, slots: Slots) -> Self {
        Self { inner, slots }
    }
}

impl<S, B> Service<Authed<Bounded<B>>> for Admit<S>
where
    S: Service<Admitted, Error = ApiError> + Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + Unpin + Send + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    type Response = S::Response;
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, ApiError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ApiError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Authed<Bounded<B>>) -> Self::Future {
        let (mut inner, slots) = (self.inner.clone(), self.slots.clone());
        Box::pin(async move {
            let (request, body) = request.split();
            let body = body.collect().await?;
            let slot = take(&slots, request.route())?;
            inner.call(request.admitted(body, slot)).await
        })
    }
}

/// Only what runs a function needs room for a sandbox.
fn take(slots: &Slots, route: &Route) -> ApiResult<Option<Slot>> {
    match route {
        Route::Call { app, .. } | Route::Invoke { app, .. } => Ok(Some(slots.take(app)?)),
        _ => Ok(None),
    }
}
