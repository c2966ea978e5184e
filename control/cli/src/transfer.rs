//! Files to and from presigned URLs: streamed, so that they may be of any size.

use std::io;

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{Method, Request};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Bytes read at once.
const BLOCK: usize = 256 << 10;
/// Bytes of an answer that explains itself.
const REASON_BYTES_MAX: usize = 64 << 10;

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Sends and receives files.
pub(crate) struct Transfer(HyperClient<HttpsConnector<HttpConnector>, Body>);

/// Why a file was not transferred.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransferError {
    /// The file.
    #[error("{0}")]
    File(#[from] io::Error),
    /// The connection, or the URL.
    #[error("{0}")]
    Exchange(String),
    /// The server said no.
    #[error("{1}")]
    Refused(u16, String),
}

impl Transfer {
    pub(crate) fn new() -> Result<Self, TransferError> {
        let provider = rustls::crypto::ring::default_provider();
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(provider)
            .map_err(|error| TransferError::Exchange(error.to_string()))?
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Self(HyperClient::builder(TokioExecutor::new()).build(connector)))
    }

    /// Upload a file.
    pub(crate) async fn put(&self, url: &str, file: File, content_type: &str) -> Result<u64, TransferError> {
        let bytes = file.metadata().await?.len();
        let request = Request::builder()
            .method(Method::PUT)
            .uri(url)
            .header(CONTENT_LENGTH, bytes)
            .header(CONTENT_TYPE, content_type)
            .body(blocks(file))
            .map_err(|error| TransferError::Exchange(error.to_string()))?;
        self.send(request).await?;
        Ok(bytes)
    }

    /// Download into this.
    pub(crate) async fn get(
        &self,
        url: &str,
        mut target: impl AsyncWrite + Unpin,
    ) -> Result<u64, TransferError> {
        let mut body = self.send(empty(Method::GET, url)?).await?.into_body();
        let mut bytes = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| TransferError::Exchange(error.to_string()))?;
            if let Ok(data) = frame.into_data() {
                bytes += data.len() as u64;
                target.write_all(&data).await?;
            }
        }
        target.flush().await?;
        Ok(bytes)
    }

    /// Ask a URL to delete its object.
    pub(crate) async fn delete(&self, url: &str) -> Result<(), TransferError> {
        self.send(empty(Method::DELETE, url)?).await.map(drop)
    }

    async fn send(&self, request: Request<Body>) -> Result<http::Response<Incoming>, TransferError> {
        let answer = self.0.request(request).await;
        let answer = answer.map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            TransferError::Exchange(cause.unwrap_or_else(|| error.to_string()))
        })?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status().as_u16();
        let text = Limited::new(answer.into_body(), REASON_BYTES_MAX).collect().await;
        let text =
            text.map(|body| String::from_utf8_lossy(&body.to_bytes()).into_owned()).unwrap_or_default();
        Err(TransferError::Refused(status, reason(&text).unwrap_or(format!("the server answered {status}"))))
    }
}

fn empty(method: Method, url: &str) -> Result<Request<Body>, TransferError> {
    let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
    Request::builder()
        .method(method)
        .uri(url)
        .body(body)
        .map_err(|error| TransferError::Exchange(error.to_string()))
}

fn blocks(file: impl AsyncRead + Send + Unpin + 'static) -> Body {
    let blocks = stream::try_unfold(file, |mut file| async move {
        let mut block = BytesMut::with_capacity(BLOCK);
        let read = file.read_buf(&mut block).await?;
        Ok((read > 0).then(|| (Frame::data(block.freeze()), file)))
    });
    StreamBody::new(blocks).boxed_unsync()
}

/// S3's code and message.
fn reason(text: &str) -> Option<String> {
    let within = |tag: &str| {
        let (_, rest) = text.split_once(&format!("<{tag}>"))?;
        Some(rest.split_once(&format!("</{tag}>"))?.0.to_owned())
    };
    Some(format!("{}: {}", within("Code")?, within("Message")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_s3_is_told_in_its_words() {
        let text =
            "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>there is none</Message></Error>";
        assert_eq!(reason(text).as_deref(), Some("NoSuchKey: there is none"));
        assert_eq!(reason("oops"), None);
    }
}
