//! Which apps this node works for, and what its workers share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, Semaphore};

use super::QueueParts;

/// Apps that are worked for at once: each holds a connection to its database. Others wait for their turn.
const WORKERS_MAX: usize = 32;
/// Jobs that run at once on a node, of all apps.
const RUNS_MAX: usize = 256;

/// What workers share.
#[derive(Debug)]
pub(super) struct Registry {
    pub(super) parts: QueueParts,
    open: Mutex<HashMap<Arc<str>, Arc<Call>>>,
    /// One a worker.
    pub(super) slots: Arc<Semaphore>,
    /// One a run.
    pub(super) runs: Arc<Semaphore>,
}

/// Calls a worker.
#[derive(Debug, Default)]
pub(super) struct Call {
    pub(super) wake: Notify,
    /// Since it looked last.
    wanted: AtomicBool,
}

impl Call {
    /// The worker looks now: it is wanted again for what comes from here on.
    pub(super) fn looks(&self) {
        self.wanted.store(false, Ordering::Relaxed);
    }
}

impl Registry {
    pub(super) fn new(parts: QueueParts) -> Self {
        let (slots, runs) = (Arc::new(Semaphore::new(WORKERS_MAX)), Arc::new(Semaphore::new(RUNS_MAX)));
        Self { parts, open: Mutex::default(), slots, runs }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.parts.stop.is_cancelled()
    }

    /// Whether workers wait for their turn.
    pub(super) fn is_full(&self) -> bool {
        self.slots.available_permits() == 0
    }

    /// Call the app's worker. Gives what a new one is called by, where there was none.
    pub(super) fn call(&self, app: &Arc<str>) -> Option<Arc<Call>> {
        let mut open = self.open();
        if let Some(call) = open.get(app) {
            call.wanted.store(true, Ordering::Relaxed);
            call.wake.notify_one();
            return None;
        }
        let call = Arc::<Call>::default();
        open.insert(Arc::clone(app), Arc::clone(&call));
        Some(call)
    }

    /// Let a worker go, unless it is wanted again.
    pub(super) fn leave(&self, app: &str, call: &Arc<Call>) -> bool {
        let mut open = self.open();
        if call.wanted.load(Ordering::Relaxed) {
            return false;
        }
        remove(&mut open, app, call);
        true
    }

    /// A worker is gone, whatever it wanted.
    pub(super) fn gone(&self, app: &str, call: &Arc<Call>) {
        remove(&mut self.open(), app, call);
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Arc<str>, Arc<Call>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The next one may be there already.
fn remove(open: &mut HashMap<Arc<str>, Arc<Call>>, app: &str, call: &Arc<Call>) {
    if open.get(app).is_some_and(|other| Arc::ptr_eq(other, call)) {
        open.remove(app);
    }
}
