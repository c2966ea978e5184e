//! `ApiError` to response: the only place where a failure becomes HTTP.

use http::header::{
    ALLOW, CONNECTION, CONTENT_TYPE, RETRY_AFTER, SEC_WEBSOCKET_VERSION, UPGRADE, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use super::reply::{self, Reply};
use mayfly_api::error::rate_limit_status::RateLimitStatus;
use mayfly_api::error::{ApiError, Code, ErrorSource, problem};

/// The id of the invocation, on the response of every function that ran.
pub(crate) const X_INVOCATION_ID: HeaderName = HeaderName::from_static("x-invocation-id");

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const X_ERROR_SOURCE: HeaderName = HeaderName::from_static("x-error-source");

/// The failure's private half, for the access log: it rides in the response's extensions.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) cause: Option<String>,
    pub(super) platform: bool,
}

/// Say what went wrong, to the one who asked.
pub(super) fn to_reply(error: &ApiError, request_id: &str, base: &str) -> Reply {
    let code = error.code();
    let body = Value::Object(problem(error, request_id, base)).to_string();
    let mut reply = reply::whole(body);
    *reply.status_mut() = code.status();
    write_headers(reply.headers_mut(), error);
    reply.extensions_mut().insert(Failure {
        code: code.as_str(),
        message: error.message().to_owned(),
        cause: error.private_text(),
        platform: code.source() == ErrorSource::Platform,
    });
    reply
}

/// A client of the Model Context Protocol that is refused is told where it reads how it shows who it is.
pub(super) fn name_metadata(reply: &mut Reply, base: &str) {
    let challenge = reply.headers().get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
    let named = challenge.map(|challenge| {
        format!("{challenge}, resource_metadata=\"{base}/.well-known/oauth-protected-resource/mcp\", scope=\"mcp\"")
    });
    if let Some(value) = named.and_then(|named| HeaderValue::try_from(named).ok()) {
        reply.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
}

fn write_headers(headers: &mut HeaderMap, error: &ApiError) {
    let code = error.code();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(X_ERROR_SOURCE, HeaderValue::from_static(code.source().as_str()));
    if let Some(seconds) = error.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Some(rate_limit) = error.rate_limit() {
        write_rate_limit(headers, rate_limit);
    }
    if code.status() == StatusCode::UNAUTHORIZED {
        let challenge = match code {
            Code::AuthRequired => "Bearer realm=\"mayfly\"",
            _ => "Bearer realm=\"mayfly\", error=\"invalid_token\"",
        };
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    if error.ends_connection() {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if code == Code::UpgradeRequired {
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    }
    for (name, value) in [
        (ALLOW, error.allow()),
        (X_INVOCATION_ID, error.invocation_id()),
        (reply::SERVER_TIMING, error.server_timing()),
    ] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            headers.insert(name, value);
        }
    }
}

/// `RateLimit` and `RateLimit-Policy`, where the app has limits that they speak of.
pub(super) fn write_rate_limit(headers: &mut HeaderMap, rate_limit: &RateLimitStatus) {
    let Some((policy, limit)) = rate_limit.to_headers() else { return };
    for (name, value) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, limit)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use serde_json::json;

    use super::*;

    async fn body(reply: Reply) -> Value {
        let bytes = reply.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[tokio::test]
    async fn both_shapes_are_in_one_body() {
        let error = ApiError::invalid("name", "is missing").of_invocation("inv_1");
        let reply = to_reply(&error, "req_1", "http://h");
        assert_eq!(reply.status(), 400);
        assert_eq!(reply.headers()["content-type"], "application/problem+json");
        assert_eq!(reply.headers()["x-error-source"], "caller");
        assert_eq!(reply.headers()["x-invocation-id"], "inv_1");
        assert_eq!(
            body(reply).await,
            json!({
                "type": "http://h/errors/VALIDATION_INVALID_SCHEMA",
                "title": "The request is not valid",
                "status": 400,
                "detail": "name: is missing",
                "code": "VALIDATION_INVALID_SCHEMA",
                "request_id": "req_1",
                "invocation_id": "inv_1",
                "error": {
                    "code": "VALIDATION_INVALID_SCHEMA",
                    "message": "name: is missing",
                    "remediation": "Correct the field that the message names and send it again.",
                    "documentation_url": "http://h/errors/VALIDATION_INVALID_SCHEMA",
                    "details": { "path": "name" }
                }
            })
        );
    }

    #[tokio::test]
    async fn a_stack_is_for_trusted_callers_only_and_a_cause_for_nobody() {
        let make = || {
            ApiError::new(Code::FunctionThrew, "the function threw Error: x")
                .with_stack(Some("at handler (hello.ts:3:9)".into()))
                .because("private")
        };
        let to_public = body(to_reply(&make(), "r", "")).await;
        assert!(to_public["error"].get("details").is_none());
        assert!(!to_public.to_string().contains("private"));
        let to_owner = body(to_reply(&make().for_trusted(String::new()), "r", "")).await;
        assert_eq!(to_owner["error"]["details"]["stack"], "at handler (hello.ts:3:9)");
        assert!(!to_owner.to_string().contains("private"));
    }

    #[test]
    fn headers_that_some_codes_need() {
        let busy = to_reply(&ApiError::new(Code::AppPaused, "x"), "r", "");
        assert_eq!(busy.headers()["retry-after"], "60");
        assert_eq!(busy.headers()["x-error-source"], "platform");
        let method = to_reply(&ApiError::method_not_allowed("GET, POST"), "r", "");
        assert_eq!(method.headers()["allow"], "GET, POST");
        let stranger = to_reply(&ApiError::new(Code::AuthRequired, "x"), "r", "");
        assert!(stranger.headers().contains_key("www-authenticate"));
    }
}
