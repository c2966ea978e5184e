//! Upload events, for the job that starts their functions.

use std::sync::Arc;
use std::time::Instant;

use mayfly_common::tasks::Tasks;
use mayfly_store::{ClaimedUpload, StoreError, UploadClaim};
use tokio::sync::Notify;

use super::Uploads;
use super::run::{self, Attempt, LEASE};
use crate::triggers::in_flight::InFlight;
use crate::triggers::promised::PromisedRuns;
use crate::triggers::running::RunBounds;

impl PromisedRuns for Uploads {
    type Claimed = ClaimedUpload;
    const NAME: &'static str = "upload_events";
    const WHAT: &'static str = "upload events";
    /// Runs of events on this node.
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
    ) -> Result<Vec<ClaimedUpload>, StoreError> {
        let claim = UploadClaim { node: &self.node, limit, per_app, full_apps, lease: LEASE };
        self.store.storage_events().claim(claim).await
    }

    fn key(claimed: &ClaimedUpload) -> (&str, &str) {
        (&claimed.app_id, &claimed.id)
    }

    async fn attempt(&self, claimed: ClaimedUpload, at: Instant) -> bool {
        match run::attempt(self, claimed, at).await {
            Attempt::Ended(outcome) => self.settler.settle(outcome).await,
            Attempt::Released(release) => run::release(self, &release).await,
            Attempt::Abandoned => return false,
        }
        true
    }

    async fn renew(&self, ids: &[String]) -> Result<(), StoreError> {
        self.store.storage_events().renew(&self.node, ids, LEASE).await?;
        Ok(())
    }

    async fn expire(&self) -> Result<u64, StoreError> {
        self.store.storage_events().expire().await
    }
}
