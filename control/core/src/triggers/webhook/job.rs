//! Deliveries that were promised, for the job that starts them.

use std::sync::Arc;
use std::time::Instant;

use mayfly_common::tasks::Tasks;
use mayfly_store::{ClaimedDelivery, DeliveryClaim, StoreError};
use tokio::sync::Notify;

use super::Webhooks;
use super::run::{self, Attempt, LEASE};
use crate::triggers::in_flight::InFlight;
use crate::triggers::promised::PromisedRuns;
use crate::triggers::running::RunBounds;

impl PromisedRuns for Webhooks {
    type Claimed = ClaimedDelivery;
    const NAME: &'static str = "webhooks";
    const WHAT: &'static str = "webhook deliveries";
    /// Runs of deliveries on this node; each holds its body.
    const RUNS: RunBounds = RunBounds { all: 64, per_app: 16, claim_min: 1 };

    fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    fn wake(&self) -> &Arc<Notify> {
        &self.wake
    }

    fn in_flight(&self) -> &InFlight<String> {
        &self.in_flight
    }

    async fn claim(
        &self,
        limit: u32,
        per_app: u32,
        full_apps: &[String],
    ) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let claim = DeliveryClaim { node: &self.node, limit, per_app, full_apps, lease: LEASE };
        self.store.webhooks().claim(claim).await
    }

    fn key(claimed: &ClaimedDelivery) -> (&str, &str) {
        (&claimed.app_id, &claimed.id)
    }

    async fn attempt(&self, claimed: ClaimedDelivery, at: Instant) -> bool {
        match run::attempt(self, claimed, at).await {
            Attempt::Ended(outcome) => self.settler.settle(outcome).await,
            Attempt::Released(release) => run::release(self, &release).await,
            Attempt::Abandoned => return false,
        }
        true
    }

    async fn renew(&self, ids: &[String]) -> Result<(), StoreError> {
        self.store.webhooks().renew(&self.node, ids, LEASE).await?;
        Ok(())
    }

    async fn expire(&self) -> Result<u64, StoreError> {
        self.store.webhooks().expire().await
    }
}
