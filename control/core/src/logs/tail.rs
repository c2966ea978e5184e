//! A live tail: a function's records as they come, in order, none left out.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use mayfly_ledger::{PlaceBounds, TakenPlace};
use mayfly_store::{InvocationRecord, Store};

/// Live tails at once on this node: the last quarter is for apps without any.
pub(super) const TAILS: PlaceBounds =
    PlaceBounds { total: 100, per_app: 50, reserve: 25, waiting_per_app: 0 };

/// Records read at once, fewer where they are long.
const PAGE: u32 = 100;
/// Other nodes' records are looked for that often.
const POLL: Duration = Duration::from_secs(1);
/// A busy function's records are read that often at most.
const PAUSE: Duration = Duration::from_millis(50);
/// After so long without a record the reader hears a heartbeat.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Then the reader has to come back, with a key that is still good.
const LIFETIME: Duration = Duration::from_secs(10 * 60);

/// Which records a reader wants to see.
#[derive(Debug, Clone, Default)]
pub struct TailFilter {
    /// With a console entry of that level.
    pub level: Option<String>,
    /// With exactly that status.
    pub status: Option<u16>,
    /// With failures only (`true`), or without them (`false`).
    pub failed: Option<bool>,
}

/// What a tail says.
#[derive(Debug)]
pub enum TailEvent {
    /// A record, and its number: a client that reconnects sends it, and receives the records after it.
    Record(u64, Box<InvocationRecord>),
    /// Nothing came for a while.
    Heartbeat,
}

/// A stream of new records. Ends by itself after ten minutes, and when the server stops.
#[derive(Debug)]
pub struct Tail {
    parts: Parts,
    waiting: VecDeque<(u64, InvocationRecord)>,
    ends: Instant,
    silent_since: Instant,
    read_at: Option<Instant>,
}

/// What a tail is made of.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) store: Store,
    pub(super) app: String,
    pub(super) name: String,
    /// The number of the last record that the reader has seen.
    pub(super) after: u64,
    pub(super) filter: TailFilter,
    /// Changes whenever this node has written records.
    pub(super) written: watch::Receiver<u64>,
    /// Fires when the server stops.
    pub(super) closing: CancellationToken,
    /// The tail's place among those of this node.
    pub(super) _place: TakenPlace,
}

impl Tail {
    pub(super) fn new(parts: Parts) -> Self {
        let now = Instant::now();
        Self { parts, waiting: VecDeque::new(), ends: now + LIFETIME, silent_since: now, read_at: None }
    }

    /// The next thing to say; `None`: it is over.
    pub async fn next(&mut self) -> Option<TailEvent> {
        loop {
            while let Some((number, record)) = self.waiting.pop_front() {
                self.parts.after = number;
                if self.parts.filter.wants(&record) {
                    self.silent_since = Instant::now();
                    return Some(TailEvent::Record(number, Box::new(record)));
                }
            }
            if self.parts.closing.is_cancelled() || Instant::now() >= self.ends {
                return None;
            }
            if self.silent_since.elapsed() >= HEARTBEAT {
                self.silent_since = Instant::now();
                return Some(TailEvent::Heartbeat);
            }
            self.read().await;
            if self.waiting.is_empty() {
                self.pause().await;
            }
        }
    }

    async fn read(&mut self) {
        if let Some(read_at) = self.read_at {
            tokio::time::sleep_until(read_at + PAUSE).await;
        }
        // Before the question: what is written while it is answered is asked for next.
        self.parts.written.mark_unchanged();
        let invocations = self.parts.store.invocations();
        match invocations.following(&self.parts.app, &self.parts.name, self.parts.after, PAGE).await {
            Ok(records) => self.waiting = records.into(),
            // The reader keeps its place, and hears more when there is more to hear.
            Err(error) => tracing::warn!(%error, "a live tail waits"),
        }
        self.read_at = Some(Instant::now());
    }

    async fn pause(&mut self) {
        tokio::select! {
            () = self.parts.closing.cancelled() => {}
            // The writer lives as long as the server.
            _ = self.parts.written.changed() => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

impl TailFilter {
    fn wants(&self, record: &InvocationRecord) -> bool {
        self.level.as_ref().is_none_or(|level| {
            // What was thrown is an error, although no console printed it.
            (level == "error" && record.error_code.is_some())
                || record.logs.iter().any(|line| line.level == *level)
        }) && self.status.is_none_or(|status| record.status == Some(status))
            && self.failed.is_none_or(|failed| record.failed() == failed)
    }
}
