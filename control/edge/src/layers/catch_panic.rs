//! A panic ends one request with a 500, not its connection.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tower::Service;

use mayfly_api::error::ApiError;

/// Makes an internal error of a panic.
#[derive(Debug, Clone)]
pub(crate) struct CatchPanic<S> {
    inner: S,
}

impl<S> CatchPanic<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S, R> Service<R> for CatchPanic<S>
where
    S: Service<R, Error = ApiError>,
{
    type Response = S::Response;
    type Error = ApiError;
    type Future = Catching<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ApiError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        // A service that panicked half-way is only ever asked for independent requests again.
        match catch_unwind(AssertUnwindSafe(|| self.inner.call(request))) {
            Ok(inner) => Catching { inner: Some(inner), panicked: None },
            Err(panic) => Catching { inner: None, panicked: Some(text_of(&*panic)) },
        }
    }
}

pin_project! {
    /// The answer, or the panic's text in the log.
    pub(crate) struct Catching<F> {
        #[pin]
        inner: Option<F>,
        panicked: Option<String>,
    }
}

impl<F, T> Future for Catching<F>
where
    F: Future<Output = Result<T, ApiError>>,
{
    type Output = Result<T, ApiError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            let text = this.panicked.take().unwrap_or_default();
            return Poll::Ready(Err(ApiError::internal(format!("panicked: {text}"))));
        };
        match catch_unwind(AssertUnwindSafe(|| inner.poll(cx))) {
            Ok(polled) => polled,
            Err(panic) => {
                // What panicked must not be polled again.
                this.inner.set(None);
                Poll::Ready(Err(ApiError::internal(format!("panicked: {}", text_of(&*panic)))))
            }
        }
    }
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&'static str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "with something that is no text".to_owned())
}

#[cfg(test)]
mod tests {
    use tower::ServiceExt;

    use super::*;
    use mayfly_api::error::Code;

    #[tokio::test]
    async fn a_panic_in_the_future_and_in_the_call_are_errors() {
        let in_future = CatchPanic::new(tower::service_fn(|(): ()| async {
            if tokio::task::try_id().is_none() {
                panic!("on purpose {}", 1);
            }
            Ok::<(), ApiError>(())
        }));
        let error = in_future.oneshot(()).await.unwrap_err();
        assert_eq!(error.code(), Code::InternalError);
        assert_eq!(error.private_text().unwrap(), "panicked: on purpose 1");

        let in_call =
            CatchPanic::new(tower::service_fn(|fail: bool| -> std::future::Ready<Result<(), ApiError>> {
                if fail {
                    panic!("at once");
                }
                std::future::ready(Ok(()))
            }));
        assert!(in_call.clone().oneshot(false).await.is_ok());
        assert_eq!(in_call.oneshot(true).await.unwrap_err().private_text().unwrap(), "panicked: at once");
    }
}
