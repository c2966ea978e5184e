//! Writes outcomes of attempts, many with one statement. An outcome is kept until the database has taken it.

use std::sync::Arc;
use std::time::Duration;

use mayfly_common::tasks::Tasks;
use mayfly_store::{SlotOutcome, Store, StoreError};
use tokio::sync::{mpsc, oneshot};

/// Outcomes written together.
const BATCH_MAX: usize = 256;
/// Outcomes that wait to be written; a run waits where there are more.
const QUEUE_MAX: usize = 1_024;
/// The pause before a batch is tried again.
const RETRY: Duration = Duration::from_secs(1);

type Item = (SlotOutcome, oneshot::Sender<()>);

/// Takes outcomes. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Settler {
    queue: mpsc::Sender<Item>,
}

impl Settler {
    /// Start the writer.
    pub(super) fn start(tasks: &Tasks, store: Store, node: Arc<str>) -> Self {
        let (queue, outcomes) = mpsc::channel(QUEUE_MAX);
        tasks.service(write(store, node, outcomes));
        Self { queue }
    }

    /// Write an outcome, and wait until it is written.
    pub(super) async fn settle(&self, outcome: SlotOutcome) {
        let (done, written) = oneshot::channel();
        if self.queue.send((outcome, done)).await.is_ok() {
            // Without an answer the server ends, and the claim expires.
            let _ = written.await;
        }
    }
}

async fn write(store: Store, node: Arc<str>, mut outcomes: mpsc::Receiver<Item>) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while outcomes.recv_many(&mut batch, BATCH_MAX).await > 0 {
        let (rows, done): (Vec<SlotOutcome>, Vec<oneshot::Sender<()>>) = batch.drain(..).unzip();
        loop {
            match store.cron().settle(None, &node, &rows).await {
                Ok(settled) => {
                    let lost = rows.len() as u64 - settled;
                    if lost > 0 {
                        tracing::warn!(lost, "runs of cron slots ended after this node had lost them");
                    }
                    break;
                }
                Err(error @ StoreError::Unavailable(_)) => {
                    tracing::warn!(%error, waiting = rows.len(), "outcomes of cron slots cannot be written now");
                    tokio::time::sleep(RETRY).await;
                }
                Err(error) => {
                    tracing::error!(%error, dropped = rows.len(), "outcomes of cron slots cannot be written");
                    break;
                }
            }
        }
        for done in done {
            // A run that is no longer waited for is no fault.
            let _ = done.send(());
        }
    }
}
