//! Requests with an `Idempotency-Key`: the first one runs, the ones after it get its response.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::functions::IdempotencyKeyMode;
use mayfly_common::digest::sha256_hex;
use mayfly_runtime::providers::GuestError;
use mayfly_runtime::{Body, CollectError, Request, Response};
use mayfly_tenant_db::db::{KeyState, KeyedRequest, ResponseHold};
use serde::{Deserialize, Serialize};

use super::{Invocation, Invoker, Running};
use crate::auth::{Caller, CallerKind};

/// The longest key, in characters.
const KEY_MAX: usize = 255;
/// The longest body of a request with a key.
const REQUEST_BYTES_MAX: usize = 10 << 20;
/// What a key is held for beyond the function's own time: after a crash it is free then.
const LEASE_BEYOND: Duration = Duration::from_secs(60);
/// For how long a response is kept.
pub(super) const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// The longest body of a response under a key.
pub(super) const BODY_BYTES_MAX: usize = 1 << 20;

/// The header that says so of a response that is given again.
const REPLAYED: (&str, &str) = ("idempotent-replayed", "true");

/// What became of a request.
#[derive(Debug)]
pub enum Called {
    /// An invocation runs for it.
    Running(Box<Running>),
    /// It was answered before.
    Replayed {
        /// The invocation that answered.
        invocation_id: String,
        /// Its response.
        response: Response,
    },
}

/// A response as it is stored.
#[derive(Debug, Serialize, Deserialize)]
struct StoredResponse {
    invocation_id: String,
    status: u16,
    headers: Vec<(String, String)>,
    /// In base64; `None` for a response without one.
    body: Option<String>,
}

impl Invoker {
    /// Begin an invocation for a request, or find the response that it had before.
    ///
    /// # Errors
    /// Those of [`start`](Self::start); 400 for a key that is none, 409 while a request with it runs, 422 where the key
    /// is another request's.
    pub async fn call(&self, mut invocation: Invocation) -> ApiResult<Called> {
        let key = match key(&invocation)? {
            Some(key) => key,
            None => return Ok(Called::Running(Box::new(self.start(invocation).await?))),
        };
        let body = match invocation.request.body.take() {
            None => Bytes::new(),
            Some(body) => body.collect(REQUEST_BYTES_MAX).await.map_err(unread)?,
        };
        let function = &invocation.function.function;
        let request = KeyedRequest {
            function: function.function_id.to_string(),
            caller: whose(&invocation.caller),
            key,
            fingerprint: fingerprint(&invocation.request, &body),
        };
        let lease = invocation.function.limits.timeout + invocation.function.limits.stream + LEASE_BEYOND;
        let tenants = &self.shared.parts.capabilities.tenants;
        let state = tenants.begin_response(function.app_id.clone(), request, lease).await;
        match state.map_err(unavailable)? {
            KeyState::Mine(hold) => {
                invocation.request.body = (!body.is_empty()).then(|| Body::Whole(body));
                Ok(Called::Running(Box::new(self.begin(invocation, Some(hold)).await?)))
            }
            KeyState::Running => Err(ApiError::new(
                Code::IdempotencyConflict,
                "a request with this Idempotency-Key is being answered",
            )),
            KeyState::Mismatch => Err(ApiError::new(
                Code::IdempotencyMismatch,
                "this Idempotency-Key belongs to a request with another method, URL or body",
            )),
            KeyState::Done(stored) => replay(&stored),
        }
    }
}

fn unread(error: CollectError) -> ApiError {
    match error {
        CollectError::TooLarge(limit) => {
            let message =
                format!("the body of a request with an Idempotency-Key may have {limit} bytes at most");
            ApiError::new(Code::PayloadTooLarge, message)
        }
        CollectError::Broken(error) => {
            ApiError::invalid("body", format!("did not arrive whole: {}", error.message))
        }
    }
}

/// The request's key, where the function asks for one.
fn key(invocation: &Invocation) -> ApiResult<Option<String>> {
    let mode = invocation.function.function.settings.idempotency_key;
    if mode == IdempotencyKeyMode::Off {
        return Ok(None);
    }
    let invalid = |message: &str| Err(ApiError::invalid("Idempotency-Key", message));
    let mut keys =
        invocation.request.headers.iter().filter(|(name, _)| name == "idempotency-key").map(|(_, key)| key);
    match (keys.next(), keys.next()) {
        (None, _) if mode == IdempotencyKeyMode::Required => invalid("is required by this function"),
        (None, _) => Ok(None),
        (Some(_), Some(_)) => invalid("is there twice"),
        (Some(key), None) => {
            let is_text = key.bytes().all(|byte| (0x20..0x7f).contains(&byte));
            if !(1..=KEY_MAX).contains(&key.len()) || !is_text {
                return invalid("has 1 to 255 printable ASCII characters");
            }
            Ok(Some(key.clone()))
        }
    }
}

