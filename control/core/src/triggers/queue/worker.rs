//! A worker: works off the jobs of one app, over one connection to its database. What has ended is settled together with
//! the next claim, so that many jobs cost few transactions.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mayfly_tenant_db::queue::{ClaimedJob, JobClaim, JobEnd, JobOutcome, JobSession};
use mayfly_tenant_db::tenant::TenantError;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::registry::{Call, Registry};
use super::run::{self, LEASE};

/// Jobs of one app that run at once on a node.
const RUNS_MAX: usize = 64;
/// While that many still run, those that end are gathered, to be settled by one transaction with the claim of as many.
const GATHER_WHILE: usize = RUNS_MAX / 2;
/// For how long, at most, from the first of them on.
const GATHER: Duration = Duration::from_millis(5);
/// How often claims are renewed, and those of nodes that are gone are ended.
const RENEW_EVERY: Duration = Duration::from_secs(15);
/// How long a worker stays where nothing happens.
const LINGER: Duration = Duration::from_secs(2);
/// The pause after a database could not be reached; twice as long each time, up to the longest.
const RETRY: Duration = Duration::from_millis(250);
const RETRY_MAX: Duration = Duration::from_secs(15);
/// Ended jobs of each state that an app keeps.
const KEPT: u32 = 10_000;
/// Ended jobs after which a worker deletes those beyond.
const TIDY_AFTER: u64 = 5_000;

/// The worker of one app.
pub(super) struct Worker {
    registry: Arc<Registry>,
    app: Arc<str>,
    call: Arc<Call>,
    /// What runs: the fence of each job.
    held: HashMap<i64, i64>,
    ended: mpsc::Receiver<Ended>,
    ends: mpsc::Sender<Ended>,
    /// What is to be written.
    outcomes: Vec<JobOutcome>,
    renewed: Instant,
    due: Option<Due>,
    /// Whether runs of other apps have all the room.
    starved: bool,
    /// Jobs that ended since the last deletion.
    untidy: u64,
}

/// A run that is over, and what is to be written of it.
struct Ended {
    id: i64,
    outcome: Option<JobOutcome>,
}

/// What a worker does next.
enum Next {
    /// Look: there may be something to write, or to start.
    Look,
    /// Nothing has happened for a while.
    Rest,
}

/// What it does when nothing else happens, and when.
struct Due {
    at: Instant,
    next: Next,
}

impl Worker {
    pub(super) fn new(registry: Arc<Registry>, app: Arc<str>, call: Arc<Call>) -> Self {
        let (ends, ended) = mpsc::channel(RUNS_MAX);
        Self {
            registry,
            app,
            call,
            held: HashMap::new(),
            ended,
            ends,
            outcomes: Vec::new(),
            renewed: Instant::now(),
            due: None,
            starved: false,
            // Those of the workers before it.
            untidy: TIDY_AFTER,
        }
    }

    /// Until there is nothing to do, and nothing runs.
    pub(super) async fn run(mut self) {
        let mut pause = RETRY;
        loop {
            let began = Instant::now();
            match self.work().await {
                Ok(()) | Err(TenantError::Missing) => return,
                Err(error) => tracing::warn!(app = &*self.app, %error, "an app's jobs cannot be reached now"),
            }
            // Nothing is lost: claims expire, and the table of watched queues has the app.
            if self.registry.is_stopping() && (self.held.is_empty() || pause == RETRY_MAX) {
                return;
            }
            pause = if began.elapsed() > RETRY_MAX { RETRY } else { (pause * 2).min(RETRY_MAX) };
            tokio::time::sleep(pause).await;
        }
    }

