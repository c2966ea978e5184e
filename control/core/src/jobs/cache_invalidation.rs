//! Follows other nodes' changes, and invalidates what the caches hold of them.

use std::convert::Infallible;
use std::time::Duration;

use mayfly_common::jobs::Job;
use mayfly_store::Store;

use crate::invalidation::CacheInvalidator;

/// The job. A run lasts as long as the subscription does.
pub(super) struct CacheInvalidation {
    pub(super) store: Store,
    pub(super) invalidator: CacheInvalidator,
}

impl Job for CacheInvalidation {
    const NAME: &'static str = "cache_invalidation";
    const EVERY: Duration = Duration::from_secs(1);
    const FIRST: Duration = Duration::ZERO;
    type Error = Infallible;

    async fn run(&self) -> Result<(), Infallible> {
        self.invalidator.clone().follow(self.store.clone()).await;
        Ok(())
    }
}
