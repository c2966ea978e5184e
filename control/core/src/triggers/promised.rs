//! `PromisedJob`: starts runs that a ledger has promised, and keeps this node's claims: on every node, without a leader.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mayfly_common::jobs::Job;
use mayfly_common::tasks::Tasks;
use mayfly_store::StoreError;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::in_flight::InFlight;
use super::running::{Run, RunBounds, Runs};

/// How often claims are renewed.
const RENEW_EVERY: Duration = Duration::from_secs(15);

/// A kind of trigger whose runs are rows of a ledger, claimed by a node and settled by it.
pub trait PromisedRuns: Clone + Debug + Send + Sync + 'static {
    /// A run that this node has to start.
    type Claimed: Send + 'static;
    /// Names the job in logs and metrics.
    const NAME: &'static str;
    /// What the runs are, for people.
    const WHAT: &'static str;
    /// Runs on this node: of all apps, and of one.
    const RUNS: RunBounds;

    /// What a shutdown waits for.
    fn tasks(&self) -> &Tasks;

    /// Wakes this node's job.
    fn wake(&self) -> &Arc<Notify>;

    /// What this node runs now.
    fn in_flight(&self) -> &InFlight<String>;

    /// Take runs that wait: this number of them, and of one app this number; none of the apps that are full.
    fn claim(
        &self,
        limit: u32,
        per_app: u32,
        full_apps: &[String],
    ) -> impl Future<Output = Result<Vec<Self::Claimed>, StoreError>> + Send;

    /// The app of a run, and its id.
    fn key(claimed: &Self::Claimed) -> (&str, &str);

    /// Run it, and write down what became of it. `false`: it was claimed too long ago to be started.
    fn attempt(&self, claimed: Self::Claimed, at: Instant) -> impl Future<Output = bool> + Send;

    /// Keep the claims of these runs.
    fn renew(&self, ids: &[String]) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// End the runs of nodes that no longer renew theirs. Says how many there were.
    fn expire(&self) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

/// The job of one kind.
#[derive(Debug)]
pub struct PromisedJob<P> {
    promised: P,
    /// Fires when a shutdown begins: nothing is started any more.
    stop: CancellationToken,
    runs: Runs<String>,
    renewed: Mutex<Instant>,
}

impl<P: PromisedRuns> PromisedJob<P> {
    /// A job that starts what these use cases have promised.
    pub fn new(promised: P, stop: CancellationToken) -> Self {
        let runs = Runs::new(P::RUNS, promised.in_flight().clone(), Arc::clone(promised.wake()));
        Self { promised, stop, runs, renewed: Mutex::new(Instant::now()) }
    }

    /// Start what waits, as far as there is room. Says whether there may be more.
    async fn start(&self) -> Result<bool, StoreError> {
        let Some((limit, per_app)) = self.runs.room() else { return Ok(false) };
        let claimed_at = Instant::now();
        let limit_rows = u32::try_from(limit).unwrap_or(u32::MAX);
        let claimed = self.promised.claim(limit_rows, per_app, &self.runs.full_apps()).await?;
        let is_more = claimed.len() == limit;
        for one in claimed {
            let (app, id) = P::key(&one);
            // This job alone begins runs, so there is as much room as there was.
            let Some(run) = self.runs.begin(app, id.to_owned()) else { break };
            self.spawn(one, claimed_at, run);
        }
        self.runs.claimed(is_more);
        Ok(is_more)
    }

    fn spawn(&self, claimed: P::Claimed, at: Instant, running: Run<String>) {
        let promised = self.promised.clone();
        self.promised.tasks().work(async move {
            if !promised.attempt(claimed, at).await {
                tracing::warn!("one of the {} was claimed too long ago to be started", P::WHAT);
            }
            drop(running);
            // There is room again, and perhaps an attempt that is due at once.
            promised.wake().notify_one();
        });
    }

    async fn keep_claims(&self) -> Result<(), StoreError> {
        let is_due = {
            let mut renewed = self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
            let is_due = renewed.elapsed() >= RENEW_EVERY;
            if is_due {
                *renewed = Instant::now();
            }
            is_due
        };
        if is_due {
            self.promised.renew(&self.runs.keys()).await?;
        }
        let lost = self.promised.expire().await?;
        if lost > 0 {
            tracing::warn!(lost, "runs of {} ended with their node", P::WHAT);
        }
        Ok(())
    }
}

impl<P: PromisedRuns> Job for PromisedJob<P> {
    const NAME: &'static str = P::NAME;
    const EVERY: Duration = Duration::from_secs(1);
    const FIRST: Duration = Duration::ZERO;
    type Error = StoreError;

    async fn run(&self) -> Result<(), StoreError> {
        self.keep_claims().await?;
        while !self.stop.is_cancelled() && self.start().await? {}
        Ok(())
    }

    async fn woken(&self) {
        self.promised.wake().notified().await;
    }
}
