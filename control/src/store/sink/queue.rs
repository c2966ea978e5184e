//! The bounded queue in front of the writer: first in, first out, and when there is no room, first in, first dropped.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::store::InvocationRecord;

/// Records that wait. They are numbered from 1 in the order in which they came.
pub(super) struct Queue {
    state: Mutex<State>,
    capacity: usize,
    arrived: Notify,
    room: Notify,
    /// All up to this number are written, or given up.
    settled: watch::Sender<u64>,
}

struct State {
    waiting: VecDeque<InvocationRecord>,
    /// The number of the newest.
    newest: u64,
    closed: bool,
}

/// What the writer takes at once.
pub(super) struct Batch {
    pub(super) records: Vec<InvocationRecord>,
    /// The number of the last of them.
    pub(super) last: u64,
}

impl Queue {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            state: Mutex::new(State { waiting: VecDeque::new(), newest: 0, closed: false }),
            capacity: capacity.max(1),
            arrived: Notify::new(),
            room: Notify::new(),
            settled: watch::Sender::new(0),
        }
    }

    /// Put one at the end. `true`: the oldest was dropped for it, after waiting for room in vain.
    pub(super) async fn push(&self, record: InvocationRecord, patience: Duration) -> bool {
        if self.is_full() {
            let _ = tokio::time::timeout(patience, self.until_room()).await;
        }
        let dropped = {
            let mut state = self.lock();
            let dropped = state.waiting.len() >= self.capacity && state.waiting.pop_front().is_some();
            state.waiting.push_back(record);
            state.newest += 1;
            dropped
        };
        self.arrived.notify_one();
        dropped
    }

    async fn until_room(&self) {
        loop {
            let mut room = std::pin::pin!(self.room.notified());
            // Listening before looking: room made in between is not missed.
            room.as_mut().enable();
            if !self.is_full() {
                return;
            }
            room.await;
        }
    }

    /// Up to `most` of the oldest. `None`: it is closed, and empty.
    pub(super) async fn take(&self, most: usize) -> Option<Batch> {
        loop {
            {
                let mut state = self.lock();
                let count = state.waiting.len().min(most);
                if count > 0 {
                    let records = state.waiting.drain(..count).collect();
                    let last = state.newest - state.waiting.len() as u64;
                    drop(state);
                    self.room.notify_waiters();
                    return Some(Batch { records, last });
                }
                if state.closed {
                    return None;
                }
            }
            self.arrived.notified().await;
        }
    }

    /// All up to that number are written, or given up.
    pub(super) fn settle(&self, number: u64) {
        self.settled.send_replace(number);
    }

    /// Wait until all that came before are settled.
    pub(super) async fn settled(&self) {
        let newest = self.lock().newest;
        // The sender lives as long as the queue.
        let _ = self.settled.subscribe().wait_for(|settled| *settled >= newest).await;
    }

    /// The number up to which all are written, or given up, as it grows.
    pub(super) fn progress(&self) -> watch::Receiver<u64> {
        self.settled.subscribe()
    }

    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_one();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    fn is_full(&self) -> bool {
        self.lock().waiting.len() >= self.capacity
    }

    /// Nothing that holds the lock can panic half-way.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
