//! Operations that run while the guest does: begun, counted, answered in the order in which they finish.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::FuturesUnordered;
use mayfly_abi::frame::{Malformed, Writer};
use mayfly_abi::operation::{ANSWER_ERROR, ANSWER_OK, OperationError};

use crate::guest_error::GuestError;
use crate::providers::BoxFuture;

/// The answer to an operation, as the guest reads it.
pub(crate) type Answer = Result<Vec<u8>, GuestError>;

/// An operation read from its frame: its kind, and its work.
pub(crate) type Started = Result<(OperationKind, BoxFuture<'static, Answer>), Malformed>;

/// An operation's number and its answer's frame, once it has finished.
type Numbered = BoxFuture<'static, (u32, Vec<u8>)>;

/// Whether a pending operation keeps the invocation alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OperationKind {
    /// The invocation stays alive as long as it is pending.
    Foreground,
    /// As foreground, and its time is counted as the database's.
    Database,
    /// It does not keep the invocation alive: when only these are pending, nothing will ever happen.
    Background,
}

/// All operations of one invocation.
pub(crate) struct Operations {
    running: FuturesUnordered<Abortable<Numbered>>,
    pending: HashMap<u32, (OperationKind, AbortHandle)>,
    foreground: usize,
    last: u32,
    begun: u32,
    begun_max: u32,
    answer: Vec<u8>,
    database: Stopwatch,
}

impl Operations {
    pub(crate) fn new(begun_max: u32) -> Self {
        Self {
            running: FuturesUnordered::new(),
            pending: HashMap::new(),
            foreground: 0,
            last: 0,
            begun: 0,
            begun_max,
            answer: Vec::new(),
            database: Stopwatch::default(),
        }
    }

    /// Begins an operation that counts against the invocation's limit; `None` when that is reached.
    pub(crate) fn begin(&mut self, kind: OperationKind, work: BoxFuture<'static, Answer>) -> Option<u32> {
        if self.begun == self.begun_max {
            return None;
        }
        self.begun += 1;
        Some(self.begin_uncounted(kind, work))
    }

    /// The number of the operation that begins next.
    pub(crate) fn upcoming(&self) -> u32 {
        self.last.wrapping_add(1)
    }

    /// Begins an operation; its number.
    pub(crate) fn begin_uncounted(&mut self, kind: OperationKind, work: BoxFuture<'static, Answer>) -> u32 {
        let number = self.upcoming();
        self.last = number;
        let framed: Numbered = Box::pin(async move { (number, frame(work.await)) });
        let (handle, registration) = AbortHandle::new_pair();
        self.running.push(Abortable::new(framed, registration));
        self.pending.insert(number, (kind, handle));
        self.count(kind, true);
        number
    }

    /// Cancels an operation: its work is dropped, and its answer never comes.
    pub(crate) fn cancel(&mut self, number: u32) {
        if let Some((kind, handle)) = self.pending.remove(&number) {
            handle.abort();
            self.count(kind, false);
        }
    }

    /// Waits for the next answer: the operation's number and the answer's length. `None` when nothing is pending that
    /// keeps the invocation alive.
    pub(crate) async fn next(&mut self) -> Option<(u32, usize)> {
        while self.foreground > 0 {
            let Ok((number, answer)) = self.running.next().await? else {
                continue;
            };
            if let Some((kind, _)) = self.pending.remove(&number) {
                self.count(kind, false);
                self.answer = answer;
                return Some((number, self.answer.len()));
            }
        }
        None
    }

    /// In a replay: an operation has this answer. Its length.
    pub(crate) fn answer_with(&mut self, number: u32, answer: Vec<u8>) -> usize {
        self.cancel(number);
        self.answer = answer;
        self.answer.len()
    }

    /// The answer that `next` announced last.
    pub(crate) fn answer(&self) -> &[u8] {
        &self.answer
    }

    pub(crate) fn begun(&self) -> u32 {
        self.begun
    }

    /// Time in which at least one database operation was pending.
    pub(crate) fn database_time(&self) -> Duration {
        self.database.total()
    }

    fn count(&mut self, kind: OperationKind, begins: bool) {
        if kind == OperationKind::Background {
            return;
        }
        self.foreground = if begins { self.foreground + 1 } else { self.foreground - 1 };
        if kind == OperationKind::Database {
            self.database.count(begins);
        }
    }
}

fn frame(answer: Answer) -> Vec<u8> {
    match answer {
        Ok(body) => {
            let mut bytes = body;
            bytes.insert(0, ANSWER_OK);
            bytes
        }
        Err(error) => {
            let mut writer = Writer::with_capacity(128);
            writer.u8(ANSWER_ERROR);
            let fields = error.fields.iter().map(|(name, value)| (*name, value.as_str()));
            OperationError::write(&mut writer, &error.code, &error.message, fields);
            writer.finish()
        }
    }
}

/// Adds up the time in which anything is pending, overlaps counted once.
#[derive(Debug, Default)]
struct Stopwatch {
    pending: usize,
    since: Option<Instant>,
    total: Duration,
}

impl Stopwatch {
    fn count(&mut self, begins: bool) {
        self.pending = if begins { self.pending + 1 } else { self.pending - 1 };
        match (self.pending, self.since) {
            (0, Some(since)) => {
                self.total += since.elapsed();
                self.since = None;
            }
            (_, None) => self.since = Some(Instant::now()),
            _ => {}
        }
    }

    fn total(&self) -> Duration {
        self.total + self.since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(text: &'static str) -> BoxFuture<'static, Answer> {
        Box::pin(async move { Ok(text.as_bytes().to_vec()) })
    }

    #[tokio::test]
    async fn answers_come_as_they_finish_and_cancelled_ones_never() {
        let mut operations = Operations::new(3);
        let (release, gate) = tokio::sync::oneshot::channel::<()>();
        let slow = operations.begin(
            OperationKind::Foreground,
            Box::pin(async move {
                let _ = gate.await;
                Ok(b"slow".to_vec())
            }),
        );
        let quick = operations.begin(OperationKind::Foreground, ready("quick"));
        let cancelled = operations.begin(OperationKind::Foreground, Box::pin(std::future::pending()));
        assert_eq!((slow, quick, cancelled), (Some(1), Some(2), Some(3)));
        assert_eq!(operations.begin(OperationKind::Foreground, ready("one too many")), None);
        operations.cancel(3);
        assert_eq!(operations.next().await, Some((2, 6)));
        assert_eq!(operations.answer(), b"\0quick");
        release.send(()).unwrap();
        assert_eq!(operations.next().await, Some((1, 5)));
        assert_eq!(operations.next().await, None);
    }

    #[tokio::test]
    async fn nothing_waits_for_the_background() {
        let mut operations = Operations::new(10);
        operations.begin(OperationKind::Background, Box::pin(std::future::pending()));
        assert_eq!(operations.next().await, None);
    }
}
