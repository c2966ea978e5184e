//! One deadline for the whole request: it outlasts every bound below, and so shows what has none.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::Timeout;
use tower::Service;

use mayfly_api::error::{ApiError, Code};

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

impl<S, R> Service<R> for EnforceDeadline<S>
where
    S: Service<R, Error = ApiError>,
{
    type Response = S::Response;
    type Error = ApiError;
    type Future = Limited<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ApiError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        Limited { inner: tokio::time::timeout(self.limit, self.inner.call(request)), limit: self.limit }
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
    use tower::ServiceExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_never_ends_is_ended() {
        let service = tower::service_fn(|(): ()| std::future::pending::<Result<(), ApiError>>());
        let ended = EnforceDeadline::new(service, Duration::from_secs(360)).oneshot(()).await;
        assert_eq!(ended.unwrap_err().code(), Code::Overloaded);
    }
}
