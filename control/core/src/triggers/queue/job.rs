//! The job that finds apps with something to do: one statement a second on each node, however many apps there are; and
//! at once for what this node has stored itself.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use mayfly_common::jobs::Job;
use mayfly_store::StoreError;

use super::Queues;

/// How often the table of watched queues is asked.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// Apps that a node takes at once.
const APPS: u32 = 100;

/// The job.
#[derive(Debug)]
pub struct QueueJob {
    queues: Queues,
    asked: Mutex<Option<Instant>>,
}

impl QueueJob {
    /// A job that wakes the workers of these queues.
    pub fn new(queues: Queues) -> Self {
        Self { queues, asked: Mutex::default() }
    }

    /// Whether the table is due to be asked, and whether for the first time.
    fn is_due(&self) -> (bool, bool) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let (is_due, is_first) = (asked.is_none_or(|at| at.elapsed() >= ASK_EVERY), asked.is_none());
        if is_due {
            *asked = Some(Instant::now());
        }
        (is_due, is_first)
    }
}

impl Job for QueueJob {
    const NAME: &'static str = "queues";
    const EVERY: Duration = ASK_EVERY;
    const FIRST: Duration = Duration::ZERO;
    type Error = StoreError;

    async fn run(&self) -> Result<(), StoreError> {
        let workers = &self.queues.workers;
        for app in self.queues.tenants.queue_wakes().take() {
            workers.wake(&app);
        }
        let (is_due, is_first) = self.is_due();
        if !is_due || workers.is_stopping() {
            return Ok(());
        }
        let table = workers.store().watched_queues();
        if is_first {
            table.all_due().await?;
        }
        for app in table.take_due(APPS).await? {
            workers.wake(&app.into());
        }
        Ok(())
    }

    async fn woken(&self) {
        self.queues.tenants.queue_wakes().woken().await;
    }
}
