//! Turns a request into a `Routed` one, or into 404 or 405.

use std::future::{Ready, ready};
use std::task::{Context, Poll};

use futures_util::future::Either;
use http::Version;
use http::header::HOST;
use http::request::Parts;
use tower::Service;

use crate::stage::{Arrived, Routed};
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::routes::{self, Found, RouteError};

/// Finds the route of a request.
#[derive(Debug, Clone)]
pub(crate) struct Router<S> {
    inner: S,
}

impl<S> Router<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S, B> Service<Arrived<B>> for Router<S>
where
    S: Service<Routed<B>, Error = ApiError>,
{
    type Response = S::Response;
    type Error = ApiError;
    type Future = Either<S::Future, Ready<Result<S::Response, ApiError>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ApiError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Arrived<B>) -> Self::Future {
        match find(&request.head) {
            Ok(found) => Either::Left(self.inner.call(Routed { found, request })),
            Err(error) => Either::Right(ready(Err(error))),
        }
    }
}

fn find(head: &Parts) -> ApiResult<Found> {
    check_host(head)?;
    routes::find(&head.method, head.uri.path()).map_err(|error| match error {
        RouteError::NotFound => ApiError::not_found("this path"),
        RouteError::Method(allow) => ApiError::method_not_allowed(allow),
    })
}

/// HTTP/1.1 asks for exactly one `Host`; with none or two, what the caller's URL was is anyone's guess.
fn check_host(head: &Parts) -> ApiResult<()> {
    let hosts = head.headers.get_all(HOST).iter().count();
    match (head.version, hosts) {
        (_, 1) => Ok(()),
        (Version::HTTP_09 | Version::HTTP_10, 0) => Ok(()),
        _ => Err(ApiError::invalid("", "the request needs exactly one Host header")),
    }
}
