//! `Reply`: a response whose body is complete or still being produced.

use bytes::Bytes;
use futures_util::{FutureExt as _, Stream, StreamExt as _, stream};
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, StatusCode};
use http_body::{Body as _, Frame};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Either, Full, StreamBody};
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_ledger::{Account, held_bytes};
use mayfly_runtime::providers::GuestError;
use mayfly_runtime::{Chunks, DisconnectGuard};
use serde::Serialize;

/// How long a request took, for callers who may know.
pub(crate) const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Bodies from this length on are counted: more than a connection's buffers take at once.
const HELD_BYTES_MIN: u64 = 64 << 10;

/// A response to send.
pub(crate) type Reply = http::Response<ReplyBody>;

/// Almost every body is here as a whole, and pays nothing for those that are not.
pub(crate) type ReplyBody = Either<Full<Bytes>, UnsyncBoxBody<Bytes, GuestError>>;

/// A response of status 200 with this body.
pub(super) fn whole(body: impl Into<Bytes>) -> Reply {
    Reply::new(Either::Left(Full::new(body.into())))
}

/// The same response; a long body is taken from `account` as long as its client reads it.
pub(super) fn held(reply: Reply, account: &Account) -> ApiResult<Reply> {
    let (head, body) = reply.into_parts();
    let body = match body {
        Either::Left(body) if body.size_hint().lower() >= HELD_BYTES_MIN => {
            // All of it is here.
            let bytes = body.collect().now_or_never().and_then(Result::ok).unwrap_or_default().to_bytes();
            let held = account.take(bytes.len())?;
            Either::Left(Full::new(held_bytes(bytes, held)))
        }
        body => body,
    };
    Ok(Reply::from_parts(head, body))
}

/// A JSON response of this status.
pub(super) fn json(status: StatusCode, body: impl Into<Bytes>) -> Reply {
    let mut reply = whole(body);
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply
}

/// A response of this status with a value as JSON.
pub(super) fn of<T: Serialize>(status: StatusCode, value: &T) -> ApiResult<Reply> {
    Ok(json(status, serde_json::to_vec(value).map_err(ApiError::internal)?))
}

/// A response of status 200 whose body is produced piece by piece, each on demand, until the caller disconnects.
pub(super) fn streamed(pieces: impl Stream<Item = Bytes> + Send + 'static) -> Reply {
    let frames = pieces.map(|piece| Ok(Frame::data(piece)));
    Reply::new(Either::Right(StreamBody::new(frames).boxed_unsync()))
}

/// A response of status 200 whose body a function makes. One that breaks off ends the connection, so that no client
/// takes what there is for all of it; a client that disconnects before its end drops the guard.
pub(super) fn of_function(chunks: Chunks, guard: Option<DisconnectGuard>) -> Reply {
    let pieces = stream::unfold((chunks, guard), |(mut chunks, guard)| async move {
        match chunks.next().await {
            Some(piece) => Some((piece.map(Frame::data), (chunks, guard))),
            None => {
                if let Some(guard) = guard {
                    guard.served();
                }
                None
            }
        }
    });
    Reply::new(Either::Right(StreamBody::new(pieces).boxed_unsync()))
}