/// Whose key it is. Callers without credentials share theirs.
fn whose(caller: &Caller) -> String {
    match (&caller.user_id, caller.kind) {
        (Some(user), _) => format!("user {user}"),
        (None, CallerKind::Anonymous) => "anonymous".to_owned(),
        (None, _) => "service".to_owned(),
    }
}

/// What a second request with the key has to equal.
fn fingerprint(request: &Request, body: &[u8]) -> String {
    let header = |wanted: &str| {
        request.headers.iter().find(|(name, _)| name == wanted).map_or("", |(_, value)| value.as_str())
    };
    let url = url::Url::parse(&request.url);
    let (path, query) = url.as_ref().map_or(("", ""), |url| (url.path(), url.query().unwrap_or("")));
    let mut text = [&request.method, path, query, header("content-type"), ""].join("\n").into_bytes();
    text.extend_from_slice(body);
    sha256_hex(&text)
}

fn replay(stored: &str) -> ApiResult<Called> {
    let stored: StoredResponse = serde_json::from_str(stored).map_err(ApiError::internal)?;
    let body = stored.body.map(|text| STANDARD.decode(text)).transpose().map_err(ApiError::internal)?;
    let mut headers = stored.headers;
    headers.push((REPLAYED.0.to_owned(), REPLAYED.1.to_owned()));
    let body = body.map(|bytes| Body::Whole(bytes.into()));
    Ok(Called::Replayed {
        invocation_id: stored.invocation_id,
        response: Response { status: stored.status, headers, body },
    })
}

/// A response as it is stored.
pub(super) fn stored(
    invocation_id: &str,
    response: &Response,
    body: Option<&Bytes>,
) -> Result<String, GuestError> {
    let stored = StoredResponse {
        invocation_id: invocation_id.to_owned(),
        status: response.status,
        headers: response.headers.clone(),
        body: body.map(|body| STANDARD.encode(body)),
    };
    serde_json::to_string(&stored).map_err(|error| GuestError::new("XX000", error.to_string()))
}

/// Free the key of a request that changed nothing.
pub(super) async fn release(hold: &ResponseHold) {
    if let Err(error) = hold.release().await {
        tracing::warn!(%error, "an Idempotency-Key is not freed now; it is when its lease ends");
    }
}

fn unavailable(error: GuestError) -> ApiError {
    ApiError::new(Code::SubsystemUnavailable, "whether the request was answered before cannot be told now")
        .because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, url: &str, content_type: &str) -> Request {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Request { method: method.to_owned(), url: url.to_owned(), headers, body: None }
    }

    #[test]
    fn requests_differ_by_all_that_the_function_acts_on() {
        let of = |method, url, kind, body: &str| fingerprint(&request(method, url, kind), body.as_bytes());
        let first = of("POST", "https://a.example/v1/x?a=1", "text/plain", "body");
        assert_eq!(
            first,
            of("POST", "https://b.example/v1/x?a=1", "text/plain", "body"),
            "hosts are the caller's way"
        );
        for other in [
            of("PUT", "https://a.example/v1/x?a=1", "text/plain", "body"),
            of("POST", "https://a.example/v1/y?a=1", "text/plain", "body"),
            of("POST", "https://a.example/v1/x?a=2", "text/plain", "body"),
            of("POST", "https://a.example/v1/x?a=1", "application/json", "body"),
            of("POST", "https://a.example/v1/x?a=1", "text/plain", "Body"),
        ] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn a_stored_response_is_given_as_it_was() {
        let response = Response {
            status: 201,
            headers: vec![
                ("set-cookie".to_owned(), "a=1".to_owned()),
                ("set-cookie".to_owned(), "b=2".to_owned()),
            ],
            body: None,
        };
        let body = Bytes::from_static(b"\0\xff");
        let text = stored("inv_1", &response, Some(&body)).unwrap();
        let Ok(Called::Replayed { invocation_id, response: again }) = replay(&text) else { panic!("{text}") };
        assert_eq!((invocation_id.as_str(), again.status), ("inv_1", 201));
        assert_eq!(again.headers[..2], response.headers);
        assert_eq!(again.headers[2], ("idempotent-replayed".to_owned(), "true".to_owned()));
        let Some(Body::Whole(bytes)) = again.body else { panic!("{text}") };
        assert_eq!(bytes, body);
    }
}
