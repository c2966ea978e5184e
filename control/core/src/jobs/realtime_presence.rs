//! Says that this node lives, and removes from channels the sockets of nodes that do not.

use std::time::Duration;

use mayfly_common::jobs::Job;
use mayfly_store::StoreError;

use crate::sockets::Channels;

/// The job.
pub(super) struct RealtimePresence {
    pub(super) channels: Channels,
}

impl Job for RealtimePresence {
    const NAME: &'static str = "realtime_presence";
    const EVERY: Duration = Duration::from_secs(10);
    const FIRST: Duration = Duration::from_secs(10);
    type Error = StoreError;

    async fn run(&self) -> Result<(), StoreError> {
        let Channels { store, hub, presence, .. } = &self.channels;
        presence.heartbeat(hub).await?;
        store.realtime().tidy_messages().await?;
        Ok(())
    }
}
