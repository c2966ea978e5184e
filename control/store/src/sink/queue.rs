//! The queue in front of the writer, bounded in records and bytes: first in, first out. When it is full, the oldest of
//! the app that holds most of it is dropped: one that prints much does not cost others their records.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

/// What waits in the queue.
pub(super) trait Waiting {
    /// Whose it is.
    fn app(&self) -> &str;
    /// What it takes in memory, in bytes.
    fn bytes(&self) -> usize;
}

/// How much may wait, and be taken at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) records_max: usize,
    pub(super) bytes_max: usize,
    /// This number is enough for the writer to begin at once.
    pub(super) batch_max: usize,
    pub(super) batch_bytes_max: usize,
}

/// The records that wait. They are numbered from 1 in the order in which they came.
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    bounds: Bounds,
    arrived: Notify,
    /// A reader waits for what is queued, or there is enough of it.
    hurry: Notify,
    space: Notify,
    /// All up to this number are written, or given up.
    written: watch::Sender<u64>,
}

struct State<T> {
    /// With their numbers.
    waiting: VecDeque<(u64, T)>,
    bytes: usize,
    /// The bytes of each app that has any.
    by_app: HashMap<String, usize>,
    /// The number of the newest.
    newest: u64,
    closed: bool,
}

/// What the writer takes at once.
pub(super) struct Batch<T> {
    pub(super) records: Vec<T>,
    /// The number of the last of them.
    pub(super) last: u64,
}

impl<T: Waiting> State<T> {
    fn push(&mut self, record: T) {
        let bytes = record.bytes();
        self.newest += 1;
        self.bytes += bytes;
        match self.by_app.get_mut(record.app()) {
            Some(of_app) => *of_app += bytes,
            None => drop(self.by_app.insert(record.app().to_owned(), bytes)),
        }
        self.waiting.push_back((self.newest, record));
    }

    fn forget(&mut self, record: &T) {
        let bytes = record.bytes();
        self.bytes -= bytes;
        if let Some(of_app) = self.by_app.get_mut(record.app()) {
            *of_app -= bytes;
            if *of_app == 0 {
                self.by_app.remove(record.app());
            }
        }
    }

    /// Drops the oldest of the app that holds most.
    fn drop_one(&mut self) -> bool {
        let Some((most, _)) = self.by_app.iter().max_by_key(|(_, bytes)| **bytes) else { return false };
        let Some(place) = self.waiting.iter().position(|(_, record)| record.app() == most) else {
            return false;
        };
        let Some((_, record)) = self.waiting.remove(place) else { return false };
        self.forget(&record);
        true
    }

    fn is_full(&self, bounds: Bounds) -> bool {
        self.waiting.len() >= bounds.records_max || self.bytes >= bounds.bytes_max
    }
}

impl<T: Waiting> Queue<T> {
    pub(super) fn new(bounds: Bounds) -> Self {
        let bounds =
            Bounds { records_max: bounds.records_max.max(1), batch_max: bounds.batch_max.max(1), ..bounds };
        let state =
            State { waiting: VecDeque::new(), bytes: 0, by_app: HashMap::new(), newest: 0, closed: false };
        Self {
            state: Mutex::new(state),
            bounds,
            arrived: Notify::new(),
            hurry: Notify::new(),
            space: Notify::new(),
            written: watch::Sender::new(0),
        }
    }

    /// Put one at the end. How many were dropped for it, after waiting for space in vain.
    pub(super) async fn push(&self, record: T, push_timeout: Duration) -> u64 {
        if self.is_full() {
            let _ = tokio::time::timeout(push_timeout, self.until_space()).await;
        }
        let (dropped, count) = {
            let mut state = self.lock();
            let mut dropped = 0;
            while state.is_full(self.bounds) && state.drop_one() {
                dropped += 1;
            }
            state.push(record);
            (dropped, state.waiting.len())
        };
        if count == 1 {
            self.arrived.notify_one();
        }
        if count == self.bounds.batch_max {
            self.hurry.notify_one();
        }
        dropped
    }

    async fn until_space(&self) {
        loop {
            let mut space = std::pin::pin!(self.space.notified());
            // Registered before checking: space freed in between is not missed.
            space.as_mut().enable();
            if !self.is_full() {
                return;
            }
            space.await;
        }
    }

    /// The oldest, up to a batch of them, once there are that many, or a reader waits for them, or the first has
    /// waited for `linger`. `None`: it is closed, and empty.
    pub(super) async fn take(&self, linger: Duration) -> Option<Batch<T>> {
        loop {
            match self.waiting() {
                (0, true) => return None,
                (0, false) => self.arrived.notified().await,
                (_, true) => return Some(self.drain()),
                (count, false) => {
                    if count < self.bounds.batch_max {
                        // Whichever comes first, they go now.
                        let _ = tokio::time::timeout(linger, self.hurry.notified()).await;
                    }
                    return Some(self.drain());
                }
            }
        }
    }

    /// How many wait, and whether it is closed.
    fn waiting(&self) -> (usize, bool) {
        let state = self.lock();
        (state.waiting.len(), state.closed)
    }

