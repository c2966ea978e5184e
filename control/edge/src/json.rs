//! JSON in and out of handlers, and the headers that some answers carry.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use super::reply::{self, Reply};
use mayfly_api::error::{ApiError, ApiResult};

/// How long the parts of an answer took, for callers who may know.
pub(crate) const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// The body as JSON. Its content type does not matter: nothing else would be understood here.
pub(super) fn decode(body: &Bytes) -> ApiResult<Value> {
    if body.is_empty() {
        return Err(ApiError::invalid("", "the body is empty, a JSON object is expected"));
    }
    serde_json::from_slice(body).map_err(|error| {
        let place = format!("line {} column {}", error.line(), error.column());
        ApiError::invalid("", format!("the body is not valid JSON at {place}")).because(error)
    })
}

/// A JSON answer.
pub(super) fn reply(status: StatusCode, value: &Value) -> Reply {
    let mut reply = reply::whole(value.to_string());
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply
}

/// A JSON answer of status 200.
pub(super) fn ok(value: &Value) -> ApiResult<Reply> {
    Ok(reply(StatusCode::OK, value))
}
