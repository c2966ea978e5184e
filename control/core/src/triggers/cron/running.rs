//! The runs of slots on this node: their number is bounded, for the node and for each app, and each ends by being dropped.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mayfly_store::{ClaimedSlot, SlotKey};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::triggers::in_flight::{InFlight, InFlightGuard};

/// Runs at one moment on this node, and of one app.
const RUNS_MAX: usize = 256;
const RUNS_PER_APP_MAX: u32 = 64;
/// An app with this many runs gets no more until some have ended.
const RUNS_PER_APP_FULL: u32 = RUNS_PER_APP_MAX / 2;
/// Slots are claimed when there is room for this number: one statement for each would be more work than the runs.
const ROOM_MIN: usize = RUNS_MAX / 8;

/// All runs. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Runs(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    room: Arc<Semaphore>,
    apps: Mutex<HashMap<String, u32>>,
    keys: InFlight<SlotKey>,
    /// Whether slots may wait for room.
    starved: AtomicBool,
    wake: Arc<Notify>,
}

/// One run. Dropped at its end, or when its task dies, it makes room.
#[derive(Debug)]
pub(super) struct Run {
    runs: Runs,
    app: String,
    permit: Option<OwnedSemaphorePermit>,
    _key: InFlightGuard<SlotKey>,
}

impl Runs {
    /// None so far; `wake` is told when there is room again.
    pub(super) fn new(wake: Arc<Notify>) -> Self {
        let room = Arc::new(Semaphore::new(RUNS_MAX));
        let (apps, keys, starved) = (Mutex::default(), InFlight::default(), AtomicBool::new(false));
        Self(Arc::new(Shared { room, apps, keys, starved, wake }))
    }

    /// How many slots can be claimed now: of all apps, and of one. `None`: too few to be worth it.
    pub(super) fn room(&self) -> Option<(usize, u32)> {
        // Until the claim says otherwise: what ends in between must wake the job.
        self.0.starved.store(true, Ordering::Relaxed);
        let room = self.0.room.available_permits();
        (room >= ROOM_MIN).then_some((room, RUNS_PER_APP_MAX - RUNS_PER_APP_FULL))
    }

    /// Whether slots are left that wait for room, after a claim.
    pub(super) fn claimed(&self, is_more: bool) {
        self.0.starved.store(is_more || !self.full_apps().is_empty(), Ordering::Relaxed);
    }

    /// A run of this slot; `None`: there is no room, which [`room`](Self::room) would have said.
    pub(super) fn begin(&self, slot: &ClaimedSlot) -> Option<Run> {
        let permit = Arc::clone(&self.0.room).try_acquire_owned().ok()?;
        *self.apps().entry(slot.app_id.clone()).or_default() += 1;
        let key = self.0.keys.enter(slot.key.clone());
        Some(Run { runs: self.clone(), app: slot.app_id.clone(), permit: Some(permit), _key: key })
    }

    /// The slots that run.
    pub(super) fn keys(&self) -> Vec<SlotKey> {
        self.0.keys.keys()
    }

    /// Apps that get no more for now.
    pub(super) fn full_apps(&self) -> Vec<String> {
        let apps = self.apps();
        apps.iter().filter(|(_, count)| **count >= RUNS_PER_APP_FULL).map(|(app, _)| app.clone()).collect()
    }

    fn apps(&self) -> MutexGuard<'_, HashMap<String, u32>> {
        self.0.apps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Run {
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
        let has_room = left < RUNS_PER_APP_FULL && shared.room.available_permits() >= ROOM_MIN;
        if has_room && shared.starved.swap(false, Ordering::Relaxed) {
            shared.wake.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone as _, Utc};

    use super::*;

    fn slot(app: &str, second: u32) -> ClaimedSlot {
        let at = Utc.with_ymd_and_hms(2026, 11, 1, 0, second / 60, second % 60).unwrap();
        ClaimedSlot {
            key: SlotKey { function_id: "fn_1".into(), manual: false, scheduled_at: at },
            app_id: app.into(),
            function_name: "job".into(),
            schedule: String::new(),
            timezone: String::new(),
            attempt: 1,
            fired_at: at,
        }
    }

    #[tokio::test]
    async fn room_is_bounded_and_given_back_when_a_run_is_dropped() {
        let wake = Arc::new(Notify::new());
        let runs = Runs::new(Arc::clone(&wake));
        let mut all: Vec<Run> = (0..32).map(|n| runs.begin(&slot("app_a", n)).unwrap()).collect();
        assert_eq!((runs.full_apps(), runs.keys().len()), (vec!["app_a".to_owned()], 32));
        runs.claimed(false);
        // One run less of an app that was full wakes the job, once.
        all.pop();
        wake.notified().await;
        assert_eq!((runs.full_apps().len(), runs.keys().len()), (0, 31));
        all.pop();
        assert!(tokio::time::timeout(std::time::Duration::ZERO, wake.notified()).await.is_err());

        all.extend(
            (0..RUNS_MAX as u32 - 30).map(|n| runs.begin(&slot(&format!("app_{n}"), 100 + n)).unwrap()),
        );
        assert!(runs.begin(&slot("app_z", 999)).is_none() && runs.room().is_none());
        all.clear();
        assert_eq!(runs.room(), Some((RUNS_MAX, 32)));
        assert!(runs.keys().is_empty());
    }
}
