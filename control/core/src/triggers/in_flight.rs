//! What a node runs now for triggers: only these claims are renewed, so that one whose task has died is started again.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Keys of rows in a ledger. Cheap to clone.
#[derive(Debug)]
pub struct InFlight<K>(Arc<Mutex<HashSet<K>>>);

/// Until it is dropped, its row is in flight.
#[derive(Debug)]
pub(super) struct InFlightGuard<K: Eq + Hash> {
    all: InFlight<K>,
    key: K,
}

impl<K> Default for InFlight<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K> Clone for InFlight<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Clone + Eq + Hash> InFlight<K> {
    pub(super) fn enter(&self, key: K) -> InFlightGuard<K> {
        self.lock().insert(key.clone());
        InFlightGuard { all: self.clone(), key }
    }

    pub(super) fn keys(&self) -> Vec<K> {
        self.lock().iter().cloned().collect()
    }
}

impl<K> InFlight<K> {
    fn lock(&self) -> MutexGuard<'_, HashSet<K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash> Drop for InFlightGuard<K> {
    fn drop(&mut self) {
        self.all.lock().remove(&self.key);
    }
}
