//! Writes what apps used of their daily quotas to the store, and reads what other nodes wrote.

use std::time::Duration;

use mayfly_common::jobs::Job;
use mayfly_quota::Daily;
use mayfly_store::StoreError;

/// The job.
pub(super) struct DailyQuotas {
    pub(super) daily: Daily,
}

impl Job for DailyQuotas {
    const NAME: &'static str = "daily_quotas";
    const EVERY: Duration = Daily::FLUSH_EVERY;
    type Error = StoreError;

    async fn run(&self) -> Result<(), StoreError> {
        self.daily.flush().await
    }
}
