//! The deliveries that a node runs now: only their claims are renewed, so that one whose task has died is started again.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Ids of deliveries. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct InFlight(Arc<Mutex<HashSet<String>>>);

/// Until it is dropped, the delivery is in flight.
#[derive(Debug)]
pub(super) struct InFlightGuard {
    ids: InFlight,
    id: String,
}

impl InFlight {
    pub(super) fn enter(&self, id: &str) -> InFlightGuard {
        self.lock().insert(id.to_owned());
        InFlightGuard { ids: self.clone(), id: id.to_owned() }
    }

    pub(super) fn ids(&self) -> Vec<String> {
        self.lock().iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        self.ids.lock().remove(&self.id);
    }
}
