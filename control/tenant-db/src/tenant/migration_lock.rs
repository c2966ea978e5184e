//! Migration locks: one change of an app's schema at a time, and a few over all apps, since each has a connection of
//! its own.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::TenantError;
use mayfly_store::StoreError;

/// Changes of all apps at once.
const RUNNING_MAX: usize = 16;

/// The migration locks of all apps.
#[derive(Debug)]
pub(super) struct MigrationLocks {
    locked: Arc<Mutex<HashSet<String>>>,
    permits: Arc<Semaphore>,
    released: Arc<Notify>,
}

/// One app's migration lock. Dropping it releases it.
#[derive(Debug)]
pub(crate) struct MigrationLock {
    locked: Arc<Mutex<HashSet<String>>>,
    app_id: String,
    released: Arc<Notify>,
    _permit: OwnedSemaphorePermit,
}

impl MigrationLocks {
    pub(super) fn new() -> Self {
        Self {
            locked: Arc::default(),
            permits: Arc::new(Semaphore::new(RUNNING_MAX)),
            released: Arc::default(),
        }
    }

    /// Takes the app's lock; refused at once while it is held. Waits at most `limit` for a permit.
    pub(super) async fn try_lock(&self, app_id: &str, limit: Duration) -> Result<MigrationLock, TenantError> {
        let busy =
            || TenantError::Store(StoreError::Conflict("another script of this app is running".to_owned()));
        let full = || TenantError::Store(StoreError::Unavailable("too many scripts are running".to_owned()));
        if lock(&self.locked).contains(app_id) {
            return Err(busy());
        }
        let permit = tokio::time::timeout(limit, Arc::clone(&self.permits).acquire_owned())
            .await
            .ok()
            .and_then(Result::ok)
            .ok_or_else(full)?;
        // Checked again: another one may have taken it while this one waited.
        if !lock(&self.locked).insert(app_id.to_owned()) {
            return Err(busy());
        }
        let (locked, released) = (Arc::clone(&self.locked), Arc::clone(&self.released));
        Ok(MigrationLock { locked, app_id: app_id.to_owned(), released, _permit: permit })
    }

    /// Takes the app's lock; waits at most `limit` while it is held.
    pub(super) async fn lock(&self, app_id: &str, limit: Duration) -> Result<MigrationLock, TenantError> {
        let deadline = Instant::now() + limit;
        loop {
            let mut released = pin!(self.released.notified());
            // From here on no release is missed.
            released.as_mut().enable();
            match self.try_lock(app_id, limit).await {
                Err(TenantError::Store(StoreError::Conflict(busy))) => {
                    let waited = tokio::time::timeout_at(deadline, released).await;
                    waited.map_err(|_| TenantError::Store(StoreError::Conflict(busy)))?;
                }
                other => return other,
            }
        }
    }
}

impl Drop for MigrationLock {
    fn drop(&mut self) {
        lock(&self.locked).remove(&self.app_id);
        self.released.notify_waiters();
    }
}

fn lock(locked: &Mutex<HashSet<String>>) -> std::sync::MutexGuard<'_, HashSet<String>> {
    locked.lock().unwrap_or_else(PoisonError::into_inner)
}
