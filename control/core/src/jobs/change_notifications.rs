//! Notifies all nodes of the changes that this one committed, and of those that a node left behind when it died.

use std::convert::Infallible;
use std::time::Duration;

use mayfly_common::jobs::Job;
use mayfly_store::Store;

/// The job. A run lasts as long as the store is open.
pub(super) struct ChangeNotifications(pub(super) Store);

impl Job for ChangeNotifications {
    const NAME: &'static str = "change_notifications";
    const EVERY: Duration = Duration::from_secs(1);
    const FIRST: Duration = Duration::ZERO;
    type Error = Infallible;

    async fn run(&self) -> Result<(), Infallible> {
        self.0.clone().notify_of_changes().await;
        Ok(())
    }
}
