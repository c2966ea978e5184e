//! A response on its way out: its body is here, or still being made.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Either, Full, StreamBody};

/// A response on its way out.
pub(crate) type Reply = http::Response<ReplyBody>;

/// Almost every body is here as a whole, and pays nothing for those that are not.
pub(crate) type ReplyBody = Either<Full<Bytes>, UnsyncBoxBody<Bytes, Infallible>>;

/// A response of status 200 with this body.
pub(super) fn whole(body: impl Into<Bytes>) -> Reply {
    Reply::new(Either::Left(Full::new(body.into())))
}

/// A response of status 200 whose body is made piece by piece, each as it is asked for, until the caller goes away.
pub(super) fn streamed(pieces: impl Stream<Item = Bytes> + Send + 'static) -> Reply {
    let frames = pieces.map(|piece| Ok::<_, Infallible>(Frame::data(piece)));
    Reply::new(Either::Right(StreamBody::new(frames).boxed_unsync()))
}
