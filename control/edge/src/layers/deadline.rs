//! One deadline for the whole request: it outlasts every bound below, and so shows what has none.
//!
//! An upload to an app's S3 endpoint is answered once all of it is there, and may take as long as it does not pause.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::Timeout;
use tower::Service;

use crate::stage::Arrived;
use http::Method;
use mayfly_api::error::{ApiError, Code};
use mayfly_api::routes::s3_app;

/// The longest upload.
const UPLOAD_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Ends a request that takes longer than its deadline.
#[derive(Debug, Clone)]
pub(crate) struct EnforceDeadline<S> {
    inner: S,
    limit: Duration,
}

impl<S> EnforceDeadline<S> {
    pub(crate) fn new(inner: S, limit: Duration) -> Self {
        Self { inner, limit }
    }
}

impl<S, B> Service<Arrived<B>> for EnforceDeadline<S>
where
    S: Service<Arrived<B>, Error = ApiError>,
{
    type Response = S::Response;
    type Error = ApiError;
    type Future = Limited<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ApiError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Arrived<B>) -> Self::Future {
        let is_upload = request.head.method == Method::PUT && s3_app(request.head.uri.path()).is_some();
        let limit = if is_upload { UPLOAD_LIMIT } else { self.limit };
        Limited { inner: tokio::time::timeout(limit, self.inner.call(request)), limit }
    }
}

pin_project! {
    /// The answer in time, or none.
    pub(crate) struct Limited<F> {
        #[pin]
        inner: Timeout<F>,
        limit: Duration,
    }
}

impl<F, T> Future for Limited<F>
where
    F: Future<Output = Result<T, ApiError>>,
{
    type Output = Result<T, ApiError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.inner.poll(cx).map(|timed| {
            timed.unwrap_or_else(|_| {
                let seconds = this.limit.as_secs();
                Err(ApiError::new(Code::Overloaded, format!("no answer within {seconds} seconds")))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::Instant;

    use mayfly_telemetry::request::RequestContext;
    use tower::ServiceExt;

    use super::*;

    fn request(method: &str, path: &str) -> Arrived<()> {
        let request = http::Request::builder().method(method).uri(path).body(()).unwrap();
        let context = RequestContext {
            id: "req_1".into(),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            received_at: Instant::now(),
            trace: None,
        };
        Arrived { context, head: request.into_parts().0, body: () }
    }

    async fn ended_after(method: &str, path: &str) -> u64 {
        let began = tokio::time::Instant::now();
        let never = tower::service_fn(|_: Arrived<()>| std::future::pending::<Result<(), ApiError>>());
        let service = EnforceDeadline::new(never, Duration::from_secs(360));
        let ended = service.oneshot(request(method, path)).await;
        assert_eq!(ended.unwrap_err().code(), Code::Overloaded);
        began.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn what_never_ends_is_ended() {
        assert_eq!(ended_after("PUT", "/v1/app_0123456789ab/fn/x").await, 360);
        assert_eq!(ended_after("GET", "/v1/app_0123456789ab/s3/b/k").await, 360);
        assert_eq!(ended_after("PUT", "/v1/app_0123456789ab/s3/b/k").await, 24 * 60 * 60);
    }
}
