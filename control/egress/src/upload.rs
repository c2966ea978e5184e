//! The body of a request, as it is sent.

use bytes::Bytes;
use futures_util::StreamExt;
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Either, Full, StreamBody};
use mayfly_runtime::providers::GuestError;
use mayfly_runtime::{Body, Chunks};

use super::failure::failed;

/// As the client sends it.
pub(super) type UploadBody = Either<Full<Bytes>, UnsyncBoxBody<Bytes, GuestError>>;

/// A body to send, and to send again after a redirect.
pub(super) enum Upload {
    Whole(Bytes),
    /// It is made while it is sent, so it is sent once.
    Stream(Option<Chunks>),
}

impl Upload {
    pub(super) fn new(body: Option<Body>) -> Self {
        match body {
            None => Self::Whole(Bytes::new()),
            Some(Body::Whole(bytes)) => Self::Whole(bytes),
            Some(Body::Stream(chunks)) => Self::Stream(Some(chunks)),
        }
    }

    /// The body of a request that has none.
    pub(super) fn none() -> UploadBody {
        Either::Left(Full::default())
    }

    /// The body for one more request.
    pub(super) fn again(&mut self) -> Result<UploadBody, GuestError> {
        match self {
            Self::Whole(bytes) => Ok(Either::Left(Full::new(bytes.clone()))),
            Self::Stream(chunks) => {
                let chunks = chunks
                    .take()
                    .ok_or_else(|| failed("a redirect asks for the body again, and that was a stream"))?;
                let frames = chunks.map(|piece| piece.map(Frame::data));
                Ok(Either::Right(StreamBody::new(frames).boxed_unsync()))
            }
        }
    }
}
