//! How many scripts may run: one of an app, and a few of all apps, since each has a connection of its own.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::TenantError;
use mayfly_store::StoreError;

/// Scripts of all apps at once.
const SCRIPTS_MAX: usize = 8;

/// Who is running a script.
#[derive(Debug)]
pub(super) struct Turns {
    running: Arc<Mutex<HashSet<String>>>,
    room: Arc<Semaphore>,
    freed: Arc<Notify>,
}

/// One app's turn. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Turn {
    running: Arc<Mutex<HashSet<String>>>,
    app_id: String,
    freed: Arc<Notify>,
    _room: OwnedSemaphorePermit,
}

impl Turns {
    pub(super) fn new() -> Self {
        Self { running: Arc::default(), room: Arc::new(Semaphore::new(SCRIPTS_MAX)), freed: Arc::default() }
    }

    /// Refused at once while the app has another; waits for room as long as `patience`.
    pub(super) async fn take(&self, app_id: &str, patience: Duration) -> Result<Turn, TenantError> {
        let busy =
            || TenantError::Store(StoreError::Conflict("another script of this app is running".to_owned()));
        let full = || TenantError::Store(StoreError::Unavailable("too many scripts are running".to_owned()));
        if lock(&self.running).contains(app_id) {
            return Err(busy());
        }
        let room = tokio::time::timeout(patience, Arc::clone(&self.room).acquire_owned())
            .await
            .ok()
            .and_then(Result::ok)
            .ok_or_else(full)?;
        // Looked at again: another one may have come while this one waited.
        if !lock(&self.running).insert(app_id.to_owned()) {
            return Err(busy());
        }
        let (running, freed) = (Arc::clone(&self.running), Arc::clone(&self.freed));
        Ok(Turn { running, app_id: app_id.to_owned(), freed, _room: room })
    }

    /// Waits for the app's turn, too.
    pub(super) async fn wait(&self, app_id: &str, patience: Duration) -> Result<Turn, TenantError> {
        let deadline = Instant::now() + patience;
        loop {
            let mut freed = pin!(self.freed.notified());
            // From here on no end of a turn is missed.
            freed.as_mut().enable();
            match self.take(app_id, patience).await {
                Err(TenantError::Store(StoreError::Conflict(busy))) => {
                    let waited = tokio::time::timeout_at(deadline, freed).await;
                    waited.map_err(|_| TenantError::Store(StoreError::Conflict(busy)))?;
                }
                other => return other,
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        lock(&self.running).remove(&self.app_id);
        self.freed.notify_waiters();
    }
}

fn lock(running: &Mutex<HashSet<String>>) -> std::sync::MutexGuard<'_, HashSet<String>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}
