//! Follows the messages of all nodes' channels, and gives them to the sockets of this one.

use std::convert::Infallible;
use std::time::Duration;

use mayfly_common::jobs::Job;

use crate::sockets::Channels;

/// The job. A run lasts as long as the subscription does.
pub(super) struct RealtimeMessages {
    pub(super) channels: Channels,
}

impl Job for RealtimeMessages {
    const NAME: &'static str = "realtime_messages";
    const EVERY: Duration = Duration::from_secs(1);
    const FIRST: Duration = Duration::ZERO;
    type Error = Infallible;

    async fn run(&self) -> Result<(), Infallible> {
        self.channels.follow().await;
        Ok(())
    }
}
