//! Writes outcomes of attempts, many with one statement. An outcome is kept until the database has taken it.

use std::time::Duration;

use mayfly_common::tasks::Tasks;
use mayfly_store::StoreError;
use tokio::sync::{mpsc, oneshot};

/// Outcomes written together.
const BATCH_MAX: usize = 256;
/// Outcomes that wait to be written; a run waits where there are more.
const QUEUE_MAX: usize = 1_024;
/// The pause before a batch is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Where outcomes of one kind are written.
pub(super) trait Ledger: Send + Sync + 'static {
    /// The end of an attempt.
    type Outcome: Send + Sync + 'static;
    /// What it is the end of, for people.
    const WHAT: &'static str;

    /// Write them. Says how many were still this node's to write.
    fn settle(&self, outcomes: &[Self::Outcome]) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

type Item<O> = (O, oneshot::Sender<()>);

/// Takes outcomes. Cheap to clone.
#[derive(Debug)]
pub(super) struct Settler<O> {
    queue: mpsc::Sender<Item<O>>,
}

impl<O> Clone for Settler<O> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
    }
}

impl<O: Send + Sync + 'static> Settler<O> {
    /// Start the writer.
    pub(super) fn start(tasks: &Tasks, ledger: impl Ledger<Outcome = O>) -> Self {
        let (queue, outcomes) = mpsc::channel(QUEUE_MAX);
        tasks.service(write(ledger, outcomes));
        Self { queue }
    }

    /// Write an outcome, and wait until it is written.
    pub(super) async fn settle(&self, outcome: O) {
        let (done, written) = oneshot::channel();
        if self.queue.send((outcome, done)).await.is_ok() {
            // Without an answer the server ends, and the claim expires.
            let _ = written.await;
        }
    }
}

async fn write<L: Ledger>(ledger: L, mut outcomes: mpsc::Receiver<Item<L::Outcome>>) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while outcomes.recv_many(&mut batch, BATCH_MAX).await > 0 {
        let (rows, done): (Vec<L::Outcome>, Vec<oneshot::Sender<()>>) = batch.drain(..).unzip();
        loop {
            match ledger.settle(&rows).await {
                Ok(settled) => {
                    let lost = rows.len() as u64 - settled;
                    if lost > 0 {
                        tracing::warn!(lost, "runs of {} ended after this node had lost them", L::WHAT);
                    }
                    break;
                }
                Err(error @ StoreError::Unavailable(_)) => {
                    let waiting = rows.len();
                    tracing::warn!(%error, waiting, "outcomes of {} cannot be written now", L::WHAT);
                    tokio::time::sleep(RETRY).await;
                }
                Err(error) => {
                    let dropped = rows.len();
                    tracing::error!(%error, dropped, "outcomes of {} cannot be written", L::WHAT);
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
