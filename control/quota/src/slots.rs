//! Room for sandboxes: so many on the node, so many for one app. Who finds none waits, each app in a queue of its own, and
//! when room is made, the app that has spent least is next.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::fair::Fair;
use super::limits::{EffectiveLimits, Rate};
use super::rate::Bucket;
use super::refused::Refused;

/// What an app's first invocation is expected to cost: a millisecond.
const FIRST_COST: u64 = 10_000_000;
/// Apps remembered before those are forgotten of which nothing has to be.
const APPS_MAX: usize = 4_096;

/// The node's room. Cheap to clone.
#[derive(Clone)]
pub struct Slots {
    inner: Arc<Inner>,
}

struct Inner {
    node_max: u32,
    app_max: u32,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    taken: u32,
    apps: HashMap<Arc<str>, AppState>,
    queue: Fair<Arc<str>, Waiter>,
    next_ticket: u64,
}

struct AppState {
    taken: u32,
    max: u32,
    weight: u32,
    /// What its invocations cost of late.
    cost: u64,
    bucket: Option<(Rate, Bucket)>,
}

struct Waiter {
    ticket: u64,
    room: oneshot::Sender<Slot>,
}

/// Room for one sandbox, from admission to the end of its `waitUntil`. Dropping it gives the room back.
pub struct Slot {
    slots: Slots,
    app: Arc<str>,
    weight: u32,
    /// What was charged for it in advance.
    charged: u64,
    /// What it cost in the end.
    cost: Option<u64>,
}

impl Slots {
    /// Room for `node_max` sandboxes, `app_max` of them of one app.
    pub fn new(node_max: u32, app_max: u32) -> Self {
        Self { inner: Arc::new(Inner { node_max, app_max, state: Mutex::default() }) }
    }

    /// Count a request of `app` against its rate. Gives how many more could come now.
    ///
    /// # Errors
    /// [`Refused::Rate`].
    pub fn count(&self, app: &str, limits: &EffectiveLimits) -> Result<Option<u32>, Refused> {
        let Some(rate) = limits.rate else { return Ok(None) };
        let (mut state, now) = (self.state(), Instant::now());
        let (_, entry) = state.app(app, limits, self.inner.app_max);
        let (known, bucket) = entry.bucket.get_or_insert_with(|| (rate, Bucket::new(rate, now)));
        // A rate that was changed holds at once.
        *known = rate;
        match bucket.take(rate, now) {
            Ok(()) => Ok(Some(bucket.left())),
            Err(wait) => Err(Refused::Rate { rate, wait }),
        }
    }

    /// Room for one sandbox of `app`; waits for it when there is none, as long as the app's limits say.
    ///
    /// # Errors
    /// [`Refused::App`] and [`Refused::Node`].
    pub async fn take(&self, app: &str, limits: &EffectiveLimits) -> Result<Slot, Refused> {
        let (app, ticket, room) = match self.take_or_queue(app, limits)? {
            Place::Room(slot) => return Ok(slot),
            Place::Queue { app, ticket, room } => (app, ticket, room),
        };
        // A limit may have been lifted since the others began to wait.
        self.serve();
        // Whoever goes away while waiting leaves the queue, and what was just handed to them goes on to the next.
        let leaving = Leaving { slots: self, app: &app, ticket };
        let waited = tokio::time::timeout(limits.queue_timeout, room).await;
        match waited {
            Ok(Ok(slot)) => Ok(slot),
            Ok(Err(_)) | Err(_) => Err(leaving.slots.why_not(&app)),
        }
    }

    /// How many are taken on the node.
    pub fn in_use(&self) -> u32 {
        self.state().taken
    }

    /// How many wait for room.
    pub fn waiting(&self) -> usize {
        self.state().queue.total()
    }

    fn take_or_queue(&self, app: &str, limits: &EffectiveLimits) -> Result<Place, Refused> {
        let mut state = self.state();
        state.sweep();
        let (app, entry) = state.app(app, limits, self.inner.app_max);
        let app_full = entry.taken >= entry.max;
        let waiting = state.queue.waiting(&app);
        if !app_full && waiting == 0 && state.taken < self.inner.node_max {
            state.queue.pass(&app);
            return Ok(Place::Room(state.hand_out(self, &app)));
        }
        if waiting >= limits.queue as usize || limits.queue_timeout == Duration::ZERO {
            drop(state);
            return Err(self.why_not(&app));
        }
        let (sender, room) = oneshot::channel();
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        state.queue.push(&app, Waiter { ticket, room: sender });
        Ok(Place::Queue { app, ticket, room })
    }

