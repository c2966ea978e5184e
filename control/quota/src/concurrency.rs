//! Concurrency limiter: a limit per node and a limit per app, with one queue per app. A permit that is released goes to
//! the app that has spent least.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::error::QuotaError;
use super::fair_queue::{FairQueue, Work};
use super::limits::{EffectiveLimits, Rate};
use super::token_bucket::TokenBucket;

/// The expected cost of an app's first invocation: a millisecond.
const FIRST_COST: u64 = 10_000_000;
/// The last part of a node's permits is for apps that have few.
const RESERVE_PART: u32 = 4;
/// Few are at most this part of them.
const FEW_PART: u32 = 16;
/// Apps kept before those without any state are removed.
const APPS_MAX: usize = 4_096;

/// The node's concurrency limiter. Cheap to clone.
#[derive(Clone)]
pub struct ConcurrencyLimiter {
    node_max: u32,
    app_max: u32,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    taken: u32,
    apps: HashMap<Arc<str>, AppState>,
    queue: FairQueue<Arc<str>, Waiter>,
    next_ticket: u64,
}

struct AppState {
    taken: u32,
    max: u32,
    weight: u32,
    /// The moving average of its invocations' cost.
    cost: u64,
    bucket: Option<(Rate, TokenBucket)>,
}

struct Waiter {
    ticket: u64,
    permit: oneshot::Sender<ConcurrencyPermit>,
}

/// The right to one sandbox, from admission to the end of the background phase (`waitUntil`). Dropping it releases it.
pub struct ConcurrencyPermit {
    limiter: ConcurrencyLimiter,
    app: Arc<str>,
    weight: u32,
    /// The cost that was charged in advance.
    charged: u64,
    /// The actual cost, once it is known.
    cost: Option<u64>,
}

impl ConcurrencyLimiter {
    /// Permits for `node_max` sandboxes, `app_max` of them for one app.
    pub fn new(node_max: u32, app_max: u32) -> Self {
        Self { node_max, app_max, state: Arc::default() }
    }

    /// Count a request of `app` against its rate limit. Gives how many more requests the limit allows now.
    ///
    /// # Errors
    /// [`QuotaError::Rate`].
    pub fn count(&self, app: &str, limits: &EffectiveLimits) -> Result<Option<u32>, QuotaError> {
        let Some(rate) = limits.rate else { return Ok(None) };
        let (mut state, now) = (self.state(), Instant::now());
        let (_, entry) = state.app(app, limits, self.app_max);
        let (known, bucket) = entry.bucket.get_or_insert_with(|| (rate, TokenBucket::new(rate, now)));
        // A changed rate takes effect at once.
        *known = rate;
        match bucket.take(rate, now) {
            Ok(()) => Ok(Some(bucket.left())),
            Err(wait) => Err(QuotaError::Rate { rate, wait }),
        }
    }

    /// A permit for one sandbox of `app`; waits for one as long as the app's limits allow.
    ///
    /// # Errors
    /// [`QuotaError::App`] and [`QuotaError::Node`].
    pub async fn take(&self, app: &str, limits: &EffectiveLimits) -> Result<ConcurrencyPermit, QuotaError> {
        let (app, ticket, permit) = match self.take_or_queue(app, limits)? {
            Entry::Admitted(permit) => return Ok(permit),
            Entry::Queued { app, ticket, permit } => (app, ticket, permit),
        };
        // A limit may have been lifted since the others began to wait.
        self.serve();
        // A caller that stops waiting leaves the queue, and a permit just handed to it goes on to the next.
        let queued = QueuedWaiter { limiter: self, app: &app, ticket };
        let waited = tokio::time::timeout(limits.queue_timeout, permit).await;
        match waited {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(queued.limiter.refusal(&app)),
        }
    }

    /// How many permits are held on the node.
    pub fn in_use(&self) -> u32 {
        self.state().taken
    }

    /// How many callers wait for a permit.
    pub fn waiting(&self) -> usize {
        self.state().queue.total()
    }

    fn take_or_queue(&self, app: &str, limits: &EffectiveLimits) -> Result<Entry, QuotaError> {
        let mut state = self.state();
        state.sweep();
        let (app, entry) = state.app(app, limits, self.app_max);
        let (app_full, has) = (entry.taken >= entry.max, entry.taken);
        let waiting = state.queue.waiting(&app);
        if !app_full && waiting == 0 && self.is_open_to(has, state.taken) {
            state.queue.pass(&app);
            return Ok(Entry::Admitted(state.issue(self, &app)));
        }
        if waiting >= limits.queue as usize || limits.queue_timeout == Duration::ZERO {
            drop(state);
            return Err(self.refusal(&app));
        }
        let (sender, permit) = oneshot::channel();
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        state.queue.push(&app, Work::Long, Waiter { ticket, permit: sender });
        Ok(Entry::Queued { app, ticket, permit })
    }

