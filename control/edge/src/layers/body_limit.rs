//! Refuses a body that announces too much, and wraps the others so that they are counted while they are read.

use std::future::{Ready, ready};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::Either;
use http_body::Body;
use tower::Service;

use crate::body::{Bounded, check_announced};
use crate::stage::Arrived;
use mayfly_api::error::ApiError;

/// Limits the length of request bodies.
#[derive(Debug, Clone)]
pub(crate) struct LimitBody<S> {
    inner: S,
    bytes_max: u64,
    idle: Duration,
}

impl<S> LimitBody<S> {
    pub(crate) fn new(inner: S, bytes_max: u64, idle: Duration) -> Self {
        Self { inner, bytes_max, idle }
    }
}

impl<S, B> Service<Arrived<B>> for LimitBody<S>
where
    S: Service<Arrived<Bounded<B>>, Error = ApiError>,
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    type Response = S::Response;
    type Error = ApiError;
    type Future = Either<S::Future, Ready<Result<S::Response, ApiError>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ApiError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Arrived<B>) -> Self::Future {
        match check_announced(&request.head.headers, self.bytes_max) {
            Ok(()) => Either::Left(
                self.inner.call(request.map_body(|body| Bounded::new(body, self.bytes_max, self.idle))),
            ),
            Err(error) => Either::Right(ready(Err(error))),
        }
    }
}
