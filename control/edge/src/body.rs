//! A request's body: bounded in size by its announcement and by count, and in time by its pauses.

mod pace;

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::Body;
use http_body_util::BodyExt;
use mayfly_ledger::{Account, Held, held_bytes};
use mayfly_runtime::Chunks;
use mayfly_runtime::providers::GuestError;
use tokio::time::Instant;

use mayfly_api::error::{ApiError, ApiResult, Code};

use pace::Pace;

/// Of a body that a function gets while it arrives: so much has to be here before the function takes room.
const AHEAD_BYTES: usize = 64 << 10;
/// Or so much time has passed, where the body does not say how long it is: it may be a conversation.
const AHEAD_TIME: Duration = Duration::from_millis(250);

/// A body that is read at most to its bound.
pub(crate) struct Bounded<B> {
    body: B,
    bytes_left: u64,
    bytes_max: u64,
    idle: Duration,
}

impl<B> Bounded<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    pub(super) fn new(body: B, bytes_max: u64, idle: Duration) -> Self {
        Self { body, bytes_left: bytes_max, bytes_max, idle }
    }

    /// Read all of it, at most `bytes_max`; what is held of it is taken from `account`.
    pub(super) async fn collect(mut self, bytes_max: usize, account: &Account) -> ApiResult<Bytes> {
        let bound = self.bytes_max.min(bytes_max as u64);
        (self.bytes_left, self.bytes_max) = (bound, bound);
        if self.body.size_hint().lower() > bound {
            return Err(too_large(bound));
        }
        let mut ahead = Ahead::of(account);
        let mut pace = Pace::default();
        while !self.body.is_end_stream()
            && let Some(chunk) = pace.within(self.next()).await?
        {
            ahead.push(chunk)?;
        }
        Ok(ahead.finish())
    }

    /// Read its beginning: what there is of it, and the rest where that was not all.
    pub(super) async fn begin(mut self, account: &Account) -> ApiResult<(Bytes, Option<Chunks>)>
    where
        B: Send + 'static,
    {
        let is_announced = self.body.size_hint().exact().is_some();
        let until = Instant::now() + AHEAD_TIME;
        let (mut ahead, mut pace) = (Ahead::of(account), Pace::default());
        while !self.body.is_end_stream() {
            if ahead.len() >= AHEAD_BYTES {
                return Ok((ahead.finish(), Some(self.chunks())));
            }
            let chunk = if is_announced {
                pace.within(self.next()).await?
            } else {
                match tokio::time::timeout_at(until, self.next()).await {
                    Ok(chunk) => chunk?,
                    Err(_) => return Ok((ahead.finish(), Some(self.chunks()))),
                }
            };
            match chunk {
                Some(chunk) => ahead.push(chunk)?,
                None => break,
            }
        }
        Ok((ahead.finish(), None))
    }

    /// The rest, piece by piece, as its reader asks for it: a function's may be a conversation, with pauses.
    pub(super) fn chunks(self) -> Chunks
    where
        B: Send + 'static,
    {
        Chunks::new(stream::unfold(Some(self), |state| async move {
            let mut body = state?;
            let next = body.next().await;
            piece(next, body)
        }))
    }

    /// All of it, piece by piece, at the least rate.
    pub(super) fn paced_chunks(self) -> Chunks
    where
        B: Send + 'static,
    {
        Chunks::new(stream::unfold(Some((self, Pace::default())), |state| async move {
            let (mut body, mut pace) = state?;
            let next = pace.within(body.next()).await;
            piece(next, (body, pace))
        }))
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
                        let left = self.bytes_left.checked_sub(data.len() as u64);
                        self.bytes_left = left.ok_or_else(|| too_large(self.bytes_max))?;
                        return Ok(Some(data));
                    }
                }
            }
        }
    }
}

/// A piece of a stream, and what it goes on with; an error is the last.
fn piece<T>(next: ApiResult<Option<Bytes>>, rest: T) -> Option<(Result<Bytes, GuestError>, Option<T>)> {
    match next {
        Ok(chunk) => chunk.map(|chunk| (Ok(chunk), Some(rest))),
        Err(error) => Some((Err(GuestError::new(error.code().as_str(), error.message())), None)),
    }
}

/// What was read so far. Almost every body is one chunk, which needs no copy.
struct Ahead {
    first: Bytes,
    rest: BytesMut,
    held: Held,
}

impl Ahead {
    fn of(account: &Account) -> Self {
        Self { first: Bytes::new(), rest: BytesMut::new(), held: account.nothing() }
    }

    fn len(&self) -> usize {
        self.first.len() + self.rest.len()
    }

    fn push(&mut self, chunk: Bytes) -> ApiResult<()> {
        self.held.grow(chunk.len())?;
        if self.len() == 0 {
            self.first = chunk;
            return Ok(());
        }
        self.rest.extend_from_slice(&std::mem::take(&mut self.first));
        self.rest.extend_from_slice(&chunk);
        Ok(())
    }

    fn finish(self) -> Bytes {
        held_bytes(if self.rest.is_empty() { self.first } else { self.rest.freeze() }, self.held)
    }
}

/// Refuse a body by what it says of itself, before a byte of it is asked for.
pub(super) fn check_announced(headers: &HeaderMap, bytes_max: u64) -> ApiResult<()> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    match announced {
        Some(bytes) if bytes > bytes_max => Err(too_large(bytes_max)),
        _ => Ok(()),
    }
}

