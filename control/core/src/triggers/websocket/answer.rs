//! What a function's response is to the client whose frame it answers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mayfly_api::error::{ApiError, Code};
use mayfly_runtime::{CollectError, Response};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::invoke::Running;

/// The longest body that is sent on.
const BODY_BYTES_MAX: usize = 1 << 20;

/// A status, and JSON.
#[derive(Debug)]
pub(super) struct EventAnswer {
    pub(super) status: u16,
    pub(super) data: Box<RawValue>,
}

#[derive(Serialize)]
struct Failure<'a> {
    error: FailureError<'a>,
}

#[derive(Serialize)]
struct FailureError<'a> {
    code: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    invocation_id: Option<&'a str>,
}

/// Bytes that are no text.
#[derive(Serialize)]
struct Encoded {
    base64: String,
}

impl EventAnswer {
    /// Of an invocation, once its response is here.
    pub(super) async fn of(mut running: Running) -> Self {
        match running.response().await {
            Ok(Response { status, body: None, .. }) => Self { status, data: RawValue::NULL.to_owned() },
            Ok(Response { status, body: Some(body), .. }) => match body.collect(BODY_BYTES_MAX).await {
                Ok(bytes) => {
                    if let Some(guard) = running.disconnect_guard() {
                        guard.served();
                    }
                    Self { status, data: data(&bytes) }
                }
                Err(error) => Self::refused(&broken(&error).of_invocation(&running.id)),
            },
            Err(error) => Self::refused(&error),
        }
    }

    /// Where there is no response.
    pub(super) fn refused(error: &ApiError) -> Self {
        let code = error.code();
        let error = FailureError {
            code: code.as_str(),
            message: error.message(),
            invocation_id: error.invocation_id(),
        };
        let data = to_raw_value(&Failure { error }).unwrap_or_else(|_| RawValue::NULL.to_owned());
        Self { status: code.status().as_u16(), data }
    }
}

/// JSON as it is, any other text as a string, other bytes in base64.
fn data(bytes: &[u8]) -> Box<RawValue> {
    let null = || RawValue::NULL.to_owned();
    match std::str::from_utf8(bytes) {
        Ok("") => null(),
        Ok(text) => match serde_json::from_str::<&RawValue>(text) {
            Ok(json) => json.to_owned(),
            Err(_) => to_raw_value(text).unwrap_or_else(|_| null()),
        },
        Err(_) => to_raw_value(&Encoded { base64: STANDARD.encode(bytes) }).unwrap_or_else(|_| null()),
    }
}

fn broken(error: &CollectError) -> ApiError {
    match error {
        CollectError::TooLarge(bytes) => {
            let text = format!("the response to an event may have {bytes} bytes at most");
            ApiError::new(Code::FunctionOutputLimit, text)
        }
        CollectError::Broken(error) => {
            ApiError::new(Code::FunctionThrew, format!("the response broke off: {}", error.message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_json_or_text_or_base64() {
        assert_eq!(data(br#" {"a": [1, 2]} "#).get().trim(), r#"{"a": [1, 2]}"#);
        assert_eq!(data(b"").get(), "null");
        assert_eq!(data(b"hello \"you\"").get(), r#""hello \"you\"""#);
        assert_eq!(data(b"{} {}").get(), r#""{} {}""#);
        assert_eq!(data(&[0xff, 0]).get(), r#"{"base64":"/wA="}"#);
    }
}
