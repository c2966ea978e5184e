//! Connection permits: how many connections there may be, and which caller gets the next one.
//!
//! Two queues, both first come, first served. The first is each login's own: an app that asks for a thousand waits
//! behind itself. Only as many as a login may have at once get into the second, for the connections that all apps
//! share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The right to use one of a login's connections: a login has a limited number of them in use at once.
pub(super) type LoginPermit = OwnedSemaphorePermit;

/// The right to one open connection, idle ones included.
pub(super) type ConnectionPermit = OwnedSemaphorePermit;

/// The permits for open connections, which all apps share.
#[derive(Debug)]
pub(super) struct ConnectionPermits {
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl ConnectionPermits {
    pub(super) fn new(connections_max: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(connections_max)), waiting: AtomicUsize::new(0) }
    }

    /// Whether a caller waits for an idle connection of another login to be closed.
    pub(super) fn is_wanted(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
    }

    /// Take a permit. When none is free, `close_idle` is asked to close an idle connection, and the caller queues.
    pub(super) async fn take(&self, close_idle: impl Fn()) -> Option<ConnectionPermit> {
        if let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() {
            return Some(permit);
        }
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let _waiter = Waiter(&self.waiting);
        close_idle();
        Arc::clone(&self.free).acquire_owned().await.ok()
    }
}

/// Counts a waiting caller down when its wait ends, or is cancelled.
struct Waiter<'a>(&'a AtomicUsize);

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