    /// Work with one connection for as long as it lasts.
    async fn work(&mut self) -> Result<(), TenantError> {
        let parts = &self.registry.parts;
        let session = parts.tenants.job_session(&self.app, &parts.node).await?;
        self.keep_claims(&session).await?;
        loop {
            while self.step(&session).await? {}
            match self.next(&session).await? {
                Next::Look => {}
                Next::Rest => {
                    if self.rest(&session).await? {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Wait until there is something to do. Claims are kept meanwhile.
    async fn next(&mut self, session: &JobSession) -> Result<Next, TenantError> {
        let hurries = self.held.is_empty() && (self.registry.is_stopping() || self.registry.is_full());
        let linger = if hurries { Duration::ZERO } else { LINGER };
        let rests_at =
            self.due.take().unwrap_or_else(|| Due { at: Instant::now() + linger, next: Next::Rest });
        let renews_at = self.renewed + RENEW_EVERY;
        tokio::select! {
            Some(ended) = self.ended.recv() => {
                self.take(ended);
                self.gather().await;
            }
            () = self.call.wake.notified() => {}
            _ = Arc::clone(&self.registry.runs).acquire_owned(), if self.starved => {}
            () = tokio::time::sleep_until(rests_at.at.min(renews_at).into()) => {
                if renews_at > rests_at.at {
                    return Ok(rests_at.next);
                }
                self.keep_claims(session).await?;
            }
        }
        Ok(Next::Look)
    }

    /// Take what ends in a moment. What runs meanwhile has enough to do: a transaction costs as much for one job as for ten.
    async fn gather(&mut self) {
        let until = tokio::time::Instant::now() + GATHER;
        while self.held.len() >= GATHER_WHILE
            && let Ok(Some(ended)) = tokio::time::timeout_at(until, self.ended.recv()).await
        {
            self.take(ended);
        }
    }

    /// After a while in which nothing happened: find out when there is something to do again. Says whether the worker is
    /// to go.
    async fn rest(&mut self, session: &JobSession) -> Result<bool, TenantError> {
        if self.untidy >= TIDY_AFTER {
            self.tidy(session).await?;
        }
        let due = session.next_due().await?;
        if self.held.is_empty() {
            let seconds = due.map(|seconds| seconds.max(0.0));
            self.registry.parts.store.watched_queues().look_again(&self.app, seconds).await?;
            return Ok(self.registry.leave(&self.app, &self.call));
        }
        // What is due and was not claimed waits for room.
        let wait = due.map_or(RENEW_EVERY, |seconds| Duration::from_secs_f64(seconds.clamp(1.0, 60.0)));
        self.due = Some(Due { at: Instant::now() + wait, next: Next::Look });
        Ok(false)
    }

    /// Write what has ended, and take what there is room for. Says whether there may be more of either.
    async fn step(&mut self, session: &JobSession) -> Result<bool, TenantError> {
        self.call.looks();
        while let Ok(ended) = self.ended.try_recv() {
            self.take(ended);
        }
        if self.renewed.elapsed() >= RENEW_EVERY {
            self.keep_claims(session).await?;
        }
        if self.untidy >= 4 * TIDY_AFTER {
            self.tidy(session).await?;
        }
        let permits = self.permits();
        self.starved = permits.is_empty() && !self.registry.is_stopping() && self.held.len() < RUNS_MAX;
        if permits.is_empty() && self.outcomes.is_empty() {
            return Ok(false);
        }
        let limit = u32::try_from(permits.len()).unwrap_or(u32::MAX);
        let claim = (limit > 0).then_some(JobClaim { limit, lease: LEASE });
        let claimed_at = Instant::now();
        let stepped = session.step(&self.outcomes, claim).await?;
        let lost = self.outcomes.len() as u64 - stepped.settled;
        if lost > 0 {
            tracing::warn!(app = &*self.app, lost, "runs of jobs ended after this node had lost them");
        }
        self.untidy += stepped.settled;
        self.outcomes.clear();
        let is_more = stepped.claimed.len() == permits.len() && limit > 0;
        for (job, permit) in stepped.claimed.into_iter().zip(permits) {
            self.spawn(job, permit, claimed_at);
        }
        Ok(is_more && self.has_room())
    }

    fn has_room(&self) -> bool {
        self.held.len() < RUNS_MAX && self.registry.runs.available_permits() > 0
    }

    /// Permits for as many runs as there is room for.
    fn permits(&self) -> Vec<OwnedSemaphorePermit> {
        if self.registry.is_stopping() {
            return Vec::new();
        }
        let room = RUNS_MAX.saturating_sub(self.held.len());
        let permits = std::iter::repeat_with(|| Arc::clone(&self.registry.runs).try_acquire_owned().ok());
        permits.take(room).map_while(|permit| permit).collect()
    }

    fn spawn(&mut self, job: ClaimedJob, permit: OwnedSemaphorePermit, claimed: Instant) {
        self.held.insert(job.id, job.fence);
        let mut running = Running { ends: self.ends.clone(), id: job.id, fence: job.fence, end: None };
        let (runner, app) = (self.registry.parts.runner.clone(), Arc::clone(&self.app));
        self.registry.parts.tasks.work(async move {
            running.end = Some(run::attempt(&runner, &app, &job, claimed).await);
            drop(permit);
            drop(running);
        });
    }

    fn take(&mut self, ended: Ended) {
        self.held.remove(&ended.id);
        match ended.outcome {
            Some(outcome) => self.outcomes.push(outcome),
            None => {
                tracing::warn!(
                    app = &*self.app,
                    job = ended.id,
                    "a job was claimed too long ago to be started"
                )
            }
        }
    }

    async fn keep_claims(&mut self, session: &JobSession) -> Result<(), TenantError> {
        if !self.held.is_empty() {
            let held: Vec<(i64, i64)> = self.held.iter().map(|(id, fence)| (*id, *fence)).collect();
            session.renew(&held, LEASE).await?;
        }
        let lost = session.expire().await?;
        if lost > 0 {
            tracing::warn!(app = &*self.app, lost, "runs of jobs ended with their node");
        }
        self.renewed = Instant::now();
        Ok(())
    }

    async fn tidy(&mut self, session: &JobSession) -> Result<(), TenantError> {
        let deleted = session.tidy(KEPT).await?;
        if deleted > 0 {
            tracing::debug!(app = &*self.app, deleted, "old jobs deleted");
        }
        self.untidy = 0;
        Ok(())
    }
}

/// A run, whose end is told even when its task dies.
struct Running {
    ends: mpsc::Sender<Ended>,
    id: i64,
    fence: i64,
    /// `None` until it has ended; then how, if it was started at all.
    end: Option<Option<JobEnd>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let end = self.end.take().unwrap_or_else(|| {
            Some(JobEnd::Ran {
                invocation_id: None,
                status: None,
                error: Some(("INTERNAL_ERROR".to_owned(), "the run of the job broke off".to_owned())),
                is_final: false,
            })
        });
        let outcome = end.map(|end| JobOutcome { id: self.id, fence: self.fence, end });
        // There is room for all that run; a worker that is gone has let the claims expire.
        let _ = self.ends.try_send(Ended { id: self.id, outcome });
    }
}
