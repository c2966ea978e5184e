//! Evicts idle images: unmapped a minute after their last call, mapped again from the cache directory by the next one.

use std::convert::Infallible;
use std::time::Duration;

use mayfly_common::jobs::Job;
use mayfly_runtime::Engine;

/// How long after its last call an image is unmapped: far longer than it takes to map it again.
const IDLE: Duration = Duration::from_secs(60);

/// The job.
pub(super) struct IdleImages {
    pub(super) engine: Engine,
}

impl Job for IdleImages {
    const NAME: &'static str = "idle_images";
    const EVERY: Duration = Duration::from_secs(15);
    type Error = Infallible;

    async fn run(&self) -> Result<(), Infallible> {
        let images = self.engine.release_idle(IDLE);
        if images > 0 {
            tracing::debug!(images, "idle images unmapped");
        }
        Ok(())
    }
}
