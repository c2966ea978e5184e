//! A connection whose client has to read: what waits to be written leaves at a least rate, or the connection ends.
//!
//! Without it, a client that asks for much and reads nothing makes the server hold the answer for as long as it likes.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// What a client has to take of an answer that waits for it within the time, in bytes.
const LEAST_BYTES: usize = 64 << 10;

pin_project! {
    /// The connection.
    #[derive(Debug)]
    pub(crate) struct Paced<T> {
        #[pin]
        inner: T,
        within: Duration,
        // Runs while a write waits: how much has left since it was set.
        waiting: Option<Waiting>,
    }
}

#[derive(Debug)]
struct Waiting {
    until: Pin<Box<Sleep>>,
    written: usize,
}

impl<T> Paced<T> {
    /// `inner`, which has to take 64 KiB within this time while there is as much.
    pub(crate) fn new(inner: T, within: Duration) -> Self {
        Self { inner, within, waiting: None }
    }
}

/// What a write came to, once the clock was looked at.
fn paced(
    waiting: &mut Option<Waiting>,
    within: Duration,
    cx: &mut Context<'_>,
    written: Poll<io::Result<usize>>,
) -> Poll<io::Result<usize>> {
    match written {
        Poll::Ready(Ok(bytes)) => {
            // Written in part or in full: only one that waits has a clock, and enough of it starts that again.
            if let Some(since) = waiting {
                since.written += bytes;
                if since.written >= LEAST_BYTES {
                    *waiting = None;
                }
            }
            Poll::Ready(Ok(bytes))
        }
        Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        Poll::Pending => {
            let since = waiting.get_or_insert_with(|| Waiting {
                until: Box::pin(sleep_until(Instant::now() + within)),
                written: 0,
            });
            ready!(since.until.as_mut().poll(cx));
            Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read its answer")))
        }
    }
}

impl<T: AsyncWrite> AsyncWrite for Paced<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.project();
        let written = this.inner.poll_write(cx, bytes);
        paced(this.waiting, *this.within, cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.project();
        let written = this.inner.poll_write_vectored(cx, parts);
        paced(this.waiting, *this.within, cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.project();
        let flushed = ready!(this.inner.poll_flush(cx));
        // All has left: a client that was slow with one answer begins the next with all of its time.
        *this.waiting = None;
        Poll::Ready(flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_shutdown(cx)
    }
}

impl<T: AsyncRead> AsyncRead for Paced<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_read(cx, into)
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test spawns by itself")]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const WITHIN: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn one_who_does_not_read_is_given_up() {
        let (server, client) = duplex(1_024);
        let begun = Instant::now();
        let error = Paced::new(server, WITHIN).write_all(&[0; 4_096]).await.unwrap_err();
        assert_eq!((error.kind(), begun.elapsed().as_secs()), (io::ErrorKind::TimedOut, 30));
        drop(client);
    }

    #[tokio::test(start_paused = true)]
    async fn one_who_reads_a_byte_now_and_then_is_given_up_too() {
        let (server, mut client) = duplex(1_024);
        let reader = tokio::spawn(async move {
            let mut byte = [0; 1];
            while client.read_exact(&mut byte).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        let begun = Instant::now();
        let error = Paced::new(server, WITHIN).write_all(&[0; 4_096]).await.unwrap_err();
        assert_eq!((error.kind(), begun.elapsed().as_secs()), (io::ErrorKind::TimedOut, 30));
        reader.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn one_who_reads_slowly_gets_all() {
        let (server, mut client) = duplex(64 << 10);
        let reader = tokio::spawn(async move {
            let (mut piece, mut read) = (vec![0; 64 << 10], 0);
            while let Ok(bytes @ 1..) = client.read(&mut piece).await {
                read += bytes;
                tokio::time::sleep(Duration::from_secs(20)).await;
            }
            read
        });
        let mut server = Paced::new(server, WITHIN);
        server.write_all(&vec![0; 1 << 20]).await.unwrap();
        server.flush().await.unwrap();
        drop(server);
        assert_eq!(reader.await.unwrap(), 1 << 20);
    }
}
