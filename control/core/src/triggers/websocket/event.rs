//! What a function gets to know of the event that fired: `ctx.trigger`, and the body of its request.

use bytes::Bytes;
use mayfly_runtime::Request;
use serde::Serialize;
use serde_json::value::RawValue;

/// An event that fires. `ctx.trigger`, next to its `type`, is this with names in camel case.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WebsocketEvent<'a> {
    /// Its name; none of a binary frame.
    pub(super) event: Option<&'a str>,
    /// The socket.
    pub(super) socket_id: &'a str,
    /// Whether the body is the frame's bytes.
    pub(super) binary: bool,
}

/// The body of the request.
#[derive(Serialize)]
struct Body<'a> {
    event: &'a str,
    payload: &'a RawValue,
}

/// `POST` with a JSON body, to the function's URL.
pub(super) fn request(url: String, event: &str, payload: &RawValue) -> Request {
    // A text and checked JSON only.
    let body = serde_json::to_vec(&Body { event, payload }).unwrap_or_default();
    post(url, "application/json", body.into())
}

/// `POST` with a frame's bytes, to the function's URL.
pub(super) fn binary_request(url: String, bytes: Bytes) -> Request {
    post(url, "application/octet-stream", bytes)
}

fn post(url: String, content_type: &str, body: Bytes) -> Request {
    Request {
        method: "POST".to_owned(),
        url,
        headers: vec![
            ("content-type".to_owned(), content_type.to_owned()),
            ("x-trigger-type".to_owned(), "websocket".to_owned()),
        ],
        body: Some(body.into()),
    }
}