fn too_large(bytes_max: u64) -> ApiError {
    ApiError::new(Code::PayloadTooLarge, format!("the body may have {bytes_max} bytes at most"))
        .with_details(serde_json::json!({ "limit_bytes": bytes_max }))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::{StreamExt, stream};
    use http_body::Frame;
    use http_body_util::{Full, StreamBody};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn chunks(parts: &'static [&'static str]) -> impl Body<Data = Bytes, Error = Infallible> + Unpin + Send {
        StreamBody::new(stream::iter(
            parts.iter().map(|part| Ok::<_, Infallible>(Frame::data(Bytes::from_static(part.as_bytes())))),
        ))
    }

    async fn collect(parts: &'static [&'static str], max: usize) -> ApiResult<Bytes> {
        Bounded::new(chunks(parts), 1 << 20, SECOND).collect(max, &Account::default()).await
    }

    #[tokio::test]
    async fn all_chunks_in_order_up_to_the_bound() {
        assert_eq!(collect(&["ab", "", "cd", "e"], 5).await.unwrap(), "abcde");
        assert_eq!(collect(&["abcde"], 5).await.unwrap(), "abcde");
        assert_eq!(collect(&[], 5).await.unwrap(), "");
        assert_eq!(collect(&["ab", "cd", "ef"], 5).await.unwrap_err().code(), Code::PayloadTooLarge);
        let full = Full::new(Bytes::from_static(b"123456"));
        let refused = Bounded::new(full, 9, SECOND).collect(5, &Account::default()).await;
        assert_eq!(refused.unwrap_err().code(), Code::PayloadTooLarge);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_longer_than_the_bound_ends_it() {
        let body = StreamBody::new(stream::pending::<Result<Frame<Bytes>, Infallible>>());
        let refused = Bounded::new(body, 5, Duration::from_secs(10)).collect(5, &Account::default()).await;
        assert_eq!(refused.unwrap_err().code(), Code::RequestTimeout);
    }

    #[tokio::test(start_paused = true)]
    async fn a_byte_now_and_then_is_too_slow() {
        let dripping = || {
            StreamBody::new(Box::pin(stream::unfold((), |()| async {
                tokio::time::sleep(4 * SECOND).await;
                Some((Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"x"))), ()))
            })))
        };
        let refused = Bounded::new(dripping(), 9, 10 * SECOND).collect(9, &Account::default()).await;
        assert_eq!(refused.unwrap_err().code(), Code::RequestTimeout);
        let mut stored = Bounded::new(dripping(), 9, 10 * SECOND).paced_chunks();
        assert!(stored.next().await.unwrap().is_ok() && stored.next().await.unwrap().is_ok());
        assert_eq!(stored.next().await.unwrap().unwrap_err().code, "REQUEST_TIMEOUT");
        let mut conversation = Bounded::new(dripping(), 9, 10 * SECOND).chunks();
        for _ in 0..9 {
            assert!(conversation.next().await.unwrap().is_ok());
        }
    }

    #[tokio::test]
    async fn what_is_held_comes_from_the_account_and_goes_back() {
        let ledger = mayfly_ledger::Ledger::new(8);
        let account = ledger.account("a");
        let body = Bounded::new(chunks(&["ab", "cd"]), 9, SECOND).collect(9, &account).await.unwrap();
        assert_eq!((&body[..], ledger.held()), (&b"abcd"[..], 4));
        let refused = Bounded::new(chunks(&["x"]), 9, SECOND).collect(9, &account).await;
        assert_eq!(refused.unwrap_err().code(), Code::AppMemoryLimit);
        drop(body);
        assert_eq!(ledger.held(), 0);
    }

    #[tokio::test]
    async fn a_small_body_is_whole_and_a_large_one_goes_on() {
        let (all, rest) =
            Bounded::new(chunks(&["ab", "cd"]), 9, SECOND).begin(&Account::default()).await.unwrap();
        assert!(all == "abcd" && rest.is_none());
        let large = vec![b'x'; AHEAD_BYTES];
        let parts = stream::iter([large.clone().into(), Bytes::from_static(b"y"), Bytes::from_static(b"z")])
            .map(|part| Ok::<_, Infallible>(Frame::data(part)));
        let bound = AHEAD_BYTES as u64 + 1;
        let (ahead, rest) =
            Bounded::new(StreamBody::new(parts), bound, SECOND).begin(&Account::default()).await.unwrap();
        assert_eq!(ahead, large);
        let mut rest = rest.unwrap();
        assert_eq!(rest.next().await, Some(Ok("y".into())));
        assert_eq!(rest.next().await.unwrap().unwrap_err().code, "PAYLOAD_TOO_LARGE");
        assert_eq!(rest.next().await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_say_how_long_it_is_may_begin_slowly() {
        let first = stream::iter([Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"hi")))]);
        let body = StreamBody::new(first.chain(stream::pending()));
        let (ahead, rest) =
            Bounded::new(body, 9, Duration::from_secs(10)).begin(&Account::default()).await.unwrap();
        assert_eq!(ahead, "hi");
        assert_eq!(rest.unwrap().next().await.unwrap().unwrap_err().code, "REQUEST_TIMEOUT");
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
