//! How many connections there may be, and who gets the next one.
//!
//! Two queues, both first come, first served. The first is each login's own: an app that asks for a thousand waits
//! behind itself. Only as many as a login may have at once get into the second, for the room that all apps share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Room for one open connection, idle ones included.
pub(super) type Slot = OwnedSemaphorePermit;

/// The room that all apps share.
#[derive(Debug)]
pub(super) struct Slots {
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Slots {
    pub(super) fn new(connections_max: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(connections_max)), waiting: AtomicUsize::new(0) }
    }

    /// Whether somebody waits for an idle connection of another to go.
    pub(super) fn wanted(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
    }

    /// Take a slot. When none is free, `make_room` is asked to close an idle connection, and the caller queues.
    pub(super) async fn take(&self, make_room: impl Fn()) -> Option<Slot> {
        if let Ok(slot) = Arc::clone(&self.free).try_acquire_owned() {
            return Some(slot);
        }
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let _leaving = Leaving(&self.waiting);
        make_room();
        Arc::clone(&self.free).acquire_owned().await.ok()
    }
}

/// Also when the wait is given up.
struct Leaving<'a>(&'a AtomicUsize);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
