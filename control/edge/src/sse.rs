//! Server-sent events: what goes between a stream of events and a body.

use bytes::Bytes;
use futures_util::Stream;
use http::HeaderMap;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};

use super::reply::{self, Reply};
use mayfly_api::error::{ApiError, ApiResult};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Proxies that would hold events back are told not to.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// How long a reader that lost its connection waits, in milliseconds.
pub(super) const RETRY: &str = "retry: 1000\n\n";
/// Something to send while there is nothing to say, so that a dead connection shows.
pub(super) const HEARTBEAT: &str = ": nothing new\n\n";

/// An answer of events.
pub(super) fn reply(events: impl Stream<Item = Bytes> + Send + 'static) -> Reply {
    let mut reply = reply::streamed(events);
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    reply
}

/// One event. JSON has no line breaks of its own, so that its data is one line.
pub(super) fn event(id: u64, name: &str, data: &serde_json::Value) -> Bytes {
    Bytes::from(format!("id: {id}\nevent: {name}\ndata: {data}\n\n"))
}

/// Where a reader that was here before wants to go on.
pub(super) fn last_event_id(headers: &HeaderMap) -> ApiResult<Option<u64>> {
    let Some(value) = headers.get(LAST_EVENT_ID) else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| ApiError::invalid("Last-Event-ID", "is not one that this route gave out"))
}
