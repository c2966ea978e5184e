//! Bodies of requests: the bytes that a client means, checked while they arrive.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use http::HeaderValue;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, EXPECT, TRANSFER_ENCODING};
use http::request::Parts;
use http_body::Frame;
use http_body_util::StreamBody;
use ring::digest;
use s3s::{Body, S3Error, S3ErrorCode};

use super::error::Fault;
use crate::sigv4::{Payload, Trailers, refuse, signed_body};
use crate::{Bytestream, StorageError};

/// A body that is no object's, such as the list of an upload's parts.
const DOCUMENT_BYTES_MAX: usize = 8 << 20;
/// What is read of a body that is refused.
const DRAIN_BYTES_MAX: usize = 64 << 20;
const DRAIN_TIME_MAX: Duration = Duration::from_secs(5);

/// The bytes that a client means, checked while they arrive; `head` says of them what it would have said without chunks.
pub(super) fn payload_body(
    head: &mut Parts,
    payload: Payload,
    body: Bytestream,
    trailers: &Trailers,
) -> Result<Bytestream, S3Error> {
    head.headers.remove(EXPECT);
    head.headers.remove("x-amz-content-sha256");
    match payload {
        Payload::Unsigned => Ok(body),
        Payload::Sha256(wanted) => Ok(checked(body, wanted)),
        Payload::Chunked(chunking) => {
            let length = head.headers.remove("x-amz-decoded-content-length").ok_or_else(|| {
                refuse(S3ErrorCode::MissingContentLength, "x-amz-decoded-content-length is missing")
            })?;
            head.headers.insert(CONTENT_LENGTH, length);
            head.headers.remove(TRANSFER_ENCODING);
            let encodings =
                head.headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or("");
            let rest: Vec<&str> = encodings
                .split(',')
                .map(str::trim)
                .filter(|name| !matches!(*name, "" | "aws-chunked"))
                .collect();
            let rest = HeaderValue::try_from(rest.join(",")).ok().filter(|rest| !rest.is_empty());
            match rest {
                Some(rest) => drop(head.headers.insert(CONTENT_ENCODING, rest)),
                None => drop(head.headers.remove(CONTENT_ENCODING)),
            }
            Ok(signed_body(body, *chunking, trailers.clone()))
        }
    }
}

/// The same bytes, with an error at their end where they are not those that were signed.
fn checked(body: Bytestream, wanted: [u8; 32]) -> Bytestream {
    let hash = digest::Context::new(&digest::SHA256);
    Box::pin(stream::unfold(Some((body, hash)), move |state| async move {
        let (mut body, mut hash) = state?;
        match body.next().await {
            Some(Ok(bytes)) => {
                hash.update(&bytes);
                Some((Ok(bytes), Some((body, hash))))
            }
            Some(Err(error)) => Some((Err(error), None)),
            None if hash.finish().as_ref() == wanted => None,
            None => Some((Err(StorageError::Sha256), None)),
        }
    }))
}

/// What is left of a body that was not read to its end.
#[derive(Clone, Default)]
pub(super) struct Unread(Arc<Mutex<Option<Bytestream>>>);

impl Unread {
    /// Read it, within bounds, and forget it.
    pub(super) async fn drain(&self) {
        let left = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut body) = left else { return };
        let mut bytes = 0;
        let read = async {
            while let Some(Ok(piece)) = body.next().await {
                bytes += piece.len();
                if bytes > DRAIN_BYTES_MAX {
                    break;
                }
            }
        };
        // Whether it was enough does not matter: then the connection breaks.
        let _ = tokio::time::timeout(DRAIN_TIME_MAX, read).await;
    }
}

/// A body whose rest is left in `unread` when it is dropped before its end.
struct Reading {
    body: Option<Bytestream>,
    unread: Unread,
}

impl Drop for Reading {
    fn drop(&mut self) {
        let mut unread = self.unread.0.lock().unwrap_or_else(PoisonError::into_inner);
        *unread = self.body.take();
    }
}

/// A body that is passed on while it arrives.
pub(super) fn streamed(body: Bytestream, unread: Unread) -> Body {
    let reading = Reading { body: Some(body), unread };
    let frames = stream::unfold(reading, |mut reading| async move {
        let next = reading.body.as_mut()?.next().await;
        if !matches!(next, Some(Ok(_))) {
            reading.body = None;
        }
        Some((next?.map(Frame::data).map_err(Fault), reading))
    });
    Body::http_body_unsync(StreamBody::new(frames))
}

/// All of a document.
pub(super) async fn collected(mut body: Bytestream) -> Result<Bytes, StorageError> {
    let mut all = BytesMut::new();
    while let Some(bytes) = body.next().await {
        let bytes = bytes?;
        if all.len() + bytes.len() > DOCUMENT_BYTES_MAX {
            return Err(StorageError::TooLarge(DOCUMENT_BYTES_MAX as u64));
        }
        all.extend_from_slice(&bytes);
    }
    Ok(all.freeze())
}
