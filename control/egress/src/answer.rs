//! The answer to a request: its head, and its body unpacked, whole where it is small, else piece by piece as it is read.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, Response};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use mayfly_runtime::providers::{FetchResponse, GuestError};
use mayfly_runtime::{Body, Chunks};
use tokio::io::AsyncBufRead;
use tokio_util::io::{ReaderStream, StreamReader};
use url::Url;

use super::{failed, headers};

/// The longest pause within a body.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);
/// A body that says it is no longer than this comes along with its head.
const WHOLE_BYTES_MAX: u64 = 64 << 10;
/// What is unpacked at a time: a bomb is met piece by piece, like any other body.
const PIECE_BYTES: usize = 64 << 10;

type Pieces = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Gzip,
    Deflate,
    Brotli,
}

/// Make the guest's answer of what came.
pub(super) async fn read(
    answer: Response<Incoming>,
    url: &Url,
    redirected: bool,
    bytes_max: u64,
) -> Result<FetchResponse, GuestError> {
    let (head, body) = answer.into_parts();
    let packing = packing(&head.headers);
    let announced = body.size_hint().exact();
    if packing.is_none() && announced.is_some_and(|bytes| bytes > bytes_max) {
        return Err(too_long(bytes_max));
    }
    let is_small = packing.is_none() && announced.is_some_and(|bytes| bytes <= WHOLE_BYTES_MAX);
    let chunks = bounded(unpacked(arriving(body), packing), bytes_max);
    let mut url = url.clone();
    url.set_fragment(None);
    let body = if is_small { Body::from(whole(chunks).await?) } else { Body::Stream(Chunks::new(chunks)) };
    Ok(FetchResponse {
        status: head.status.as_u16(),
        status_text: head.status.canonical_reason().unwrap_or_default().to_owned(),
        url: url.as_str().to_owned(),
        redirected,
        headers: headers::incoming(&head.headers, packing.is_some()),
        body,
    })
}

/// How the body is packed, when it is in one of the ways that were asked for.
fn packing(headers: &HeaderMap) -> Option<Packing> {
    let said = headers.get(CONTENT_ENCODING)?.to_str().ok()?.trim();
    let is = |name: &str| said.eq_ignore_ascii_case(name);
    if is("gzip") || is("x-gzip") {
        Some(Packing::Gzip)
    } else if is("deflate") {
        Some(Packing::Deflate)
    } else if is("br") {
        Some(Packing::Brotli)
    } else {
        None
    }
}

/// The body's bytes as they come from the wire.
fn arriving(body: Incoming) -> Pieces {
    Box::pin(stream::unfold(Some(body), |state| async move {
        let mut body = state?;
        loop {
            let frame = match tokio::time::timeout(IDLE_TIMEOUT, body.frame()).await {
                Err(_) => return Some((Err(io::Error::other("stopped arriving")), None)),
                Ok(None) => return None,
                Ok(Some(Err(_))) => return Some((Err(io::Error::other("broke off")), None)),
                Ok(Some(Ok(frame))) => frame,
            };
            if let Ok(data) = frame.into_data()
                && !data.is_empty()
            {
                return Some((Ok(data), Some(body)));
            }
        }
    }))
}

fn unpacked(packed: Pieces, packing: Option<Packing>) -> Pieces {
    let Some(packing) = packing else { return packed };
    let packed = StreamReader::new(packed);
    let plain: Pin<Box<dyn tokio::io::AsyncRead + Send>> = match packing {
        Packing::Gzip => Box::pin(gzip(packed)),
        Packing::Deflate => Box::pin(ZlibDecoder::new(packed)),
        Packing::Brotli => Box::pin(BrotliDecoder::new(packed)),
    };
    Box::pin(ReaderStream::with_capacity(plain, PIECE_BYTES))
}

/// A file of gzip may be several in a row.
fn gzip<R: AsyncBufRead>(packed: R) -> GzipDecoder<R> {
    let mut decoder = GzipDecoder::new(packed);
    decoder.multiple_members(true);
    decoder
}

/// The pieces up to the bound, and errors in words for the function's author.
fn bounded(pieces: Pieces, bytes_max: u64) -> impl Stream<Item = Result<Bytes, GuestError>> + Send {
    stream::unfold((pieces, Some(bytes_max)), move |(mut pieces, left)| async move {
        let left = left?;
        match pieces.next().await? {
            Err(error) => {
                // What unpacking says of itself is for its authors.
                let known = ["broke off", "stopped arriving"];
                let said = error.to_string();
                let why = known.into_iter().find(|known| said == *known).unwrap_or("cannot be unpacked");
                Some((Err(failed(format_args!("the answer's body {why}"))), (pieces, None)))
            }
            Ok(piece) => match left.checked_sub(piece.len() as u64) {
                None => Some((Err(too_long(bytes_max)), (pieces, None))),
                left => Some((Ok(piece), (pieces, left))),
            },
        }
    })
}

async fn whole(chunks: impl Stream<Item = Result<Bytes, GuestError>>) -> Result<Bytes, GuestError> {
    let mut chunks = std::pin::pin!(chunks);
    let mut all = BytesMut::new();
    while let Some(piece) = chunks.next().await {
        all.extend_from_slice(&piece?);
    }
    Ok(all.freeze())
}

fn too_long(bytes_max: u64) -> GuestError {
    failed(format_args!("the answer's body has more than {bytes_max} bytes"))
}
