//! Reads the body of an `Authed` request and takes room for what it will run: `Admitted`, or 408, 413, 429, 503.
//!
//! In this order: nobody's body is read before they may send one, and a slow body holds no room for a sandbox, until
//! enough of it is here for a function to begin with.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Body;
use tower::Service;

use crate::body::Bounded;
use crate::stage::{Admitted, Authed};
use mayfly_api::error::ApiError;
use mayfly_api::route::Route;
use mayfly_core::admission::Admission;

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Admit<S> {
    inner: S,
    admission: Admission,
    bytes_max: usize,
}

impl<S> Admit<S> {
    pub(crate) fn new(inner: S, admission: Admission, bytes_max: usize) -> Self {
        Self { inner, admission, bytes_max }
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
        let (mut inner, admission, bytes_max) = (self.inner.clone(), self.admission.clone(), self.bytes_max);
        Box::pin(async move {
            let (request, body) = request.split();
            // What is too much is refused before its body is read, and holds no room while it is.
            let counted = match running_app(request.route()) {
                Some(app) => Some(admission.count(app).await?),
                None => None,
            };
            let (body, rest) = match request.route() {
                Route::Call { .. } => body.begin().await?,
                _ => (body.collect(bytes_max).await?, None),
            };
            let room = match counted {
                Some(counted) => Some(admission.enter(counted).await?),
                None => None,
            };
            inner.call(request.admitted(body, rest, room)).await
        })
    }
}

/// The app of which a function is to run: nothing else needs room for a sandbox.
fn running_app(route: &Route) -> Option<&str> {
    match route {
        Route::Call { app, .. } | Route::Invoke { app, .. } | Route::VerifyUsage { app } => Some(app),
        _ => None,
    }
}
