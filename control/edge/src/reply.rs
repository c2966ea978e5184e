//! A response on its way out: its body is here, or still being made.

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Either, Full, StreamBody};
use mayfly_runtime::providers::GuestError;
use mayfly_runtime::{Chunks, OnTheLine};

/// A response on its way out.
pub(crate) type Reply = http::Response<ReplyBody>;

/// Almost every body is here as a whole, and pays nothing for those that are not.
pub(crate) type ReplyBody = Either<Full<Bytes>, UnsyncBoxBody<Bytes, GuestError>>;

/// A response of status 200 with this body.
pub(super) fn whole(body: impl Into<Bytes>) -> Reply {
    Reply::new(Either::Left(Full::new(body.into())))
}

/// A response of status 200 whose body is made piece by piece, each as it is asked for, until the caller goes away.
pub(super) fn streamed(pieces: impl Stream<Item = Bytes> + Send + 'static) -> Reply {
    let frames = pieces.map(|piece| Ok(Frame::data(piece)));
    Reply::new(Either::Right(StreamBody::new(frames).boxed_unsync()))
}

/// A response of status 200 whose body a function makes. One that breaks off ends the connection, so that nobody takes
/// what there is for all of it; a caller who goes away before its end lets go of the line.
pub(super) fn of_function(chunks: Chunks, line: Option<OnTheLine>) -> Reply {
    let pieces = stream::unfold((chunks, line), |(mut chunks, line)| async move {
        match chunks.next().await {
            Some(piece) => Some((piece.map(Frame::data), (chunks, line))),
            None => {
                if let Some(line) = line {
                    line.served();
                }
                None
            }
        }
    });
    Reply::new(Either::Right(StreamBody::new(pieces).boxed_unsync()))
}
