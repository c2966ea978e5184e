//! `Tasks`, the task tracker: spawned tasks are counted, and awaited or stopped at shutdown.
//!
//! Exempt are tasks that end with an object that owns them, such as the driver of a database connection. Each is marked
//! where it is spawned: `clippy.toml` bans `tokio::spawn` everywhere else.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// Two kinds of work: *work*, which a shutdown waits for, and *service*, which it tells to stop.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    trackers: Arc<Trackers>,
}

#[derive(Debug, Default)]
struct Trackers {
    work: TaskTracker,
    services: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    /// A tracker without tasks.
    pub fn new() -> Self {
        Self::default()
    }

    /// Run something that has to finish by itself: an invocation with its `waitUntil`, a build.
    pub fn work<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.trackers.work.spawn(future)
    }

    /// Work that is polled by the task that waits for it: a task of its own would cost a hand-over each way. Dropped
    /// before its end, it becomes a task of its own, so that a client disconnect does not cancel it.
    pub fn attached<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Attached<T> {
        let counted = self.trackers.work.token();
        Attached { tasks: self.clone(), state: State::Running(Box::pin(future)), _counted: counted }
    }

    /// Run something that ends only at shutdown; it is dropped at its next await then.
    pub fn service<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stop = self.trackers.stop.clone();
        self.trackers.services.spawn(async move {
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
        self.trackers.services.spawn(future)
    }

    /// Wait until all *work* is done, at most `limit`. Says how much was left.
    pub async fn finish_work(&self, limit: Duration) -> usize {
        self.trackers.work.close();
        // Whether it was in time shows in what is left.
        let _ = tokio::time::timeout(limit, self.trackers.work.wait()).await;
        self.trackers.work.len()
    }

    /// Stop every *service* and wait for it to end.
    pub async fn stop_services(&self) {
        self.trackers.stop.cancel();
        self.trackers.services.close();
        self.trackers.services.wait().await;
    }
}

/// See [`Tasks::attached`].
pub struct Attached<T: Send + 'static> {
    tasks: Tasks,
    state: State<T>,
    _counted: TaskTrackerToken,
}

enum State<T> {
    Running(Pin<Box<dyn Future<Output = T> + Send>>),
    /// A task of its own.
    Detached(JoinHandle<T>),
    /// It is over, or a step of it has panicked.
    Over,
}

impl<T: Send + 'static> Attached<T> {
    /// Whether its owner has to poll it.
    pub fn is_attached(&self) -> bool {
        matches!(self.state, State::Running(_))
    }

    /// Make it a task of its own. An owner that goes on to wait for something else has to: work that is not polled may
    /// hold just that.
    pub fn detach(&mut self) {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Running(work) => self.state = State::Detached(self.tasks.work(work)),
            other => self.state = other,
        }
    }
}

impl<T: Send + 'static> Future for Attached<T> {
    type Output = T;

    /// Never ready again after its end.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        // Taken out for the step: one that panics leaves nothing that could be polled again.
        match std::mem::replace(&mut self.state, State::Over) {
            State::Running(mut work) => {
                let polled = work.as_mut().poll(cx);
                if polled.is_pending() {
                    self.state = State::Running(work);
                }
                polled
            }
            State::Detached(mut task) => match Pin::new(&mut task).poll(cx) {
                Poll::Ready(Ok(done)) => Poll::Ready(done),
                Poll::Ready(Err(error)) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    // The runtime is shutting down, and so is the task that waits.
                    Err(_) => Poll::Pending,
                },
                Poll::Pending => {
                    self.state = State::Detached(task);
                    Poll::Pending
                }
            },
            State::Over => Poll::Pending,
        }
    }
}

impl<T: Send + 'static> Drop for Attached<T> {
    fn drop(&mut self) {
        let State::Running(work) = std::mem::replace(&mut self.state, State::Over) else { return };
        // Without a runtime the whole process is on its way out.
        if tokio::runtime::Handle::try_current().is_ok() {
            self.tasks.work(work);
        }
    }
}

impl<T: Send + 'static> std::fmt::Debug for Attached<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attached").field("is_attached", &self.is_attached()).finish_non_exhaustive()
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
