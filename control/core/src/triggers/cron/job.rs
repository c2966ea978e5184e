//! The job that plans slots, starts them and keeps their claims: on every node, without a leader.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mayfly_common::jobs::Job;
use mayfly_common::tasks::Tasks;
use mayfly_store::{ClaimedSlot, SlotClaim, SlotKey, SlotOutcome, Store, StoreError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::plan::decide;
use super::run::{self, Attempt};
use crate::triggers::in_flight::InFlight;
use crate::triggers::run::TriggerRunner;
use crate::triggers::running::{Run, RunBounds, Runs};
use crate::triggers::settler::{Ledger, Settler};

/// Triggers that one transaction plans.
const PLAN_MAX: u32 = 500;
/// Slots that one planning looks at, over all its triggers: it must not hold an executor thread for long.
const PLAN_SLOTS_MAX: usize = 20_000;
/// Runs of slots on this node.
const RUNS: RunBounds = RunBounds { all: 256, per_app: 64, claim_min: 32 };
/// For how long a node has a slot without renewing its claim.
const LEASE: Duration = Duration::from_secs(30);
/// The shortest pause: a slot that is due and not found is being planned by another node.
const PAUSE_MIN: Duration = Duration::from_millis(20);
/// How often claims are renewed.
const RENEW_EVERY: Duration = Duration::from_secs(8);

/// What the job works with.
#[derive(Debug)]
pub struct CronParts {
    /// The platform's tables.
    pub store: Store,
    /// Starts functions.
    pub runner: TriggerRunner,
    /// What a shutdown waits for.
    pub tasks: Tasks,
    /// Fires when a shutdown begins: nothing is started any more.
    pub stop: CancellationToken,
    /// Ends the pause between two runs of the job.
    pub wake: Arc<Notify>,
    /// This node.
    pub node: Arc<str>,
}

/// The job.
#[derive(Debug)]
pub struct CronJob {
    parts: CronParts,
    settler: Settler<SlotOutcome>,
    runs: Runs<SlotKey>,
    renewed: Mutex<Instant>,
    planned: Mutex<Instant>,
    /// The app behind which the next turn begins.
    after_app: Mutex<String>,
    /// Milliseconds until the next slot, as of the last planning.
    next_in_ms: AtomicU64,
}

/// Outcomes of slots.
struct SlotLedger {
    store: Store,
    node: Arc<str>,
}

impl Ledger for SlotLedger {
    type Outcome = SlotOutcome;
    const WHAT: &'static str = "cron slots";

    async fn settle(&self, outcomes: &[SlotOutcome]) -> Result<u64, StoreError> {
        self.store.cron().settle(None, &self.node, outcomes).await
    }
}

impl CronJob {
    /// A job over these parts.
    pub fn new(parts: CronParts) -> Self {
        let ledger = SlotLedger { store: parts.store.clone(), node: Arc::clone(&parts.node) };
        let settler = Settler::start(&parts.tasks, ledger);
        let runs = Runs::new(RUNS, InFlight::default(), Arc::clone(&parts.wake));
        Self {
            parts,
            settler,
            runs,
            renewed: Mutex::new(Instant::now()),
            planned: Mutex::new(Instant::now()),
            after_app: Mutex::default(),
            next_in_ms: AtomicU64::new(u64::MAX),
        }
    }

    /// Plan what is due. Says whether there is more.
    async fn plan(&self) -> Result<bool, StoreError> {
        let decided = |now, triggers: &[_]| decide(now, triggers, PLAN_SLOTS_MAX);
        let planned = self.parts.store.cron().plan(None, PLAN_MAX, decided).await?;
        let next = planned.next_in_ms.map_or(u64::MAX, |next| u64::try_from(next).unwrap_or(0));
        self.next_in_ms.store(next, Ordering::Relaxed);
        Ok(planned.triggers == PLAN_MAX as usize)
    }

    /// Start what waits, as far as there is room. Says whether there may be more.
    async fn start(&self) -> Result<bool, StoreError> {
        let Some((limit, per_app)) = self.runs.room() else { return Ok(false) };
        let full_apps = self.runs.full_apps();
        let after_app = std::mem::take(&mut *lock(&self.after_app));
        let claim = SlotClaim {
            after_app: &after_app,
            node: &self.parts.node,
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
            per_app,
            full_apps: &full_apps,
            lease: LEASE,
        };
        let claimed = Instant::now();
        let slots = self.parts.store.cron().claim(None, claim).await?;
        // The next turn begins where this one ended; one that reached the last app begins again at the first.
        let is_more = slots.len() == limit || !after_app.is_empty();
        if slots.len() == limit {
            *lock(&self.after_app) = slots.iter().map(|slot| slot.app_id.clone()).max().unwrap_or_default();
        }
        for slot in slots {
            // This job alone begins runs, so there is as much room as there was.
            let Some(run) = self.runs.begin(&slot.app_id, slot.key.clone()) else { break };
            self.spawn(slot, claimed, run);
        }
        self.runs.claimed(is_more);
        Ok(is_more)
    }

    fn spawn(&self, slot: ClaimedSlot, claimed: Instant, run: Run<SlotKey>) {
        let (runner, settler) = (self.parts.runner.clone(), self.settler.clone());
        let (store, node) = (self.parts.store.clone(), Arc::clone(&self.parts.node));
        self.parts.tasks.work(async move {
            match run::attempt(&runner, slot, claimed, LEASE / 2).await {
                Attempt::Ended(outcome) => settler.settle(outcome).await,
                Attempt::Released(release) => run::release(&store, &node, &release).await,
                Attempt::Abandoned => tracing::warn!("a cron slot was claimed too long ago to be started"),
            }
            drop(run);
        });
    }

    async fn keep_claims(&self) -> Result<(), StoreError> {
        let is_due = passed(&self.renewed, RENEW_EVERY);
        let cron = self.parts.store.cron();
        let running = self.runs.keys();
        if is_due && !running.is_empty() {
            cron.renew(None, &self.parts.node, &running, LEASE).await?;
        }
        let lost = cron.expire(None).await?;
        if lost > 0 {
            tracing::warn!(lost, "runs of cron slots ended with their node");
        }
        Ok(())
    }
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether that much time has passed; then it begins again.
fn passed(since: &Mutex<Instant>, time: Duration) -> bool {
    let mut since = lock(since);
    let passed = since.elapsed() >= time;
    if passed {
        *since = Instant::now();
    }
    passed
}

impl Job for CronJob {
    const NAME: &'static str = "cron";
    const EVERY: Duration = Duration::from_secs(1);
    const FIRST: Duration = Duration::ZERO;
    type Error = StoreError;

    async fn run(&self) -> Result<(), StoreError> {
        // Woken by room that became free, it has nothing to plan.
        let next = Duration::from_millis(self.next_in_ms.load(Ordering::Relaxed));
        if passed(&self.planned, next.min(Self::EVERY)) {
            self.keep_claims().await?;
            while !self.parts.stop.is_cancelled() && self.plan().await? {
                self.start().await?;
            }
        }
        while !self.parts.stop.is_cancelled() && self.start().await? {}
        Ok(())
    }

    async fn woken(&self) {
        let next = Duration::from_millis(self.next_in_ms.load(Ordering::Relaxed));
        tokio::select! {
            () = self.parts.wake.notified() => {}
            () = tokio::time::sleep(next.max(PAUSE_MIN)) => {}
        }
    }
}
