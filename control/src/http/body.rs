//! A request's body: bounded in size by its announcement and by count, and in time by its pauses.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::Body;
use http_body_util::BodyExt;

use crate::error::{ApiError, ApiResult, Code};

/// A body that is read at most to its bound.
pub(crate) struct Bounded<B> {
    body: B,
    bytes_max: usize,
    idle: Duration,
}

impl<B> Bounded<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    pub(super) fn new(body: B, bytes_max: usize, idle: Duration) -> Self {
        Self { body, bytes_max, idle }
    }

    /// Read all of it.
    pub(super) async fn collect(mut self) -> ApiResult<Bytes> {
        if self.body.is_end_stream() {
            return Ok(Bytes::new());
        }
        let mut first = Bytes::new();
        let mut rest = BytesMut::new();
        while let Some(chunk) = self.next().await? {
            if first.len() + rest.len() + chunk.len() > self.bytes_max {
                return Err(too_large(self.bytes_max));
            }
            // Almost every body is one chunk, which needs no copy.
            if first.is_empty() && rest.is_empty() {
                first = chunk;
                continue;
            }
            rest.extend_from_slice(&std::mem::take(&mut first));
            rest.extend_from_slice(&chunk);
        }
        Ok(if rest.is_empty() { first } else { rest.freeze() })
    }

    async fn next(&mut self) -> ApiResult<Option<Bytes>> {
        loop {
            let frame = tokio::time::timeout(self.idle, self.body.frame()).await.map_err(|_| {
                ApiError::new(
                    Code::RequestTimeout,
                    format!("no byte of the body arrived for {} seconds", self.idle.as_secs()),
                )
            })?;
            match frame {
                None => return Ok(None),
                Some(Err(error)) => {
                    return Err(ApiError::invalid("", "the body ended before it was complete").because(error));
                }
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data()
                        && !data.is_empty()
                    {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }
}

/// Refuse a body by what it says of itself, before a byte of it is asked for.
pub(super) fn check_announced(headers: &HeaderMap, bytes_max: usize) -> ApiResult<()> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    match announced {
        Some(bytes) if bytes > bytes_max as u64 => Err(too_large(bytes_max)),
        _ => Ok(()),
    }
}

fn too_large(bytes_max: usize) -> ApiError {
    ApiError::new(Code::PayloadTooLarge, format!("the body may have {bytes_max} bytes at most"))
        .with_details(serde_json::json!({ "limit_bytes": bytes_max }))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;
    use http_body::Frame;
    use http_body_util::{Full, StreamBody};

    use super::*;

    fn chunks(parts: &'static [&'static str]) -> impl Body<Data = Bytes, Error = Infallible> + Unpin {
        StreamBody::new(stream::iter(
            parts.iter().map(|part| Ok::<_, Infallible>(Frame::data(Bytes::from_static(part.as_bytes())))),
        ))
    }

    async fn collect(parts: &'static [&'static str], max: usize) -> ApiResult<Bytes> {
        Bounded::new(chunks(parts), max, Duration::from_secs(1)).collect().await
    }

    #[tokio::test]
    async fn all_chunks_in_order_up_to_the_bound() {
        assert_eq!(collect(&["ab", "", "cd", "e"], 5).await.unwrap(), "abcde");
        assert_eq!(collect(&["abcde"], 5).await.unwrap(), "abcde");
        assert_eq!(collect(&[], 5).await.unwrap(), "");
        assert_eq!(collect(&["ab", "cd", "ef"], 5).await.unwrap_err().code(), Code::PayloadTooLarge);
        let full = Full::new(Bytes::from_static(b"123456"));
        let refused = Bounded::new(full, 5, Duration::from_secs(1)).collect().await;
        assert_eq!(refused.unwrap_err().code(), Code::PayloadTooLarge);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_longer_than_the_bound_ends_it() {
        let body = StreamBody::new(stream::pending::<Result<Frame<Bytes>, Infallible>>());
        let refused = Bounded::new(body, 5, Duration::from_secs(10)).collect().await;
        assert_eq!(refused.unwrap_err().code(), Code::RequestTimeout);
    }

    #[test]
    fn the_announcement_is_believed_when_it_is_too_much() {
        let mut headers = HeaderMap::new();
        assert!(check_announced(&headers, 10).is_ok());
        headers.insert(CONTENT_LENGTH, "10".parse().unwrap());
        assert!(check_announced(&headers, 10).is_ok());
        headers.insert(CONTENT_LENGTH, "11".parse().unwrap());
        assert_eq!(check_announced(&headers, 10).unwrap_err().code(), Code::PayloadTooLarge);
    }
}
