//! The job that starts deliveries which were promised, and keeps this node's claims: on every node, without a leader.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mayfly_common::jobs::Job;
use mayfly_store::{ClaimedDelivery, DeliveryClaim, StoreError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::Webhooks;
use super::run::{self, Attempt, LEASE};

/// Runs of deliveries at one moment on this node, and of one app; each holds its body.
const RUNS_MAX: usize = 64;
const RUNS_PER_APP_MAX: u32 = 16;
/// How often claims are renewed.
const RENEW_EVERY: Duration = Duration::from_secs(15);

/// The job.
#[derive(Debug)]
pub struct WebhookJob {
    webhooks: Webhooks,
    /// Fires when a shutdown begins: nothing is started any more.
    stop: CancellationToken,
    room: Arc<Semaphore>,
    running: Arc<Mutex<HashMap<String, u32>>>,
    renewed: Mutex<Instant>,
}

impl WebhookJob {
    /// A job that starts what these use cases keep.
    pub fn new(webhooks: Webhooks, stop: CancellationToken) -> Self {
        Self {
            webhooks,
            stop,
            room: Arc::new(Semaphore::new(RUNS_MAX)),
            running: Arc::default(),
            renewed: Mutex::new(Instant::now()),
        }
    }

    /// Start what waits, as far as there is room. Says whether there may be more.
    async fn start(&self) -> Result<bool, StoreError> {
        let limit = self.room.available_permits();
        if limit == 0 {
            return Ok(false);
        }
        let full_apps = self.full_apps();
        let claim = DeliveryClaim {
            node: &self.webhooks.node,
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
            per_app: RUNS_PER_APP_MAX,
            full_apps: &full_apps,
            lease: LEASE,
        };
        let claimed = Instant::now();
        let deliveries = self.webhooks.store.webhooks().claim(claim).await?;
        let is_more = deliveries.len() == limit;
        for delivery in deliveries {
            // This job alone takes permits, so there are as many as there were.
            let Ok(permit) = Arc::clone(&self.room).try_acquire_owned() else { break };
            self.spawn(delivery, claimed, permit);
        }
        Ok(is_more)
    }

    fn spawn(&self, delivery: ClaimedDelivery, claimed: Instant, permit: OwnedSemaphorePermit) {
        let app = delivery.app_id.clone();
        *self.lock_running().entry(app.clone()).or_default() += 1;
        let (webhooks, running) = (self.webhooks.clone(), Arc::clone(&self.running));
        let in_flight = self.webhooks.in_flight.enter(delivery.id.clone());
        self.webhooks.tasks.work(async move {
            match run::attempt(&webhooks, delivery, claimed).await {
                Attempt::Ended(outcome) => webhooks.settler.settle(outcome).await,
                Attempt::Released(release) => run::release(&webhooks, &release).await,
                Attempt::Abandoned => {
                    tracing::warn!("a webhook delivery was claimed too long ago to be started");
                }
            }
            let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(count) = running.get_mut(&app) {
                *count -= 1;
                if *count == 0 {
                    running.remove(&app);
                }
            }
            drop(running);
            drop(in_flight);
            drop(permit);
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
            table.renew(&self.webhooks.node, &self.webhooks.in_flight.keys(), LEASE).await?;
        }
        let lost = table.expire().await?;
        if lost > 0 {
            tracing::warn!(lost, "runs of webhook deliveries ended with their node");
        }
        Ok(())
    }

    fn full_apps(&self) -> Vec<String> {
        let running = self.lock_running();
        running.iter().filter(|(_, count)| **count >= RUNS_PER_APP_MAX).map(|(app, _)| app.clone()).collect()
    }

    fn lock_running(&self) -> std::sync::MutexGuard<'_, HashMap<String, u32>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
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