    fn why_not(&self, app: &str) -> Refused {
        let state = self.state();
        match state.apps.get(app) {
            Some(entry) if entry.taken >= entry.max => Refused::App { max: entry.max },
            _ => Refused::Node,
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hand out what room there is. What nobody takes any more goes to the next.
    fn serve(&self) {
        loop {
            let mut state = self.state();
            if state.taken >= self.inner.node_max {
                return;
            }
            let State { queue, apps, .. } = &mut *state;
            let next = queue.pop(|app| apps.get(app).is_none_or(|entry| entry.taken < entry.max));
            let Some((app, waiter)) = next else { return };
            let slot = state.hand_out(self, &app);
            drop(state);
            // Outside the lock: a slot that comes back at once gives its room back by itself.
            if let Err(mut unwanted) = waiter.room.send(slot) {
                unwanted.cost = Some(0);
            }
        }
    }
}

enum Place {
    Room(Slot),
    Queue { app: Arc<str>, ticket: u64, room: oneshot::Receiver<Slot> },
}

impl State {
    fn app(&mut self, app: &str, limits: &EffectiveLimits, app_max: u32) -> (Arc<str>, &mut AppState) {
        let key = self.apps.get_key_value(app).map_or_else(|| app.into(), |(key, _)| Arc::clone(key));
        let entry = self.apps.entry(Arc::clone(&key)).or_insert_with(|| AppState {
            taken: 0,
            max: app_max,
            weight: 1,
            cost: FIRST_COST,
            bucket: None,
        });
        // Limits that were changed hold at once.
        entry.max = limits.concurrency.map_or(app_max, |max| max.min(app_max));
        entry.weight = limits.weight;
        if limits.rate.is_none() {
            entry.bucket = None;
        }
        (key, entry)
    }

    /// What it will cost is not known yet: as much as its like of late. The difference is settled at its end.
    fn hand_out(&mut self, slots: &Slots, app: &Arc<str>) -> Slot {
        self.taken += 1;
        let (mut charged, mut weight) = (FIRST_COST, 1);
        if let Some(entry) = self.apps.get_mut(app) {
            entry.taken += 1;
            (charged, weight) = (entry.cost, entry.weight);
        }
        self.queue.charge(app, charged, weight);
        Slot { slots: slots.clone(), app: Arc::clone(app), weight, charged, cost: None }
    }

    fn give_back(&mut self, slot: &Slot) {
        self.taken = self.taken.saturating_sub(1);
        let cost = slot.cost.unwrap_or(slot.charged);
        if let Some(entry) = self.apps.get_mut(&slot.app) {
            entry.taken = entry.taken.saturating_sub(1);
            entry.cost = entry.cost - entry.cost / 8 + cost / 8;
        }
        if cost >= slot.charged {
            self.queue.charge(&slot.app, cost - slot.charged, slot.weight);
        } else {
            self.queue.give_back(&slot.app, slot.charged - cost, slot.weight);
        }
    }

    fn sweep(&mut self) {
        if self.apps.len() < APPS_MAX {
            return;
        }
        let (queue, now) = (&self.queue, Instant::now());
        self.apps.retain(|app, entry| {
            let counting = entry.bucket.as_mut().is_some_and(|(rate, bucket)| !bucket.is_full(*rate, now));
            entry.taken > 0 || counting || queue.waiting(app) > 0
        });
    }
}

impl Slot {
    /// The invocation is over, and cost so much fuel.
    pub fn spent(&mut self, fuel: u64) {
        self.cost = Some(fuel);
    }

    /// The app's share of a busy node.
    pub fn weight(&self) -> u32 {
        self.weight
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.state().give_back(self);
        self.slots.serve();
    }
}

/// Takes a waiter out of the queue, however its waiting ends.
struct Leaving<'a> {
    slots: &'a Slots,
    app: &'a Arc<str>,
    ticket: u64,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.slots.state().queue.remove(self.app, |waiter| waiter.ticket == self.ticket);
    }
}

impl std::fmt::Debug for Slots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slots").field("node_max", &self.inner.node_max).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot").field("app", &self.app).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
