//! A body that the guest streams out, with backpressure: a chunk is taken when the one before was read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use mayfly_abi::body::CHUNK_BYTES_MAX;
use mayfly_abi::frame::Malformed;
use tokio::sync::mpsc;

use super::operations::{Answer, OperationKind, Started};
use crate::body::Chunks;
use crate::guest_error::GuestError;
use crate::providers::BoxFuture;

/// How long the reader may leave a chunk unread before it counts as gone.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// The guest's end. Dropped before [`complete`](Self::complete), it leaves a body that broke off.
#[derive(Debug)]
pub(crate) struct Outgoing {
    sender: mpsc::Sender<Bytes>,
    is_complete: Arc<AtomicBool>,
}

impl Outgoing {
    /// Both ends; `broken` is what the reader is told of a body that breaks off.
    pub(crate) fn open(broken: GuestError) -> (Self, Chunks) {
        let (sender, receiver) = mpsc::channel(1);
        let is_complete = Arc::new(AtomicBool::new(false));
        let reader = ChunkReader { receiver, is_complete: Arc::clone(&is_complete), broken: Some(broken) };
        (Self { sender, is_complete }, Chunks::new(stream::unfold(reader, ChunkReader::next)))
    }

    /// Sends one piece; the operation ends when there is room for the next.
    pub(crate) fn write(&self, piece: &[u8]) -> Started {
        if piece.len() > CHUNK_BYTES_MAX {
            return Err(Malformed);
        }
        if piece.is_empty() {
            return Ok((OperationKind::Foreground, Box::pin(async { Ok(Vec::new()) })));
        }
        let (sender, piece) = (self.sender.clone(), Bytes::copy_from_slice(piece));
        Ok((OperationKind::Foreground, Box::pin(async move { write(sender, piece).await })))
    }

    /// The body is complete.
    pub(crate) fn complete(self) {
        self.is_complete.store(true, Ordering::Release);
    }
}

async fn write(sender: mpsc::Sender<Bytes>, piece: Bytes) -> Answer {
    match tokio::time::timeout(IDLE_TIMEOUT, sender.send(piece)).await {
        Ok(Ok(())) => Ok(Vec::new()),
        Ok(Err(_)) | Err(_) => Err(reader_is_gone()),
    }
}

/// The operation of a guest that writes where nothing is open.
pub(crate) fn closed() -> (OperationKind, BoxFuture<'static, Answer>) {
    (OperationKind::Foreground, Box::pin(async { Err(reader_is_gone()) }))
}

fn reader_is_gone() -> GuestError {
    GuestError::new("CONNECTION_CLOSED", "the reader of this body has closed the connection")
}

struct ChunkReader {
    receiver: mpsc::Receiver<Bytes>,
    is_complete: Arc<AtomicBool>,
    /// Taken when it has been reported.
    broken: Option<GuestError>,
}

impl ChunkReader {
    async fn next(mut self) -> Option<(Result<Bytes, GuestError>, Self)> {
        match self.receiver.recv().await {
            Some(piece) => Some((Ok(piece), self)),
            None if self.is_complete.load(Ordering::Acquire) => None,
            None => {
                let broken = self.broken.take()?;
                // A reader flushes what it has when nothing more is ready: only then is it told of the error.
                tokio::task::yield_now().await;
                Some((Err(broken), self))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;

    use super::*;

    fn broken() -> GuestError {
        GuestError::new("BODY_BROKEN", "it broke off")
    }

    async fn written(outgoing: &Outgoing, piece: &'static [u8]) -> Answer {
        outgoing.write(piece).unwrap().1.await
    }

    #[tokio::test]
    async fn pieces_arrive_in_order_and_the_end_is_said() {
        let (outgoing, mut chunks) = Outgoing::open(broken());
        assert_eq!(written(&outgoing, b"a").await, Ok(Vec::new()));
        let second = tokio::spawn(outgoing.write(b"b").unwrap().1);
        assert_eq!(chunks.next().await, Some(Ok("a".into())));
        assert_eq!(second.await.unwrap(), Ok(Vec::new()));
        outgoing.complete();
        assert_eq!(chunks.next().await, Some(Ok("b".into())));
        assert_eq!(chunks.next().await, None);
    }

    #[tokio::test]
    async fn a_body_that_is_dropped_broke_off() {
        let (outgoing, mut chunks) = Outgoing::open(broken());
        drop(outgoing);
        assert_eq!(chunks.next().await, Some(Err(broken())));
        assert_eq!(chunks.next().await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_who_is_gone_or_sleeps_ends_the_writing() {
        let (outgoing, chunks) = Outgoing::open(broken());
        written(&outgoing, b"a").await.unwrap();
        assert_eq!(written(&outgoing, b"b").await.unwrap_err().code, "CONNECTION_CLOSED");
        drop(chunks);
        assert_eq!(written(&outgoing, b"c").await.unwrap_err().code, "CONNECTION_CLOSED");
        static TOO_LONG: [u8; CHUNK_BYTES_MAX + 1] = [0; CHUNK_BYTES_MAX + 1];
        assert!(outgoing.write(&TOO_LONG).is_err());
    }
}
