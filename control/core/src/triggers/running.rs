//! What a job of triggers runs on this node: bounded for the node and for each app, and each run ends by being dropped.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::in_flight::{InFlight, InFlightGuard};

/// How much a job runs at one moment on this node.
#[derive(Debug, Clone, Copy)]
pub struct RunBounds {
    /// Runs of all apps.
    pub(super) all: usize,
    /// Runs of one app. With half of them it gets no more until some have ended, and one claim brings the other half.
    pub(super) per_app: u32,
    /// Rows are claimed when there is room for this number: one statement for each may be more work than the runs.
    pub(super) claim_min: usize,
}

/// All runs. Cheap to clone.
#[derive(Debug)]
pub(super) struct Runs<K>(Arc<Shared<K>>);

impl<K> Clone for Runs<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[derive(Debug)]
struct Shared<K> {
    bounds: RunBounds,
    room: Arc<Semaphore>,
    apps: Mutex<HashMap<String, u32>>,
    keys: InFlight<K>,
    /// Whether rows may wait for room.
    starved: AtomicBool,
    wake: Arc<Notify>,
}

/// One run. Dropped at its end, or when its task dies, it makes room.
#[derive(Debug)]
pub(super) struct Run<K: Clone + Eq + Hash> {
    runs: Runs<K>,
    app: String,
    permit: Option<OwnedSemaphorePermit>,
    _key: InFlightGuard<K>,
}

impl<K: Clone + Eq + Hash> Runs<K> {
    /// None so far; what runs is in `keys`, and `wake` is told when there is room again.
    pub(super) fn new(bounds: RunBounds, keys: InFlight<K>, wake: Arc<Notify>) -> Self {
        let (room, apps) = (Arc::new(Semaphore::new(bounds.all)), Mutex::default());
        Self(Arc::new(Shared { bounds, room, apps, keys, starved: AtomicBool::new(false), wake }))
    }

    /// How many rows can be claimed now: of all apps, and of one. `None`: too few to be worth it.
    pub(super) fn room(&self) -> Option<(usize, u32)> {
        // Until the claim says otherwise: what ends in between must wake the job.
        self.0.starved.store(true, Ordering::Relaxed);
        let room = self.0.room.available_permits();
        let bounds = &self.0.bounds;
        (room >= bounds.claim_min).then_some((room, bounds.per_app - bounds.full_app()))
    }

    /// Whether rows are left that wait for room, after a claim.
    pub(super) fn claimed(&self, is_more: bool) {
        self.0.starved.store(is_more || !self.full_apps().is_empty(), Ordering::Relaxed);
    }

    /// A run of this row; `None`: there is no room, which [`room`](Self::room) would have said.
    pub(super) fn begin(&self, app: &str, key: K) -> Option<Run<K>> {
        let permit = Arc::clone(&self.0.room).try_acquire_owned().ok()?;
        *self.apps().entry(app.to_owned()).or_default() += 1;
        let key = self.0.keys.enter(key);
        Some(Run { runs: self.clone(), app: app.to_owned(), permit: Some(permit), _key: key })
    }

    /// What runs.
    pub(super) fn keys(&self) -> Vec<K> {
        self.0.keys.keys()
    }

    /// Apps that get no more for now.
    pub(super) fn full_apps(&self) -> Vec<String> {
        let (apps, full) = (self.apps(), self.0.bounds.full_app());
        apps.iter().filter(|(_, count)| **count >= full).map(|(app, _)| app.clone()).collect()
    }

    fn apps(&self) -> MutexGuard<'_, HashMap<String, u32>> {
        self.0.apps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RunBounds {
    fn full_app(&self) -> u32 {
        self.per_app / 2
    }
}

impl<K: Clone + Eq + Hash> Drop for Run<K> {
    fn drop(&mut self) {
        drop(self.permit.take());
        let left = {
            let mut apps = self.runs.apps();
            let left = apps.get(&self.app).map_or(0, |count| count.saturating_sub(1));
            if left == 0 {
                apps.remove(&self.app);
            } else {
                apps.insert(self.app.clone(), left);
            }
            left
        };
        let shared = &self.runs.0;
        let bounds = &shared.bounds;
        let has_room = left < bounds.full_app() && shared.room.available_permits() >= bounds.claim_min;
        if has_room && shared.starved.swap(false, Ordering::Relaxed) {
            shared.wake.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: RunBounds = RunBounds { all: 256, per_app: 64, claim_min: 32 };

    #[tokio::test]
    async fn room_is_bounded_and_given_back_when_a_run_is_dropped() {
        let wake = Arc::new(Notify::new());
        let runs = Runs::new(BOUNDS, InFlight::default(), Arc::clone(&wake));
        let mut all: Vec<Run<usize>> = (0..32).map(|key| runs.begin("app_a", key).unwrap()).collect();
        assert_eq!((runs.full_apps(), runs.keys().len()), (vec!["app_a".to_owned()], 32));
        runs.claimed(false);
        // One run less of an app that was full wakes the job, once.
        all.pop();
        wake.notified().await;
        assert_eq!((runs.full_apps().len(), runs.keys().len()), (0, 31));
        all.pop();
        assert!(tokio::time::timeout(std::time::Duration::ZERO, wake.notified()).await.is_err());

        all.extend((0..BOUNDS.all - 30).map(|n| runs.begin(&format!("app_{n}"), 100 + n).unwrap()));
        assert!(runs.begin("app_z", 999).is_none() && runs.room().is_none());
        all.clear();
        assert_eq!(runs.room(), Some((BOUNDS.all, 32)));
        assert!(runs.keys().is_empty());
    }
}
