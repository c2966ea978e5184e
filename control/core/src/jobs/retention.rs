//! Retention of invocation records: makes daily partitions in advance, and drops those that are too old.

use std::time::Duration;

use chrono::{DateTime, Days, Utc};

use mayfly_common::clock;
use mayfly_common::jobs::Job;
use mayfly_store::{Store, StoreError};

/// Sums of hours are small, and bills are made of them.
const SUMS_DAYS: u64 = 400;
/// Cron slots of one trigger that are kept, however often it fires.
const SLOTS_KEPT: u32 = 10_000;

/// Webhook deliveries of one function that are kept, and bytes of their bodies.
const DELIVERIES_KEPT: u32 = 100_000;
const DELIVERY_BYTES_KEPT: u64 = 256 << 20;

/// Upload events of one function that are kept.
const UPLOADS_KEPT: u32 = 100_000;

/// Versions of a function whose images are kept; those that serve are kept besides.
const IMAGES_KEPT: u32 = 10;

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
        let oldest_slot = oldest.and_time(chrono::NaiveTime::MIN).and_utc();
        self.store.cron().delete_before(oldest_slot, SLOTS_KEPT).await?;
        self.store.storage_events().tidy(oldest_slot, UPLOADS_KEPT).await?;
        self.store.webhooks().tidy(now, DELIVERIES_KEPT, DELIVERY_BYTES_KEPT).await?;
        self.store.agents().tidy(oldest_slot).await?;
        let images = self.store.versions().drop_images(IMAGES_KEPT).await?;
        if images > 0 {
            tracing::debug!(images, "images of old versions dropped");
        }
        if dropped > 0 {
            tracing::info!(days = dropped, before = %oldest, "old invocation records dropped");
        }
        Ok(())
    }
}

impl Job for Retention {
    const NAME: &'static str = "retention";
    const EVERY: Duration = Duration::from_secs(60 * 60);
    const FIRST: Duration = Duration::ZERO;
    type Error = StoreError;

    async fn run(&self) -> Result<(), StoreError> {
        self.tidy(clock::now()).await
    }
}
