//! `ApiError`: what any request can fail with. It becomes HTTP in `rescue.rs` of the edge, and nowhere else.

mod code;
mod page;
mod problem;
pub mod rate_limit_status;

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use mayfly_ledger::Shortage;
use serde_json::Value;

use crate::error::rate_limit_status::RateLimitStatus;

pub use code::{Code, ErrorSource};
pub use page::{GUEST_CODES, page};
pub use problem::problem;

/// A failure with a public half (code, message, details) and a private one (cause, stack).
///
/// Boxed: a `Result` of it stays as small as its good half.
pub struct ApiError(Box<Details>);

struct Details {
    code: Code,
    message: Cow<'static, str>,
    details: Option<Value>,
    retry_after: Option<u32>,
    allow: Option<Cow<'static, str>>,
    rate_limit: Option<RateLimitStatus>,
    ends_connection: bool,
    invocation_id: Option<String>,
    stack: Option<String>,
    trusted_message: Option<String>,
    trusted: bool,
    server_timing: Option<String>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

/// The result of anything on a request's way.
pub type ApiResult<T> = Result<T, ApiError>;

/// The app's account, or the node, has no more memory.
impl From<Shortage> for ApiError {
    fn from(shortage: Shortage) -> Self {
        let code = match shortage {
            Shortage::Account => Code::AppMemoryLimit,
            Shortage::Node => Code::Overloaded,
        };
        Self::new(code, shortage.of_memory())
    }
}

impl ApiError {
    /// An error of `code` with one sentence for the reader of the answer.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Details {
            code,
            message: message.into(),
            details: None,
            retry_after: code.retry_after(),
            allow: None,
            rate_limit: None,
            ends_connection: code.ends_connection(),
            invocation_id: None,
            stack: None,
            trusted_message: None,
            trusted: false,
            server_timing: None,
            cause: None,
        }))
    }

    /// Mayfly's own failure: the cause goes to the log, and only there.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Code::InternalError, "Mayfly failed to answer this request").because(cause)
    }

    /// A field of the request is wrong; `path` says which, as a JSON path such as `triggers[0].config.auth`.
    pub fn invalid(path: &str, message: impl fmt::Display) -> Self {
        let text = if path.is_empty() { message.to_string() } else { format!("{path}: {message}") };
        Self::new(Code::ValidationInvalidSchema, text).with_details(serde_json::json!({ "path": path }))
    }

    /// `APP_CLOSED`. Why is the operator's and the owner's to know, not every caller's.
    pub fn app_closed() -> Self {
        Self::new(
            Code::AppClosed,
            "the app is closed: something was done to its database that has to be undone first",
        )
    }

    /// Nothing of that kind and name, or not for this caller.
    pub fn not_found(what: impl fmt::Display) -> Self {
        Self::new(Code::ResourceNotFound, format!("{what} does not exist"))
    }

    /// The path exists, for other methods.
    pub fn method_not_allowed(allow: impl Into<Cow<'static, str>>) -> Self {
        let allow = allow.into();
        let mut error = Self::new(Code::MethodNotAllowed, format!("the methods allowed here are: {allow}"));
        error.0.allow = Some(allow);
        error
    }

    /// A part of the server cannot be reached.
    pub fn unavailable(subsystem: &'static str, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Code::SubsystemUnavailable, format!("{subsystem} cannot be reached"))
            .with_details(serde_json::json!({ "subsystem": subsystem }))
            .because(cause)
    }

    /// Attaches machine-readable details, shown to everyone.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.0.details = Some(details);
        self
    }

    /// Attaches the cause: logged, never sent.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Sets `Retry-After`, in seconds.
    #[must_use]
    pub fn retry_after_seconds(mut self, seconds: u32) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// What follows on the connection cannot be told from this request: it is of no more use.
    #[must_use]
    pub fn ending_connection(mut self) -> Self {
        self.0.ends_connection = true;
        self
    }

    /// Whether the connection ends with this answer.
    pub fn ends_connection(&self) -> bool {
        self.0.ends_connection
    }

    /// Attaches the app's rate-limit status, sent as headers.
    #[must_use]
    pub fn with_rate_limit(mut self, rate_limit: RateLimitStatus) -> Self {
        self.0.rate_limit = Some(rate_limit);
        self
    }

    /// Names the invocation that failed.
    #[must_use]
    pub fn of_invocation(mut self, id: impl Into<String>) -> Self {
        self.0.invocation_id = Some(id.into());
        self
    }

    /// Attaches a stack, which only service and admin keys get to see.
    #[must_use]
    pub fn with_stack(mut self, stack: Option<String>) -> Self {
        self.0.stack = stack;
        self
    }

    /// Attaches a message that service and admin keys get to see instead of the public one.
    #[must_use]
    pub fn with_trusted_message(mut self, message: String) -> Self {
        self.0.trusted_message = Some(message);
        self
    }

    /// Marks the caller as one who may see the stack and `Server-Timing`.
    #[must_use]
    pub fn for_trusted(mut self, server_timing: String) -> Self {
        self.0.trusted = true;
        if let Some(message) = self.0.trusted_message.take() {
            self.0.message = Cow::Owned(message);
        }
        self.0.server_timing = Some(server_timing).filter(|text| !text.is_empty());
        self
    }

    /// The public code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The sentence for the reader of the answer.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Machine-readable details.
    pub fn details(&self) -> Option<&Value> {
        self.0.details.as_ref()
    }

    /// Seconds of `Retry-After`.
    pub fn retry_after(&self) -> Option<u32> {
        self.0.retry_after
    }

    /// The value of `Allow`.
    pub fn allow(&self) -> Option<&str> {
        self.0.allow.as_deref()
    }

    /// The app's rate-limit status.
    pub fn rate_limit(&self) -> Option<&RateLimitStatus> {
        self.0.rate_limit.as_ref()
    }

    /// The invocation that failed, if one ran.
    pub fn invocation_id(&self) -> Option<&str> {
        self.0.invocation_id.as_deref()
    }

    /// The function's stack, where it threw.
    pub fn stack(&self) -> Option<&str> {
        self.0.stack.as_deref()
    }

    /// Whether the caller may see the stack.
    pub fn is_for_trusted(&self) -> bool {
        self.0.trusted
    }

    /// The value of `Server-Timing`.
    pub fn server_timing(&self) -> Option<&str> {
        self.0.server_timing.as_deref()
    }

    /// What the log gets to know: every cause down the chain.
    pub fn private_text(&self) -> Option<String> {
        let mut cause: &(dyn Error + 'static) = self.0.cause.as_deref()?;
        let mut text = cause.to_string();
        while let Some(next) = cause.source() {
            let next_text = next.to_string();
            if !text.ends_with(&next_text) {
                text.push_str(": ");
                text.push_str(&next_text);
            }
            cause = next;
        }
        Some(text)
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("code", &self.0.code.as_str())
            .field("message", &self.0.message)
            .field("cause", &self.0.cause)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code.as_str(), self.0.message)
    }
}

impl Error for ApiError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}

impl mayfly_common::cache::Outage for ApiError {
    fn is_outage(&self) -> bool {
        self.0.code == Code::SubsystemUnavailable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_private_half_is_not_displayed() {
        let error = ApiError::internal(std::io::Error::other("password=hunter2"));
        assert_eq!(error.to_string(), "INTERNAL_ERROR: Mayfly failed to answer this request");
        assert_eq!(error.private_text().unwrap(), "password=hunter2");
    }

    #[test]
    fn an_invalid_field_is_named() {
        let error = ApiError::invalid("triggers[0].config.auth", "must be one of required, optional, none");
        assert_eq!(error.message(), "triggers[0].config.auth: must be one of required, optional, none");
        assert_eq!(error.details().unwrap()["path"], "triggers[0].config.auth");
    }
}
