//! Work that is linear in what a tenant gave and waits for nothing: on threads that may block, two at a time, so that it
//! holds up no invocation.

use tokio::sync::Semaphore;

/// At once, of all apps: what comes here is a deploy's, which has its turn already, or the first call of an image.
static ROOM: Semaphore = Semaphore::const_new(2);

/// The host's own task did not end as it should: it panicked, or the runtime stops.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the host task failed (panicked or was cancelled)")]
pub(crate) struct TaskFailed;

/// What the work answers.
#[allow(clippy::disallowed_methods, reason = "the room limits how many of them block a thread")]
pub(crate) async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, TaskFailed> {
    let _room = ROOM.acquire().await.map_err(|_| TaskFailed)?;
    tokio::task::spawn_blocking(work).await.map_err(|_| TaskFailed)
}
