//! A body on its way out of the guest, piece by piece, no faster than it is taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use mayfly_abi::body::CHUNK_BYTES_MAX;
use mayfly_abi::frame::Malformed;
use tokio::sync::mpsc;

use super::operations::{Answer, Kind};
use super::submit::Begun;
use crate::body::Chunks;
use crate::providers::{BoxFuture, GuestError};

/// How long whoever reads may leave a piece lying before they count as gone.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// The guest's end. Dropped without a word it leaves a body that broke off.
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
        let reader = Reader { receiver, is_complete: Arc::clone(&is_complete), broken: Some(broken) };
        (Self { sender, is_complete }, Chunks::new(stream::unfold(reader, Reader::next)))
    }

    /// Sends one piece; the operation ends when there is room for the next.
    pub(crate) fn write(&self, piece: &[u8]) -> Begun {
        if piece.len() > CHUNK_BYTES_MAX {
            return Err(Malformed);
        }
        if piece.is_empty() {
            return Ok((Kind::Foreground, Box::pin(async { Ok(Vec::new()) })));
        }
        let (sender, piece) = (self.sender.clone(), Bytes::copy_from_slice(piece));
        Ok((Kind::Foreground, Box::pin(async move { write(sender, piece).await })))
    }

    /// That was all.
    pub(crate) fn complete(self) {
        self.is_complete.store(true, Ordering::Release);
    }
}

async fn write(sender: mpsc::Sender<Bytes>, piece: Bytes) -> Answer {
    match tokio::time::timeout(IDLE_TIMEOUT, sender.send(piece)).await {
        Ok(Ok(())) => Ok(Vec::new()),
        Ok(Err(_)) | Err(_) => Err(nobody_reads()),
    }
}

/// The operation of a guest that writes where nothing is open.
pub(crate) fn closed() -> (Kind, BoxFuture<'static, Answer>) {
    (Kind::Foreground, Box::pin(async { Err(nobody_reads()) }))
}

fn nobody_reads() -> GuestError {
    GuestError::new("CONNECTION_CLOSED", "whoever reads this body has gone away")
}

struct Reader {
    receiver: mpsc::Receiver<Bytes>,
    is_complete: Arc<AtomicBool>,
    /// Taken when it has been said.
    broken: Option<GuestError>,
}

impl Reader {
    async fn next(mut self) -> Option<(Result<Bytes, GuestError>, Self)> {
        match self.receiver.recv().await {
            Some(piece) => Some((Ok(piece), self)),
            None if self.is_complete.load(Ordering::Acquire) => None,
            None => {
                let broken = self.broken.take()?;
                // Whoever reads sends on what there was when they find nothing more: only then are they told.
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
