//! Turns a request into a `Routed` one, or into 404 or 405.

use std::future::{Ready, ready};
use std::task::{Context, Poll};

use futures_util::future::Either;
use http::Version;
use http::header::{HOST, TRANSFER_ENCODING};
use http::request::Parts;
use tower::Service;

use super::app_host::AskedUrl;
use crate::stage::{Arrived, Routed};
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::routes::{self, Found, RouteError, RouteId};

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
    check_coding(head)?;
    if let Some(AskedUrl::Nowhere) = head.extensions.get() {
        return Err(ApiError::not_found("an app with this host"));
    }
    let found = routes::find(&head.method, head.uri.path()).map_err(|error| match error {
        RouteError::NotFound => ApiError::not_found("this path"),
        RouteError::Method(allow) => ApiError::method_not_allowed(allow),
    })?;
    if found.route == RouteId::FunctionCall && has_dot_segments(head.uri.path()) {
        return Err(ApiError::invalid(
            "",
            "the path has a segment `.` or `..`, which would lead to another URL",
        ));
    }
    Ok(found)
}

/// A function parses its URL, which takes such segments away: it would see another function's.
fn has_dot_segments(path: &str) -> bool {
    path.split('/').any(|segment| {
        let mut rest = segment.as_bytes();
        let mut dots = 0;
        while !rest.is_empty() && dots <= 2 {
            rest = match rest {
                [b'.', rest @ ..] | [b'%', b'2', b'e' | b'E', rest @ ..] => rest,
                _ => return false,
            };
            dots += 1;
        }
        matches!(dots, 1 | 2)
    })
}

/// A body's only coding is `chunked`, once: what is under another would reach a function as it is.
fn check_coding(head: &Parts) -> ApiResult<()> {
    let mut chunked = 0;
    for value in head.headers.get_all(TRANSFER_ENCODING) {
        for coding in value.to_str().unwrap_or_default().split(',').map(str::trim) {
            if !coding.eq_ignore_ascii_case("chunked") {
                let text = "a body's only transfer coding may be `chunked`";
                return Err(ApiError::new(Code::TransferCodingUnsupported, text));
            }
            chunked += 1;
        }
    }
    if chunked > 1 {
        let text = "the transfer coding `chunked` may be applied once";
        return Err(ApiError::invalid("", text).ending_connection());
    }
    Ok(())
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