    fn drain(&self) -> Batch<T> {
        let batch = {
            let mut state = self.lock();
            let (mut records, mut bytes) = (Vec::new(), 0);
            while records.len() < self.bounds.batch_max
                && (records.is_empty() || bytes < self.bounds.batch_bytes_max)
                && let Some((_, record)) = state.waiting.pop_front()
            {
                state.forget(&record);
                bytes += record.bytes();
                records.push(record);
            }
            if !state.waiting.is_empty() {
                self.arrived.notify_one();
            }
            Batch { records, last: state.waiting.front().map_or(state.newest, |(next, _)| next - 1) }
        };
        self.space.notify_waiters();
        batch
    }

    /// All up to that number are written, or given up.
    pub(super) fn mark_written(&self, number: u64) {
        self.written.send_replace(number);
    }

    /// Wait until all that came before are written, or given up.
    pub(super) async fn written(&self) {
        let newest = self.lock().newest;
        self.hurry.notify_one();
        // The sender lives as long as the queue.
        let _ = self.written.subscribe().wait_for(|written| *written >= newest).await;
    }

    /// The number up to which all are written, or given up, as it grows.
    pub(super) fn progress(&self) -> watch::Receiver<u64> {
        self.written.subscribe()
    }

    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_one();
        self.hurry.notify_one();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    fn is_full(&self) -> bool {
        self.lock().is_full(self.bounds)
    }

    /// Nothing that holds the lock can panic half-way.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `a` is an app of its own, all other letters are one; an upper-case letter has ten bytes.
    impl Waiting for char {
        fn app(&self) -> &str {
            if "aA".contains(*self) { "a" } else { "others" }
        }

        fn bytes(&self) -> usize {
            if self.is_uppercase() { 10 } else { 1 }
        }
    }

    fn queue(records_max: usize, batch_max: usize) -> Queue<char> {
        Queue::new(Bounds { records_max, bytes_max: 20, batch_max, batch_bytes_max: 15 })
    }

    const PUSH_TIMEOUT: Duration = Duration::from_millis(1);
    /// Longer than any test: whatever comes sooner was hurried.
    const FOR_EVER: Duration = Duration::from_secs(86_400);

    async fn taken(queue: &Queue<char>, linger: Duration) -> (String, u64) {
        let batch = queue.take(linger).await.unwrap();
        (batch.records.into_iter().collect(), batch.last)
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_goes_when_it_is_enough_asked_for_or_old() {
        let queue = queue(10, 3);
        for letter in "abcd".chars() {
            queue.push(letter, PUSH_TIMEOUT).await;
        }
        // Enough at once; the rest waits until a reader asks.
        assert_eq!(taken(&queue, FOR_EVER).await, ("abc".to_owned(), 3));
        queue.mark_written(3);
        let asked = async {
            queue.written().await;
            "written"
        };
        let written = async {
            assert_eq!(taken(&queue, FOR_EVER).await, ("d".to_owned(), 4));
            queue.mark_written(4);
        };
        assert_eq!(tokio::join!(asked, written).0, "written");
        queue.push('e', PUSH_TIMEOUT).await;
        let linger = Duration::from_millis(10);
        assert_eq!(taken(&queue, linger).await, ("e".to_owned(), 5));
    }

    #[tokio::test(start_paused = true)]
    async fn when_full_the_oldest_is_dropped_and_closing_hurries() {
        let queue = queue(2, 5);
        assert_eq!(queue.push('b', PUSH_TIMEOUT).await + queue.push('c', PUSH_TIMEOUT).await, 0);
        assert_eq!(queue.push('d', PUSH_TIMEOUT).await, 1);
        queue.close();
        assert_eq!(taken(&queue, FOR_EVER).await, ("cd".to_owned(), 3));
        assert!(queue.take(FOR_EVER).await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_holds_much_loses_its_own_and_no_reader_is_told_too_early() {
        let queue = queue(10, 10);
        for letter in ['x', 'A', 'y', 'A'] {
            assert_eq!(queue.push(letter, PUSH_TIMEOUT).await, 0);
        }
        assert_eq!(queue.push('z', PUSH_TIMEOUT).await, 1, "22 bytes wait");
        let batch = queue.take(FOR_EVER);
        let reader = queue.written();
        let (batch, _) = tokio::join!(batch, async {
            // Bounded in bytes: the first three, of which the second was dropped.
            tokio::select! { () = reader => panic!("nothing is written"), () = std::future::ready(()) => () }
        });
        let batch = batch.unwrap();
        assert_eq!((batch.records, batch.last), (vec!['x', 'y', 'A', 'z'], 5));
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_is_bounded_in_bytes() {
        let queue = queue(10, 10);
        queue.push('A', PUSH_TIMEOUT).await;
        queue.push('B', PUSH_TIMEOUT).await;
        queue.close();
        assert_eq!(taken(&queue, FOR_EVER).await, ("AB".to_owned(), 2), "the second passes the bound");
    }
}
