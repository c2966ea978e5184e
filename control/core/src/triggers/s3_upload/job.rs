//! The job that starts upload events, and keeps this node's claims: on every node, without a leader.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mayfly_common::jobs::Job;
use mayfly_store::{ClaimedUpload, StoreError, UploadClaim};
use tokio_util::sync::CancellationToken;

use super::Uploads;
use super::run::{self, Attempt, LEASE};
use crate::triggers::running::{Run, RunBounds, Runs};

/// Runs of events on this node.
const RUNS: RunBounds = RunBounds { all: 64, per_app: 16, claim_min: 1 };
/// How often claims are renewed.
const RENEW_EVERY: Duration = Duration::from_secs(15);

/// The job.
#[derive(Debug)]
pub struct UploadJob {
    uploads: Uploads,
    /// Fires when a shutdown begins: nothing is started any more.
    stop: CancellationToken,
    runs: Runs<String>,
    renewed: Mutex<Instant>,
}

impl UploadJob {
    /// A job that starts what these use cases keep.
    pub fn new(uploads: Uploads, stop: CancellationToken) -> Self {
        let runs = Runs::new(RUNS, uploads.in_flight.clone(), Arc::clone(&uploads.wake));
        Self { uploads, stop, runs, renewed: Mutex::new(Instant::now()) }
    }

    /// Start what waits, as far as there is room. Says whether there may be more.
    async fn start(&self) -> Result<bool, StoreError> {
        let Some((limit, per_app)) = self.runs.room() else { return Ok(false) };
        let full_apps = self.runs.full_apps();
        let claim = UploadClaim {
            node: &self.uploads.node,
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
            per_app,
            full_apps: &full_apps,
            lease: LEASE,
        };
        let claimed = Instant::now();
        let events = self.uploads.store.storage_events().claim(claim).await?;
        let is_more = events.len() == limit;
        for upload in events {
            // This job alone begins runs, so there is as much room as there was.
            let Some(run) = self.runs.begin(&upload.app_id, upload.id.clone()) else { break };
            self.spawn(upload, claimed, run);
        }
        self.runs.claimed(is_more);
        Ok(is_more)
    }

    fn spawn(&self, upload: ClaimedUpload, claimed: Instant, running: Run<String>) {
        let uploads = self.uploads.clone();
        self.uploads.tasks.work(async move {
            match run::attempt(&uploads, upload, claimed).await {
                Attempt::Ended(outcome) => uploads.settler.settle(outcome).await,
                Attempt::Released(release) => run::release(&uploads, &release).await,
                Attempt::Abandoned => {
                    tracing::warn!("an upload event was claimed too long ago to be started");
                }
            }
            drop(running);
            // There is room again, and perhaps an attempt that is due at once.
            uploads.wake.notify_one();
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
        let table = self.uploads.store.storage_events();
        if is_due {
            table.renew(&self.uploads.node, &self.runs.keys(), LEASE).await?;
        }
        let lost = table.expire().await?;
        if lost > 0 {
            tracing::warn!(lost, "runs of upload events ended with their node");
        }
        Ok(())
    }
}

impl Job for UploadJob {
    const NAME: &'static str = "upload_events";
    const EVERY: Duration = Duration::from_secs(1);
    const FIRST: Duration = Duration::ZERO;
    type Error = StoreError;

    async fn run(&self) -> Result<(), StoreError> {
        self.keep_claims().await?;
        while !self.stop.is_cancelled() && self.start().await? {}
        Ok(())
    }

    async fn woken(&self) {
        self.uploads.wake.notified().await;
    }
}
