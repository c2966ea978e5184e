//! Over the cap of requests in flight, the answer is 503 at once: waiting would only make everyone late.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tower::Service;

use crate::stage::Arrived;
use mayfly_api::error::{ApiError, Code};

/// Refuses requests beyond a number in flight. Clones share one count.
#[derive(Debug, Clone)]
pub(crate) struct LoadShed<S> {
    inner: S,
    in_flight: Arc<AtomicU32>,
    requests_max: u32,
}

impl<S> LoadShed<S> {
    pub(crate) fn new(inner: S, in_flight: Arc<AtomicU32>, requests_max: u32) -> Self {
        Self { inner, in_flight, requests_max }
    }
}

/// One request in flight; dropping it is the end of it.
struct InFlight(Arc<AtomicU32>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<S, B> Service<Arrived<B>> for LoadShed<S>
where
    S: Service<Arrived<B>, Error = ApiError>,
{
    type Response = S::Response;
    type Error = ApiError;
    type Future = Shedding<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ApiError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Arrived<B>) -> Self::Future {
        let counted = InFlight(Arc::clone(&self.in_flight));
        let before = counted.0.fetch_add(1, Ordering::Relaxed);
        // Health is asked for most when the server is full: an orchestrator would restart it then.
        let health = matches!(request.head.uri.path(), "/livez" | "/readyz");
        if before >= self.requests_max && !health {
            return Shedding { inner: None, counted };
        }
        Shedding { inner: Some(self.inner.call(request)), counted }
    }
}

pin_project! {
    /// The answer, or the refusal.
    pub(crate) struct Shedding<F> {
        #[pin]
        inner: Option<F>,
        counted: InFlight,
    }
}

impl<F, T> Future for Shedding<F>
where
    F: Future<Output = Result<T, ApiError>>,
{
    type Output = Result<T, ApiError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().inner.as_pin_mut() {
            Some(inner) => inner.poll(cx),
            None => Poll::Ready(Err(ApiError::new(
                Code::Overloaded,
                "this node works on as many requests as it can",
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;
    use tower::ServiceExt;

    use super::*;
    use crate::layers::testing::arrived;

    #[tokio::test]
    async fn the_one_too_many_is_refused_and_room_comes_back() {
        let (release, held) = oneshot::channel::<()>();
        let held = std::sync::Mutex::new(Some(held));
        let service = tower::service_fn(move |_: Arrived<()>| {
            let wait = held.lock().unwrap().take();
            async move {
                if let Some(wait) = wait {
                    wait.await.ok();
                }
                Ok::<_, ApiError>(())
            }
        });
        let mut shed = LoadShed::new(service, Arc::default(), 1);
        let first = shed.call(arrived("/v1/apps"));
        let second = shed.call(arrived("/v1/apps")).await;
        assert_eq!(second.unwrap_err().code(), Code::Overloaded);
        assert!(shed.call(arrived("/livez")).await.is_ok(), "health is never shed");
        release.send(()).unwrap();
        first.await.unwrap();
        assert!(shed.ready().await.unwrap().call(arrived("/v1/apps")).await.is_ok());
    }
}
