//! Over the cap of requests in flight, the answer is 503 at once: waiting would only make everyone late. One app has a part
//! of that cap, beyond which its callers get 429.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use mayfly_ledger::{Held, Ledger, Shortage};
use pin_project_lite::pin_project;
use tower::Service;

use crate::stage::Arrived;
use mayfly_api::error::{ApiError, Code};
use mayfly_api::routes::app_of_path;

/// Refuses requests beyond a number in flight. Clones share one count.
#[derive(Debug, Clone)]
pub(crate) struct LoadShed<S> {
    inner: S,
    requests: Ledger,
}

impl<S> LoadShed<S> {
    pub(crate) fn new(inner: S, requests: Ledger) -> Self {
        Self { inner, requests }
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
        let path = request.head.uri.path();
        let app = app_of_path(path);
        // Health is asked for most when the server is full: an orchestrator would restart it then.
        let is_health = matches!(path, "/livez" | "/readyz");
        let taken =
            if is_health { Ok(Held::default()) } else { self.requests.account(app.unwrap_or("")).take(1) };
        match taken {
            Ok(counted) => Shedding::Working { inner: self.inner.call(request), _counted: counted },
            Err(Shortage::Account) if app.is_some() => Shedding::Refused { code: Code::ConcurrencyLimit },
            Err(_) => Shedding::Refused { code: Code::Overloaded },
        }
    }
}

pin_project! {
    /// The answer, or the refusal.
    #[project = Projected]
    pub(crate) enum Shedding<F> {
        Working { #[pin] inner: F, _counted: Held },
        Refused { code: Code },
    }
}

impl<F, T> Future for Shedding<F>
where
    F: Future<Output = Result<T, ApiError>>,
{
    type Output = Result<T, ApiError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let said = match self.project() {
            Projected::Working { inner, .. } => return inner.poll(cx),
            Projected::Refused { code: Code::ConcurrencyLimit } => ApiError::new(
                Code::ConcurrencyLimit,
                "this node works on as many requests of the app as of one app at most",
            ),
            Projected::Refused { code } => {
                ApiError::new(*code, "this node works on as many requests as it can")
            }
        };
        Poll::Ready(Err(said))
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
        let mut shed = LoadShed::new(service, Ledger::new(1));
        let first = shed.call(arrived("/v1/apps"));
        let second = shed.call(arrived("/v1/apps")).await;
        assert_eq!(second.unwrap_err().code(), Code::Overloaded);
        assert!(shed.call(arrived("/livez")).await.is_ok(), "health is never shed");
        release.send(()).unwrap();
        first.await.unwrap();
        assert!(shed.ready().await.unwrap().call(arrived("/v1/apps")).await.is_ok());
    }

    #[tokio::test]
    async fn one_app_does_not_take_the_places_of_others() {
        let service = tower::service_fn(|_: Arrived<()>| std::future::pending::<Result<(), ApiError>>());
        let mut shed = LoadShed::new(service, Ledger::new(8));
        let theirs: Vec<_> = (0..4).map(|_| shed.call(arrived("/v1/app_aaaaaaaaaaaa/fn/slow"))).collect();
        let refused = shed.call(arrived("/v1/app_aaaaaaaaaaaa/functions")).await;
        assert_eq!(refused.unwrap_err().code(), Code::ConcurrencyLimit);
        let other = shed.call(arrived("/v1/app_bbbbbbbbbbbb/fn/hi"));
        assert!(matches!(other, Shedding::Working { .. }));
        drop(theirs);
        assert!(matches!(shed.call(arrived("/v1/app_aaaaaaaaaaaa/fn/slow")), Shedding::Working { .. }));
    }
}
