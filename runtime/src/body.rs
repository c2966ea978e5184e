//! Bodies of requests and responses: whole, or piece by piece as they are asked for.

use std::fmt;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};

use crate::guest_error::GuestError;

/// A body that is not null.
#[derive(Debug)]
pub enum Body {
    /// All of it is here.
    Whole(Bytes),
    /// It is still being made.
    Stream(Chunks),
}

/// Produces the pieces.
type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, GuestError>> + Send>>;

/// The pieces of a body, none of them empty. An error is the last one: what came before is not all there was.
pub struct Chunks {
    /// Never locked: shared references to a body need only be `Sync`, which the mutex makes of a stream that is not.
    pieces: Mutex<Pieces>,
}

/// Why a body could not be read as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CollectError {
    /// It is larger than this many bytes.
    #[error("the body has more than {0} bytes")]
    TooLarge(usize),
    /// It broke off.
    #[error("the body broke off: {0}")]
    Broken(GuestError),
}

impl Body {
    /// The bytes, where all of them are here.
    pub fn whole(&self) -> Option<&Bytes> {
        match self {
            Self::Whole(bytes) => Some(bytes),
            Self::Stream(_) => None,
        }
    }

    /// Wait for all of it, at most `bytes_max`.
    ///
    /// # Errors
    /// [`CollectError`].
    pub async fn collect(self, bytes_max: usize) -> Result<Bytes, CollectError> {
        let mut chunks = match self {
            Self::Whole(bytes) if bytes.len() > bytes_max => return Err(CollectError::TooLarge(bytes_max)),
            Self::Whole(bytes) => return Ok(bytes),
            Self::Stream(chunks) => chunks,
        };
        let mut all = BytesMut::new();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(CollectError::Broken)?;
            if all.len() + chunk.len() > bytes_max {
                return Err(CollectError::TooLarge(bytes_max));
            }
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }
}

impl<B: Into<Bytes>> From<B> for Body {
    fn from(bytes: B) -> Self {
        Self::Whole(bytes.into())
    }
}

impl Chunks {
    /// From a stream of them.
    pub fn new(pieces: impl Stream<Item = Result<Bytes, GuestError>> + Send + 'static) -> Self {
        Self { pieces: Mutex::new(Box::pin(pieces)) }
    }
}

impl Stream for Chunks {
    type Item = Result<Bytes, GuestError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.pieces.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut().poll_next(cx)
    }
}

impl fmt::Debug for Chunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunks").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn chunks(parts: Vec<Result<&'static str, GuestError>>) -> Body {
        Body::Stream(Chunks::new(stream::iter(parts.into_iter().map(|part| part.map(Bytes::from)))))
    }

    #[tokio::test]
    async fn a_whole_body_up_to_the_bound() {
        assert_eq!(chunks(vec![Ok("ab"), Ok("cd")]).collect(4).await.unwrap(), "abcd");
        assert_eq!(chunks(vec![Ok("ab"), Ok("cd")]).collect(3).await, Err(CollectError::TooLarge(3)));
        assert_eq!(Body::from("abcd").collect(4).await.unwrap(), "abcd");
        assert_eq!(Body::from("abcd").collect(3).await, Err(CollectError::TooLarge(3)));
        let broken = GuestError::new("BODY_BROKEN", "x");
        let read = chunks(vec![Ok("ab"), Err(broken.clone())]).collect(9).await;
        assert_eq!(read, Err(CollectError::Broken(broken)));
    }
}
