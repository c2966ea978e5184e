//! Follows commits that change tables of the change feed, this node's and others', and wakes the feeds of this one.

use std::convert::Infallible;
use std::time::Duration;

use mayfly_common::jobs::Job;

use crate::changes::ChangeFeeds;

/// The job. A run lasts as long as the server does.
pub(super) struct RealtimeChanges {
    pub(super) changes: ChangeFeeds,
}

impl Job for RealtimeChanges {
    const NAME: &'static str = "realtime_changes";
    const EVERY: Duration = Duration::from_secs(1);
    const FIRST: Duration = Duration::ZERO;
    type Error = Infallible;

    async fn run(&self) -> Result<(), Infallible> {
        tokio::select! {
            () = self.changes.follow_own() => {}
            () = self.changes.follow_others() => {}
        }
        Ok(())
    }
}
