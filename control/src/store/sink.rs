//! The writer of invocation records: bounded, batched, and never in an invocation's way.
//!
//! Records wait in a bounded queue. While PostgreSQL answers, a full queue makes the recorder wait a moment; when it
//! does not, records are dropped and counted, so that invocations go on without it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::store::invocations::insert;
use crate::store::{InvocationRecord, Store, StoreError};

/// Bounds of the sink.
#[derive(Debug, Clone)]
pub struct SinkConfig {
    /// Records that may wait. Default: 10,000.
    pub queue_max: usize,
    /// Records written at once. Default: 500.
    pub batch_max: usize,
    /// How long a recorder waits for room before its record is dropped. Default: 100 ms.
    pub patience: Duration,
    /// How long a shutdown keeps trying to write what waits. Default: 10 s.
    pub drain: Duration,
}

impl Default for SinkConfig {
    fn default() -> Self {
        Self {
            queue_max: 10_000,
            batch_max: 500,
            patience: Duration::from_millis(100),
            drain: Duration::from_secs(10),
        }
    }
}

/// What became of the records so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SinkCounts {
    /// Written, and readable.
    pub written: u64,
    /// Dropped because the queue was full, or PostgreSQL refused them.
    pub dropped: u64,
}

#[derive(Default)]
struct Counters {
    written: AtomicU64,
    dropped: AtomicU64,
}

enum Item {
    Record(Box<InvocationRecord>),
    /// Answered when all before it are settled.
    Flush(oneshot::Sender<()>),
}

/// Where invocation records go. Cheap to clone.
#[derive(Clone)]
pub struct Sink {
    queue: mpsc::Sender<Item>,
    counters: Arc<Counters>,
    patience: Duration,
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

impl Sink {
    /// Start the writer. The second part is its end: await it after the last clone of the sink is dropped, and
    /// everything that waited is written, as far as PostgreSQL lets it.
    pub fn start(store: &Store, config: SinkConfig) -> (Self, tokio::task::JoinHandle<()>) {
        let (queue, waiting) = mpsc::channel(config.queue_max.max(1));
        let counters = Arc::new(Counters::default());
        let sink = Self { queue, counters: Arc::clone(&counters), patience: config.patience };
        let writer = Writer { store: store.clone(), config, counters };
        (sink, tokio::spawn(writer.run(waiting)))
    }

    /// Hand over one record. Waits for room as long as the sink's patience at most; after that the record is dropped
    /// and counted.
    pub async fn record(&self, record: InvocationRecord) {
        let item = Item::Record(Box::new(record));
        let refused = match self.queue.try_send(item) {
            Ok(()) => false,
            Err(mpsc::error::TrySendError::Closed(_)) => true,
            Err(mpsc::error::TrySendError::Full(item)) => {
                self.queue.send_timeout(item, self.patience).await.is_err()
            }
        };
        if refused {
            self.counters.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Wait until everything recorded before is readable, or has been given up.
    pub async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        if self.queue.send(Item::Flush(done)).await.is_ok() {
            let _ = wait.await;
        }
    }

    /// What became of the records so far.
    pub fn counts(&self) -> SinkCounts {
        SinkCounts {
            written: self.counters.written.load(Ordering::Relaxed),
            dropped: self.counters.dropped.load(Ordering::Relaxed),
        }
    }
}

struct Writer {
    store: Store,
    config: SinkConfig,
    counters: Arc<Counters>,
}

impl Writer {
    async fn run(self, mut waiting: mpsc::Receiver<Item>) {
        let mut items = Vec::with_capacity(self.config.batch_max);
        while waiting.recv_many(&mut items, self.config.batch_max).await > 0 {
            let mut batch = Vec::with_capacity(items.len());
            let mut flushes = Vec::new();
            for item in items.drain(..) {
                match item {
                    Item::Record(record) => batch.push(*record),
                    Item::Flush(done) => flushes.push(done),
                }
            }
            self.settle(batch, &waiting).await;
            for done in flushes {
                let _ = done.send(());
            }
        }
    }

    /// Write a batch, however long PostgreSQL is away; during a shutdown, no longer than the drain allows.
    async fn settle(&self, batch: Vec<InvocationRecord>, waiting: &mpsc::Receiver<Item>) {
        if batch.is_empty() {
            return;
        }
        let mut pause = Duration::from_millis(50);
        let mut closed_for = Duration::ZERO;
        loop {
            match self.write(&batch).await {
                Ok(()) => {
                    self.counters.written.fetch_add(batch.len() as u64, Ordering::Relaxed);
                    return;
                }
                Err(error @ (StoreError::Unavailable(_) | StoreError::Full(_))) => {
                    if waiting.is_closed() && closed_for >= self.config.drain {
                        return self.give_up(batch.len(), &error);
                    }
                    tracing::warn!(%error, records = batch.len(), "invocation records wait");
                    tokio::time::sleep(pause).await;
                    if waiting.is_closed() {
                        closed_for += pause;
                    }
                    pause = (pause * 2).min(Duration::from_secs(2));
                }
                // One bad record must not take the others with it.
                Err(error) if batch.len() == 1 => return self.give_up(1, &error),
                Err(_) => return self.settle_one_by_one(batch, waiting).await,
            }
        }
    }

    async fn settle_one_by_one(&self, batch: Vec<InvocationRecord>, waiting: &mpsc::Receiver<Item>) {
        for record in batch {
            Box::pin(self.settle(vec![record], waiting)).await;
        }
    }

    fn give_up(&self, records: usize, error: &StoreError) {
        self.counters.dropped.fetch_add(records as u64, Ordering::Relaxed);
        tracing::error!(%error, records, "invocation records lost");
    }

    async fn write(&self, batch: &[InvocationRecord]) -> Result<(), StoreError> {
        let client = self.store.client().await?;
        Ok(insert(&client, batch).await?)
    }
}
