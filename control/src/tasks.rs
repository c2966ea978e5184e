//! The only place that spawns: every task is counted, and awaited at shutdown.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Two kinds of work: *work*, which a shutdown waits for, and *service*, which it tells to stop.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    work: TaskTracker,
    services: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    /// Nothing running yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Run something that has to finish by itself: an invocation with its `waitUntil`, a build.
    pub fn work<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.inner.work.spawn(future)
    }

    /// Run something that goes on until it is told to stop; it is dropped at its next await then.
    pub fn service<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stop = self.inner.stop.clone();
        self.inner.services.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = future => {}
            }
        });
    }

    /// Run something that ends when its own stop signal says so, and whose result is awaited.
    pub fn listener<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.inner.services.spawn(future)
    }

    /// Wait until all *work* is done, at most `limit`. Says how much was left.
    pub async fn finish_work(&self, limit: Duration) -> usize {
        self.inner.work.close();
        // Whether it was in time shows in what is left.
        let _ = tokio::time::timeout(limit, self.inner.work.wait()).await;
        self.inner.work.len()
    }

    /// Stop every *service* and wait for it to be gone.
    pub async fn stop_services(&self) {
        self.inner.stop.cancel();
        self.inner.services.close();
        self.inner.services.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_waited_for_and_services_are_stopped() {
        let tasks = Tasks::new();
        let (tell, told) = tokio::sync::oneshot::channel::<()>();
        let work = tasks.work(async move { told.await.is_ok() });
        tasks.service(std::future::pending());
        assert_eq!(tasks.finish_work(Duration::ZERO).await, 1, "the work cannot be done yet");
        tell.send(()).unwrap();
        assert_eq!(tasks.finish_work(Duration::from_secs(60)).await, 0);
        assert!(work.await.unwrap());
        tasks.stop_services().await;
    }
}
