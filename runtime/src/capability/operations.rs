//! Operations that run while the guest does: begun, counted, answered in the order in which they finish.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::FuturesUnordered;
use mayfly_abi::frame::{Malformed, Writer};
use mayfly_abi::op::Operation;
use mayfly_abi::operation::{ANSWER_ERROR, ANSWER_OK, OperationError};
use mayfly_ledger::{Account, Held};

use super::waiting::words;
use crate::guest_error::GuestError;
use crate::meter::PendingBytes;
use crate::providers::BoxFuture;

/// Answers from this size on are counted in the ledger.
const COUNTED_BYTES_MIN: usize = 16 << 10;

/// The answer to an operation, as the guest reads it.
pub(crate) type Answer = Result<Vec<u8>, GuestError>;

/// An operation read from its frame: its kind, and its work.
pub(crate) type Started = Result<(OperationKind, BoxFuture<'static, Answer>), Malformed>;

/// An answer's frame, and what was taken for it.
type HeldAnswer = (Vec<u8>, Held);

/// An operation's number and its answer's frame, once it has finished.
type Numbered = BoxFuture<'static, (u32, HeldAnswer)>;

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
    /// What is pending, in words, and since when.
    named: HashMap<u32, (&'static str, Instant)>,
    /// Whether the guest waits for an answer.
    is_waiting: bool,
    foreground: usize,
    last: u32,
    begun: u32,
    begun_max: u32,
    answer: HeldAnswer,
    account: Account,
    database: Stopwatch,
}

impl Operations {
    pub(crate) fn new(begun_max: u32, account: Account) -> Self {
        Self {
            running: FuturesUnordered::new(),
            pending: HashMap::new(),
            named: HashMap::new(),
            is_waiting: false,
            foreground: 0,
            last: 0,
            begun: 0,
            begun_max,
            answer: HeldAnswer::default(),
            account,
            database: Stopwatch::default(),
        }
    }

    /// Begins an operation that counts against the invocation's limit; `None` when that is reached.
    pub(crate) fn begin(
        &mut self,
        kind: OperationKind,
        work: BoxFuture<'static, Answer>,
        held: Option<PendingBytes>,
    ) -> Option<u32> {
        if self.begun == self.begun_max {
            return None;
        }
        self.begun += 1;
        Some(self.begin_uncounted(kind, work, held))
    }

    /// The number of the operation that begins next.
    pub(crate) fn upcoming(&self) -> u32 {
        self.last.wrapping_add(1)
    }

    /// Begins an operation; its number. What is held for it goes back when its work ends, or is dropped.
    pub(crate) fn begin_uncounted(
        &mut self,
        kind: OperationKind,
        work: BoxFuture<'static, Answer>,
        held: Option<PendingBytes>,
    ) -> u32 {
        let (number, account) = (self.upcoming(), self.account.clone());
        self.last = number;
        let framed: Numbered = Box::pin(async move {
            let answer = frame(work.await);
            drop(held);
            (number, hold(answer, &account))
        });
        let (handle, registration) = AbortHandle::new_pair();
        self.running.push(Abortable::new(framed, registration));
        self.pending.insert(number, (kind, handle));
        self.count(kind, true);
        number
    }

    /// Says what a pending operation is.
    pub(crate) fn name(&mut self, number: u32, operation: Operation) {
        if self.pending.contains_key(&number) {
            self.named.insert(number, (words(operation), Instant::now()));
        }
    }

    /// What the guest waits for, and for how long that has been pending, from the oldest on; nothing where it does not wait.
    pub(crate) fn awaited(&self) -> Vec<(u32, &'static str, Duration)> {
        if !self.is_waiting {
            return Vec::new();
        }
        let is_awaited = |number: &u32| {
            self.pending.get(number).is_some_and(|(kind, _)| *kind != OperationKind::Background)
        };
        let named = self.named.iter().filter(|(number, _)| is_awaited(number));
        let mut awaited: Vec<_> =
            named.map(|(number, (words, since))| (*number, *words, since.elapsed())).collect();
        awaited.sort_by_key(|(number, ..)| *number);
        awaited
    }

    /// Cancels an operation: its work is dropped, and its answer never comes.
    pub(crate) fn cancel(&mut self, number: u32) {
        self.named.remove(&number);
        if let Some((kind, handle)) = self.pending.remove(&number) {
            handle.abort();
            self.count(kind, false);
        }
    }

    /// Waits for the next answer: the operation's number and the answer's length. `None` when nothing is pending that
    /// keeps the invocation alive.
    pub(crate) async fn next(&mut self) -> Option<(u32, usize)> {
        while self.foreground > 0 {
            self.is_waiting = true;
            let next = self.running.next().await;
            self.is_waiting = false;
            let Ok((number, answer)) = next? else {
                continue;
            };
            self.named.remove(&number);
            if let Some((kind, _)) = self.pending.remove(&number) {
                self.count(kind, false);
                self.answer = answer;
                return Some((number, self.answer.0.len()));
            }
        }
        None
    }

    /// In a replay: an operation has this answer. Its length.
    pub(crate) fn answer_with(&mut self, number: u32, answer: Vec<u8>) -> usize {
        self.cancel(number);
        self.answer = (answer, Held::default());
        self.answer.0.len()
    }

    /// The answer that `next` announced last.
    pub(crate) fn answer(&self) -> &[u8] {
        &self.answer.0
    }

    /// The guest has read it.
    pub(crate) fn answer_read(&mut self) {
        self.answer = HeldAnswer::default();
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

/// An answer waits until the guest reads it. One that cannot be held is an error of the operation.
fn hold(answer: Vec<u8>, account: &Account) -> HeldAnswer {
    if answer.len() < COUNTED_BYTES_MIN {
        return (answer, Held::default());
    }
    match account.take(answer.len()) {
        Ok(held) => (answer, held),
        Err(shortage) => (frame(Err(GuestError::no_memory(shortage))), Held::default()),
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
        let mut operations = Operations::new(3, Account::default());
        let (release, gate) = tokio::sync::oneshot::channel::<()>();
        let slow = operations.begin(
            OperationKind::Foreground,
            Box::pin(async move {
                let _ = gate.await;
                Ok(b"slow".to_vec())
            }),
            None,
        );
        let quick = operations.begin(OperationKind::Foreground, ready("quick"), None);
        let cancelled = operations.begin(OperationKind::Foreground, Box::pin(std::future::pending()), None);
        assert_eq!((slow, quick, cancelled), (Some(1), Some(2), Some(3)));
        assert_eq!(operations.begin(OperationKind::Foreground, ready("one too many"), None), None);
        operations.cancel(3);
        assert_eq!(operations.next().await, Some((2, 6)));
        assert_eq!(operations.answer(), b"\0quick");
        release.send(()).unwrap();
        assert_eq!(operations.next().await, Some((1, 5)));
        assert_eq!(operations.next().await, None);
    }

    #[tokio::test]
    async fn nothing_waits_for_the_background() {
        let mut operations = Operations::new(10, Account::default());
        operations.begin(OperationKind::Background, Box::pin(std::future::pending()), None);
        assert_eq!(operations.next().await, None);
    }
}
