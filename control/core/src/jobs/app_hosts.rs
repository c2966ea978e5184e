//! Learns of hosts that apps have got on other nodes.

use std::time::Duration;

use mayfly_common::jobs::Job;
use mayfly_store::StoreError;

use crate::hosts::AppHosts;

/// The job.
pub(super) struct AppHostsJob(pub(super) AppHosts);

impl Job for AppHostsJob {
    const NAME: &'static str = "app_hosts";
    const EVERY: Duration = Duration::from_secs(1);
    type Error = StoreError;

    async fn run(&self) -> Result<(), StoreError> {
        self.0.refresh().await
    }
}
