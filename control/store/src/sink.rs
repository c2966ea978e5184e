//! The writer of invocation records: bounded, batched, and never blocking an invocation for long.
//!
//! Records wait in a bounded queue. When it is full, the recorder waits a moment for space: while PostgreSQL answers,
//! that is enough, and nothing is lost. When it does not answer, the oldest record of the app that has most of them is
//! dropped and counted, so that invocations go on.

mod queue;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use self::queue::{Bounds, Queue, Waiting};
use crate::invocations::insert;
use crate::{InvocationRecord, Store, StoreError};

/// Bounds of the sink.
#[derive(Debug, Clone)]
pub struct SinkConfig {
    /// Records that may wait. Default: 10,000.
    pub queue_max: usize,
    /// Bytes of the records that may wait. Default: 64 MiB.
    pub queue_bytes_max: usize,
    /// Records written at once. Default: 1,000.
    pub batch_max: usize,
    /// How long a record waits for others, to be written with them, unless a reader asks for it. Default: 10 ms.
    pub linger: Duration,
    /// How long a recorder waits for space before the oldest record is dropped. Default: 100 ms.
    pub push_timeout: Duration,
    /// How long a shutdown keeps trying to write the queue. Default: 10 s.
    pub drain: Duration,
}

impl Default for SinkConfig {
    fn default() -> Self {
        Self {
            queue_max: 10_000,
            queue_bytes_max: 64 << 20,
            batch_max: 1_000,
            linger: Duration::from_millis(10),
            push_timeout: Duration::from_millis(100),
            drain: Duration::from_secs(10),
        }
    }
}

/// Bytes of the records that are written at once.
const BATCH_BYTES_MAX: usize = 4 << 20;

/// How long a reader waits for what was recorded before.
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(2);

/// What became of the records so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SinkCounts {
    /// Written, and readable.
    pub written: u64,
    /// Dropped because the queue was full, or because PostgreSQL refused them for good.
    pub dropped: u64,
}

#[derive(Default)]
struct Counters {
    written: AtomicU64,
    dropped: AtomicU64,
    /// The last batch was refused for want of disk space.
    disk_full: AtomicBool,
}

impl Waiting for Arc<InvocationRecord> {
    fn app(&self) -> &str {
        &self.app_id
    }

    fn bytes(&self) -> usize {
        self.as_ref().bytes()
    }
}

/// Where invocation records go. Cheap to clone.
#[derive(Clone)]
pub struct Sink {
    shared: Arc<SinkQueue>,
}

/// Dropped with the last clone of the sink.
struct SinkQueue {
    queue: Arc<Queue<Arc<InvocationRecord>>>,
    counters: Arc<Counters>,
    push_timeout: Duration,
}

impl Drop for SinkQueue {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

impl Sink {
    /// Start the writer. The second part is its end: await it after the last clone of the sink is dropped, and
    /// everything that was queued is written, as far as PostgreSQL lets it.
    #[allow(
        clippy::disallowed_methods,
        reason = "the caller awaits the handle, after everything else has ended"
    )]
    pub fn start(store: &Store, config: SinkConfig) -> (Self, tokio::task::JoinHandle<()>) {
        let queue = Arc::new(Queue::new(Bounds {
            records_max: config.queue_max,
            bytes_max: config.queue_bytes_max,
            batch_max: config.batch_max,
            batch_bytes_max: BATCH_BYTES_MAX,
        }));
        let counters = Arc::new(Counters::default());
        let shared = SinkQueue {
            queue: Arc::clone(&queue),
            counters: Arc::clone(&counters),
            push_timeout: config.push_timeout,
        };
        let writer = Writer { store: store.clone(), config, counters, queue };
        (Self { shared: Arc::new(shared) }, tokio::spawn(writer.run()))
    }

    /// Hand over one record. Waits for space as long as `push_timeout` at most; then the oldest record that still
    /// waits is dropped and counted.
    pub async fn record(&self, record: impl Into<Arc<InvocationRecord>>) {
        let dropped = self.shared.queue.push(record.into(), self.shared.push_timeout).await;
        self.shared.counters.dropped.fetch_add(dropped, Ordering::Relaxed);
    }

    /// Wait until everything recorded before is readable, or has been given up. While PostgreSQL is away, that is as
    /// long as it is away: a caller that must not wait puts a timeout around it.
    pub async fn flush(&self) {
        self.shared.queue.written().await;
    }

    /// As [`flush`](Self::flush) for a reader, which waits no longer than a healthy writer may take.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] and [`StoreError::Full`]: what was recorded before is not all readable yet.
    pub async fn caught_up(&self) -> Result<(), StoreError> {
        tokio::time::timeout(CAUGHT_UP_WITHIN, self.flush()).await.map_err(|_| {
            let text = "records of invocations cannot be written at the moment".to_owned();
            match self.shared.counters.disk_full.load(Ordering::Relaxed) {
                true => StoreError::Full(text),
                false => StoreError::Unavailable(text),
            }
        })
    }

    /// Changes whenever records have become readable.
    pub fn written(&self) -> watch::Receiver<u64> {
        self.shared.queue.progress()
    }

    /// What became of the records so far.
    pub fn counts(&self) -> SinkCounts {
        SinkCounts {
            written: self.shared.counters.written.load(Ordering::Relaxed),
            dropped: self.shared.counters.dropped.load(Ordering::Relaxed),
        }
    }
}

struct Writer {
    store: Store,
    config: SinkConfig,
    counters: Arc<Counters>,
    queue: Arc<Queue<Arc<InvocationRecord>>>,
}

impl Writer {
    async fn run(self) {
        while let Some(batch) = self.queue.take(self.config.linger).await {
            self.write_batch(&batch.records).await;
            self.queue.mark_written(batch.last);
        }
    }

    /// Write a batch, however long PostgreSQL is away; during a shutdown, no longer than the drain allows.
    async fn write_batch(&self, records: &[Arc<InvocationRecord>]) {
        let mut pause = Duration::from_millis(50);
        let mut closed_for = Duration::ZERO;
        let mut again = false;
        loop {
            let outcome = self.write(records, again).await;
            again = true;
            let disk_full = matches!(outcome, Err(StoreError::Full(_)));
            self.counters.disk_full.store(disk_full, Ordering::Relaxed);
            match outcome {
                Ok(()) => {
                    self.counters.written.fetch_add(records.len() as u64, Ordering::Relaxed);
                    return;
                }
                Err(error @ (StoreError::Unavailable(_) | StoreError::Full(_))) => {
                    if self.queue.is_closed() && closed_for >= self.config.drain {
                        return self.give_up(records.len(), &error);
                    }
                    tracing::warn!(%error, records = records.len(), "writing invocation records failed; will retry");
                    tokio::time::sleep(pause).await;
                    if self.queue.is_closed() {
                        closed_for += pause;
                    }
                    pause = (pause * 2).min(Duration::from_secs(2));
                }
                Err(error) if records.len() == 1 => return self.give_up(1, &error),
                // One bad record must not take the others with it.
                Err(_) => {
                    for record in records {
                        Box::pin(self.write_batch(std::slice::from_ref(record))).await;
                    }
                    return;
                }
            }
        }
    }

    fn give_up(&self, records: usize, error: &StoreError) {
        self.counters.dropped.fetch_add(records as u64, Ordering::Relaxed);
        tracing::error!(%error, records, "invocation records lost");
    }

    async fn write(&self, records: &[Arc<InvocationRecord>], again: bool) -> Result<(), StoreError> {
        let mut client = self.store.client().await?;
        Ok(insert(&mut client, records, again).await?)
    }
}
