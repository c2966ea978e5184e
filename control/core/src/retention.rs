//! Keeps the table of records in shape: days in advance, and days too old.

use std::time::Duration;

use chrono::{DateTime, Days, Utc};

use mayfly_common::clock;
use mayfly_store::{Store, StoreError};

/// How often it is looked after.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// Sums of hours are small, and bills are made of them.
const SUMS_DAYS: u64 = 400;

/// For how long records are kept.
#[derive(Debug, Clone)]
pub struct Retention {
    /// The platform's tables.
    pub store: Store,
    /// Days that a record is readable for, at least.
    pub days: u32,
}

impl Retention {
    /// Make days ready, and drop those that are too old.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn tidy(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let invocations = self.store.invocations();
        invocations.prepare_days(now).await?;
        let oldest = now.date_naive().checked_sub_days(Days::new(self.days.into()));
        let oldest_sum = now.checked_sub_days(Days::new(SUMS_DAYS));
        let (Some(oldest), Some(oldest_sum)) = (oldest, oldest_sum) else { return Ok(()) };
        let dropped = invocations.drop_before(oldest, oldest_sum).await?;
        self.store.recordings().drop_before(oldest).await?;
        if dropped > 0 {
            tracing::info!(days = dropped, before = %oldest, "old invocation records dropped");
        }
        Ok(())
    }

    /// Do so every hour, for as long as the server runs.
    pub async fn keep(self) {
        loop {
            if let Err(error) = self.tidy(clock::now()).await {
                tracing::warn!(%error, "old invocation records could not be dropped, trying again later");
            }
            tokio::time::sleep(EVERY).await;
        }
    }
}
