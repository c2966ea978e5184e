//! The response to a request: its head, and its body decompressed; whole where it is small, else streamed as it is
//! read.

mod brotli;

use std::io;
use std::pin::Pin;
use std::time::Duration;

use async_compression::tokio::bufread::{GzipDecoder, ZlibDecoder};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, Response};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use mayfly_ledger::{Account, Held};
use mayfly_runtime::providers::{FetchResponse, GuestError};
use mayfly_runtime::{Body, Chunks};
use tokio::io::{AsyncBufRead, AsyncRead};
use tokio_util::io::{ReaderStream, StreamReader};
use url::Url;

use super::failure::failed;
use super::headers;
use super::limits::FetchLimits;

/// The longest pause within a body.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);
/// A body whose announced length is at most this is read with its head.
const WHOLE_BYTES_MAX: u64 = 64 << 10;
/// Bytes decompressed at a time: a decompression bomb is met chunk by chunk, like any other body.
const CHUNK_BYTES: usize = 64 << 10;

/// What an open body counts in the ledger beside a large window: buffers of the connection and of the decoder.
const OPEN_BODY_BYTES: usize = 128 << 10;

type ByteStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Gzip,
    Deflate,
    Brotli,
}

/// Makes the guest's response of what was received.
pub(super) async fn read(
    received: Response<Incoming>,
    url: &Url,
    redirected: bool,
    FetchLimits { account, body_bytes_max: bytes_max, .. }: FetchLimits<'_>,
) -> Result<FetchResponse, GuestError> {
    let (head, body) = received.into_parts();
    let encoding = encoding(&head.headers);
    let announced = body.size_hint().exact();
    if encoding.is_none() && announced.is_some_and(|bytes| bytes > bytes_max) {
        return Err(too_long(bytes_max));
    }
    let is_small = encoding.is_none() && announced.is_some_and(|bytes| bytes <= WHOLE_BYTES_MAX);
    let open = account.take(OPEN_BODY_BYTES).map_err(GuestError::no_memory)?;
    let plain = decompressed(arriving(body), encoding, account);
    let chunks = bounded(holding(plain, open), bytes_max);
    let mut url = url.clone();
    url.set_fragment(None);
    let body = if is_small { Body::from(whole(chunks).await?) } else { Body::Stream(Chunks::new(chunks)) };
    Ok(FetchResponse {
        status: head.status.as_u16(),
        status_text: head.status.canonical_reason().unwrap_or_default().to_owned(),
        url: url.as_str().to_owned(),
        redirected,
        headers: headers::incoming(&head.headers, encoding.is_some()),
        body,
    })
}

/// How the body is compressed, when it is in one of the ways that were asked for.
fn encoding(headers: &HeaderMap) -> Option<Encoding> {
    let said = headers.get(CONTENT_ENCODING)?.to_str().ok()?.trim();
    let is = |name: &str| said.eq_ignore_ascii_case(name);
    if is("gzip") || is("x-gzip") {
        Some(Encoding::Gzip)
    } else if is("deflate") {
        Some(Encoding::Deflate)
    } else if is("br") {
        Some(Encoding::Brotli)
    } else {
        None
    }
}

/// The body's bytes as they come from the wire.
fn arriving(body: Incoming) -> ByteStream {
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

fn decompressed(compressed: ByteStream, encoding: Option<Encoding>, account: &Account) -> ByteStream {
    match encoding {
        None => compressed,
        Some(Encoding::Gzip) => chunks_of(gzip(StreamReader::new(compressed))),
        Some(Encoding::Deflate) => chunks_of(ZlibDecoder::new(StreamReader::new(compressed))),
        Some(Encoding::Brotli) => brotli::decompressed(compressed, account.clone()),
    }
}

fn chunks_of(plain: impl AsyncRead + Send + 'static) -> ByteStream {
    Box::pin(ReaderStream::with_capacity(plain, CHUNK_BYTES))
}

/// The same stream; what was taken for it goes back with it.
fn holding(stream: ByteStream, held: Held) -> ByteStream {
    Box::pin(stream.inspect(move |_| {
        let _kept = &held;
    }))
}

/// A gzip body may have several members in a row.
fn gzip<R: AsyncBufRead>(compressed: R) -> GzipDecoder<R> {
    let mut decoder = GzipDecoder::new(compressed);
    decoder.multiple_members(true);
    decoder
}

/// The chunks up to the limit, and errors in words for the function's author.
fn bounded(chunks_in: ByteStream, bytes_max: u64) -> impl Stream<Item = Result<Bytes, GuestError>> + Send {
    stream::unfold((chunks_in, Some(bytes_max)), move |(mut chunks_in, left)| async move {
        let left = left?;
        match chunks_in.next().await? {
            Err(error) => {
                // The decoder's own messages are not for the function's author.
                let known = ["broke off", "stopped arriving", brotli::NO_MEMORY];
                let said = error.to_string();
                let why = known.into_iter().find(|known| said == *known).unwrap_or("cannot be decompressed");
                Some((Err(failed(format_args!("the answer's body {why}"))), (chunks_in, None)))
            }
            Ok(chunk) => match left.checked_sub(chunk.len() as u64) {
                None => Some((Err(too_long(bytes_max)), (chunks_in, None))),
                left => Some((Ok(chunk), (chunks_in, left))),
            },
        }
    })
}

async fn whole(chunks: impl Stream<Item = Result<Bytes, GuestError>>) -> Result<Bytes, GuestError> {
    let mut chunks = std::pin::pin!(chunks);
    let mut all = BytesMut::new();
    while let Some(chunk) = chunks.next().await {
        all.extend_from_slice(&chunk?);
    }
    Ok(all.freeze())
}

fn too_long(bytes_max: u64) -> GuestError {
    failed(format_args!("the answer's body has more than {bytes_max} bytes"))
}
