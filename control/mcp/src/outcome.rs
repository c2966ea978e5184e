//! What a tool answers: a route's answer, or the problem that it had.

use mayfly_api::error::{ApiError, ApiResult};
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::{Map, Value};

/// What a tool answers.
#[derive(Debug, Clone, PartialEq)]
pub enum ToolOutcome {
    /// It was done.
    Done(Map<String, Value>),
    /// It was not, or failed: the problem object of the API.
    Failed(Map<String, Value>),
}

/// What a tool of an app answers.
#[derive(Debug, Clone, PartialEq)]
pub enum AppToolOutcome {
    /// It was done: any JSON.
    Done(Value),
    /// It was not, or failed: the problem object of the API.
    Failed(Map<String, Value>),
}

impl AppToolOutcome {
    /// As the protocol has it: as text for models; and structured for programs, where it is an object.
    pub fn into_result(self) -> CallToolResult {
        match self {
            Self::Failed(problem) => ToolOutcome::Failed(problem).into_result(),
            Self::Done(Value::Object(object)) => ToolOutcome::Done(object).into_result(),
            Self::Done(Value::String(text)) => CallToolResult::success(vec![ContentBlock::text(text)]),
            Self::Done(value) => CallToolResult::success(vec![ContentBlock::text(value.to_string())]),
        }
    }
}

impl ToolOutcome {
    /// The answer of a route, by its status and its body.
    ///
    /// # Errors
    /// When it is no JSON object, which no route of a tool answers.
    pub fn of(status: u16, body: &[u8]) -> ApiResult<Self> {
        let object: Map<String, Value> = serde_json::from_slice(body).map_err(ApiError::internal)?;
        // Code that ran once and failed is answered with all that it did.
        let ran_and_failed = object.get("invocation_id").is_some() && code_within(&object).is_some();
        Ok(if status < 400 && !ran_and_failed { Self::Done(object) } else { Self::Failed(object) })
    }

    /// The code of a failure.
    pub fn error_code(&self) -> Option<&str> {
        match self {
            Self::Done(_) => None,
            Self::Failed(problem) => {
                Some(problem.get("code").and_then(Value::as_str).or(code_within(problem)).unwrap_or_default())
            }
        }
    }

    /// The invocation, where a function ran.
    pub fn invocation_id(&self) -> Option<&str> {
        let (Self::Done(object) | Self::Failed(object)) = self;
        object.get("invocation_id")?.as_str()
    }

    /// Whether it failed.
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_))
    }

    /// As the protocol has it: as JSON text for models, and structured for programs.
    pub fn into_result(self) -> CallToolResult {
        let is_error = self.is_failure();
        let (Self::Done(object) | Self::Failed(object)) = self;
        let value = Value::Object(object);
        let mut result = CallToolResult::success(vec![ContentBlock::text(value.to_string())]);
        result.structured_content = Some(value);
        result.is_error = Some(is_error);
        result
    }
}

/// The code of an error object.
fn code_within(object: &Map<String, Value>) -> Option<&str> {
    object.get("error")?.get("code")?.as_str()
}
