//! `Outbox`: what a socket's client has yet to get. Bounded: a client that does not read is closed, not waited for.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mayfly_api::realtime::{SocketClose, SocketMessage, close_code};
use tokio::sync::Notify;

/// Messages and bytes that may wait.
const MESSAGES_MAX: usize = 1_024;
const BYTES_MAX: usize = 2 << 20;
/// What many messages at once leave for others.
const MESSAGES_SPARE: usize = 64;
const BYTES_SPARE: usize = 128 << 10;

/// The queue of one socket.
#[derive(Debug, Default)]
pub struct Outbox {
    queue: Mutex<Queue>,
    filled: Notify,
    overflow: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    messages: VecDeque<SocketMessage>,
    bytes: usize,
    is_closed: bool,
    has_overflowed: bool,
}

impl Outbox {
    /// Append a message. `false`: the socket is closed, or is from now on, since it has too many waiting.
    pub fn send(&self, message: SocketMessage) -> bool {
        let bytes = match &message {
            SocketMessage::Text(bytes) | SocketMessage::Binary(bytes) => bytes.len(),
            SocketMessage::Close(close) => {
                self.close(close.clone());
                return false;
            }
        };
        let mut queue = self.lock();
        if queue.is_closed {
            return false;
        }
        if queue.messages.len() >= MESSAGES_MAX || queue.bytes + bytes > BYTES_MAX {
            let dropped = queue.messages.len() + 1;
            queue.messages.clear();
            let reason = format!("the client reads too slowly: {dropped} messages were dropped");
            queue
                .messages
                .push_back(SocketMessage::Close(SocketClose::new(close_code::SLOW_READER, &reason)));
            (queue.is_closed, queue.has_overflowed) = (true, true);
            drop(queue);
            self.overflow.notify_one();
            self.filled.notify_one();
            return false;
        }
        queue.bytes += bytes;
        queue.messages.push_back(message);
        drop(queue);
        self.filled.notify_one();
        true
    }

    /// Whether that many messages can be appended at once, with room left for others.
    pub fn has_room(&self, messages: usize, bytes: usize) -> bool {
        let queue = self.lock();
        queue.messages.len() + messages + MESSAGES_SPARE <= MESSAGES_MAX
            && queue.bytes + bytes + BYTES_SPARE <= BYTES_MAX
    }

    /// Close the socket after what waits. The first one to close it says why.
    pub fn close(&self, close: SocketClose) {
        let mut queue = self.lock();
        if queue.is_closed {
            return;
        }
        queue.is_closed = true;
        queue.messages.push_back(SocketMessage::Close(close));
        drop(queue);
        self.filled.notify_one();
    }

    /// The next message, as soon as there is one. For one reader; dropped before its end, it has taken nothing.
    pub async fn next(&self) -> SocketMessage {
        loop {
            {
                let mut queue = self.lock();
                if let Some(message) = queue.messages.pop_front() {
                    if let SocketMessage::Text(bytes) | SocketMessage::Binary(bytes) = &message {
                        queue.bytes = queue.bytes.saturating_sub(bytes.len());
                    }
                    return message;
                }
            }
            self.filled.notified().await;
        }
    }

    /// Ends when more came than could wait.
    pub async fn overflowed(&self) {
        loop {
            if self.lock().has_overflowed {
                return;
            }
            self.overflow.notified().await;
        }
    }

    /// Whether it takes nothing any more.
    pub fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn text(bytes: usize) -> SocketMessage {
        SocketMessage::Text(Bytes::from(vec![b'x'; bytes]))
    }

    #[tokio::test]
    async fn messages_come_in_order_and_the_close_last() {
        let outbox = Outbox::default();
        assert!(outbox.send(text(1)) && outbox.send(text(2)));
        outbox.close(SocketClose::new(1012, "restart"));
        outbox.close(SocketClose::new(1008, "later"));
        assert!(!outbox.send(text(3)));
        assert_eq!(outbox.next().await, text(1));
        assert_eq!(outbox.next().await, text(2));
        assert_eq!(outbox.next().await, SocketMessage::Close(SocketClose::new(1012, "restart")));
    }

    #[tokio::test]
    async fn what_is_beyond_the_bound_closes_it() {
        for (count, bytes) in [(MESSAGES_MAX, 1), (2, BYTES_MAX / 2)] {
            let outbox = Outbox::default();
            for _ in 0..count {
                assert!(outbox.send(text(bytes)));
            }
            assert!(!outbox.send(text(1)));
            outbox.overflowed().await;
            let SocketMessage::Close(close) = outbox.next().await else { panic!("a close") };
            assert_eq!(close.code, close_code::SLOW_READER);
            assert!(close.reason.contains(&format!("{} messages", count + 1)), "{}", close.reason);
        }
    }

    #[test]
    fn many_at_once_leave_room_for_others() {
        let outbox = Outbox::default();
        assert!(outbox.has_room(MESSAGES_MAX - MESSAGES_SPARE, BYTES_MAX - BYTES_SPARE));
        assert!(!outbox.has_room(MESSAGES_MAX - MESSAGES_SPARE + 1, 1));
        assert!(outbox.send(text(1)));
        assert!(!outbox.has_room(1, BYTES_MAX - BYTES_SPARE));
    }

    #[tokio::test]
    async fn room_comes_back_as_messages_are_taken() {
        let outbox = Outbox::default();
        for _ in 0..3 * MESSAGES_MAX {
            assert!(outbox.send(text(BYTES_MAX / 2)));
            outbox.next().await;
        }
    }
}
