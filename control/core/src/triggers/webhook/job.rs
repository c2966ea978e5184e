//! The job that starts deliveries which were promised, and keeps this node's claims: on every node, without a leader.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mayfly_common::jobs::Job;
use mayfly_store::{ClaimedDelivery, DeliveryClaim, StoreError};
use tokio_util::sync::CancellationToken;

use super::Webhooks;
use super::run::{self, Attempt, LEASE};
use crate::triggers::running::{Run, RunBounds, Runs};

/// Runs of deliveries on this node; each holds its body.
const RUNS: RunBounds = RunBounds { all: 64, per_app: 16, claim_min: 1 };
/// How often claims are renewed.
const RENEW_EVERY: Duration = Duration::from_secs(15);

/// The job.
#[derive(Debug)]
pub struct WebhookJob {
    webhooks: Webhooks,
    /// Fires when a shutdown begins: nothing is started any more.
    stop: CancellationToken,
    runs: Runs<String>,
    renewed: Mutex<Instant>,
}

impl WebhookJob {
    /// A job that starts what these use cases keep.
    pub fn new(webhooks: Webhooks, stop: CancellationToken) -> Self {
        let runs = Runs::new(RUNS, webhooks.in_flight.clone(), Arc::clone(&webhooks.wake));
        Self { webhooks, stop, runs, renewed: Mutex::new(Instant::now()) }
    }

    /// Start what waits, as far as there is room. Says whether there may be more.
    async fn start(&self) -> Result<bool, StoreError> {
        let Some((limit, per_app)) = self.runs.room() else { return Ok(false) };
        let full_apps = self.runs.full_apps();
        let claim = DeliveryClaim {
            node: &self.webhooks.node,
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
            per_app,
            full_apps: &full_apps,
            lease: LEASE,
        };
        let claimed = Instant::now();
        let deliveries = self.webhooks.store.webhooks().claim(claim).await?;
        let is_more = deliveries.len() == limit;
        for delivery in deliveries {
            // This job alone begins runs, so there is as much room as there was.
            let Some(run) = self.runs.begin(&delivery.app_id, delivery.id.clone()) else { break };
            self.spawn(delivery, claimed, run);
        }
        self.runs.claimed(is_more);
        Ok(is_more)
    }

    fn spawn(&self, delivery: ClaimedDelivery, claimed: Instant, running: Run<String>) {
        let webhooks = self.webhooks.clone();
        self.webhooks.tasks.work(async move {
            match run::attempt(&webhooks, delivery, claimed).await {
                Attempt::Ended(outcome) => webhooks.settler.settle(outcome).await,
                Attempt::Released(release) => run::release(&webhooks, &release).await,
                Attempt::Abandoned => {
                    tracing::warn!("a webhook delivery was claimed too long ago to be started");
                }
            }
            drop(running);
            // There is room again, and perhaps an attempt that is due at once.
            webhooks.wake.notify_one();
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
        let table = self.webhooks.store.webhooks();
        if is_due {
            table.renew(&self.webhooks.node, &self.runs.keys(), LEASE).await?;
        }
        let lost = table.expire().await?;
        if lost > 0 {
            tracing::warn!(lost, "runs of webhook deliveries ended with their node");
        }
        Ok(())
    }
}

impl Job for WebhookJob {
    const NAME: &'static str = "webhooks";
    const EVERY: Duration = Duration::from_secs(1);
    const FIRST: Duration = Duration::ZERO;
    type Error = StoreError;

    async fn run(&self) -> Result<(), StoreError> {
        self.keep_claims().await?;
        while !self.stop.is_cancelled() && self.start().await? {}
        Ok(())
    }

    async fn woken(&self) {
        self.webhooks.wake.notified().await;
    }
}
