//! The bounded queue in front of the writer: first in, first out; when it is full, the oldest is dropped.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

/// The records that wait. They are numbered from 1 in the order in which they came.
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    capacity: usize,
    /// This number is enough for the writer to begin at once.
    enough: usize,
    arrived: Notify,
    /// A reader waits for what is queued, or there is enough of it.
    hurry: Notify,
    space: Notify,
    /// All up to this number are written, or given up.
    written: watch::Sender<u64>,
}

struct State<T> {
    waiting: VecDeque<T>,
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

impl<T> Queue<T> {
    pub(super) fn new(capacity: usize, enough: usize) -> Self {
        Self {
            state: Mutex::new(State { waiting: VecDeque::new(), newest: 0, closed: false }),
            capacity: capacity.max(1),
            enough,
            arrived: Notify::new(),
            hurry: Notify::new(),
            space: Notify::new(),
            written: watch::Sender::new(0),
        }
    }

    /// Put one at the end. `true`: the oldest was dropped for it, after waiting for space in vain.
    pub(super) async fn push(&self, record: T, push_timeout: Duration) -> bool {
        if self.is_full() {
            let _ = tokio::time::timeout(push_timeout, self.until_space()).await;
        }
        let (dropped, count) = {
            let mut state = self.lock();
            let dropped = state.waiting.len() >= self.capacity && state.waiting.pop_front().is_some();
            state.waiting.push_back(record);
            state.newest += 1;
            (dropped, state.waiting.len())
        };
        if count == 1 {
            self.arrived.notify_one();
        }
        if count == self.enough {
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

    /// The oldest, up to `enough` of them, once there are that many, or a reader waits for them, or the first has
    /// waited for `linger`. `None`: it is closed, and empty.
    pub(super) async fn take(&self, linger: Duration) -> Option<Batch<T>> {
        loop {
            match self.waiting() {
                (0, true) => return None,
                (0, false) => self.arrived.notified().await,
                (_, true) => return Some(self.drain()),
                (count, false) => {
                    if count < self.enough {
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
            let count = state.waiting.len().min(self.enough);
            let records = state.waiting.drain(..count).collect();
            if !state.waiting.is_empty() {
                self.arrived.notify_one();
            }
            Batch { records, last: state.newest - state.waiting.len() as u64 }
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
        self.lock().waiting.len() >= self.capacity
    }

    /// Nothing that holds the lock can panic half-way.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUSH_TIMEOUT: Duration = Duration::from_millis(1);
    /// Longer than any test: whatever comes sooner was hurried.
    const FOR_EVER: Duration = Duration::from_secs(86_400);

    async fn taken(queue: &Queue<char>, linger: Duration) -> (String, u64) {
        let batch = queue.take(linger).await.unwrap();
        (batch.records.into_iter().collect(), batch.last)
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_goes_when_it_is_enough_asked_for_or_old() {
        let queue = Queue::new(10, 3);
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
        let queue = Queue::new(2, 5);
        assert!(!queue.push('a', PUSH_TIMEOUT).await && !queue.push('b', PUSH_TIMEOUT).await);
        assert!(queue.push('c', PUSH_TIMEOUT).await);
        queue.close();
        assert_eq!(taken(&queue, FOR_EVER).await, ("bc".to_owned(), 3));
        assert!(queue.take(FOR_EVER).await.is_none());
    }
}