    /// Whether an app with `has` permits may take another, of a node that has given out `taken`. The last quarter is for
    /// apps that have few: sandboxes that only wait cost others nothing but their places.
    fn is_open_to(&self, has: u32, taken: u32) -> bool {
        let few = self.node_max.div_ceil(FEW_PART);
        taken < if has < few { self.node_max } else { self.node_max - self.node_max / RESERVE_PART }
    }

    fn refusal(&self, app: &str) -> QuotaError {
        let state = self.state();
        match state.apps.get(app) {
            Some(entry) if entry.taken >= entry.max => QuotaError::App { max: entry.max },
            _ => QuotaError::Node,
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Issue the permits that are free. One whose waiter has gone goes to the next.
    fn serve(&self) {
        loop {
            let mut state = self.state();
            if state.taken >= self.node_max {
                return;
            }
            let State { queue, apps, taken, .. } = &mut *state;
            let next = queue.pop(|app| {
                apps.get(app)
                    .is_none_or(|entry| entry.taken < entry.max && self.is_open_to(entry.taken, *taken))
            });
            let Some((app, waiter)) = next else { return };
            let permit = state.issue(self, &app);
            drop(state);
            // Outside the lock: a permit that comes back at once releases itself.
            if let Err(mut unwanted) = waiter.permit.send(permit) {
                unwanted.cost = Some(0);
            }
        }
    }
}

enum Entry {
    Admitted(ConcurrencyPermit),
    Queued { app: Arc<str>, ticket: u64, permit: oneshot::Receiver<ConcurrencyPermit> },
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
        // Changed limits take effect at once.
        entry.max = limits.concurrency.map_or(app_max, |max| max.min(app_max));
        entry.weight = limits.weight;
        if limits.rate.is_none() {
            entry.bucket = None;
        }
        (key, entry)
    }

    /// The cost is not known yet: the average is charged, and the difference is corrected when the permit is released.
    fn issue(&mut self, limiter: &ConcurrencyLimiter, app: &Arc<str>) -> ConcurrencyPermit {
        self.taken += 1;
        let (mut charged, mut weight) = (FIRST_COST, 1);
        if let Some(entry) = self.apps.get_mut(app) {
            entry.taken += 1;
            (charged, weight) = (entry.cost, entry.weight);
        }
        self.queue.charge(app, charged, weight);
        ConcurrencyPermit { limiter: limiter.clone(), app: Arc::clone(app), weight, charged, cost: None }
    }

    fn release(&mut self, permit: &ConcurrencyPermit) {
        self.taken = self.taken.saturating_sub(1);
        let cost = permit.cost.unwrap_or(permit.charged);
        if let Some(entry) = self.apps.get_mut(&permit.app) {
            entry.taken = entry.taken.saturating_sub(1);
            entry.cost = entry.cost - entry.cost / 8 + cost / 8;
        }
        if cost >= permit.charged {
            self.queue.charge(&permit.app, cost - permit.charged, permit.weight);
        } else {
            self.queue.give_back(&permit.app, permit.charged - cost, permit.weight);
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

impl ConcurrencyPermit {
    /// The invocation is over: sets its actual cost in fuel.
    pub fn spent(&mut self, fuel: u64) {
        self.cost = Some(fuel);
    }

    /// The app's share of a busy node.
    pub fn weight(&self) -> u32 {
        self.weight
    }
}

impl Drop for ConcurrencyPermit {
    fn drop(&mut self) {
        self.limiter.state().release(self);
        self.limiter.serve();
    }
}

/// Removes a waiter from the queue, however its waiting ends.
struct QueuedWaiter<'a> {
    limiter: &'a ConcurrencyLimiter,
    app: &'a Arc<str>,
    ticket: u64,
}

impl Drop for QueuedWaiter<'_> {
    fn drop(&mut self) {
        self.limiter.state().queue.remove(self.app, |waiter| waiter.ticket == self.ticket);
    }
}

impl std::fmt::Debug for ConcurrencyLimiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConcurrencyLimiter").field("node_max", &self.node_max).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for ConcurrencyPermit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConcurrencyPermit").field("app", &self.app).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
