//! Apps in whose databases this node has committed something that another part of it waits for (jobs, changes of tables):
//! that part is woken, and need not ask.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// Apps with something new. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct AppWakes(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    apps: Mutex<HashSet<Arc<str>>>,
    wake: Notify,
}

impl AppWakes {
    /// The app has something new.
    pub fn wake(&self, app: &Arc<str>) {
        self.0.apps.lock().unwrap_or_else(PoisonError::into_inner).insert(Arc::clone(app));
        self.0.wake.notify_one();
    }

    /// The apps since the last call.
    pub fn take(&self) -> HashSet<Arc<str>> {
        std::mem::take(&mut self.0.apps.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until there is one.
    pub async fn woken(&self) {
        self.0.wake.notified().await;
    }
}
