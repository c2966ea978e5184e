//! What a tool answers: a route's answer, or the problem that it had.

use mayfly_api::error::{ApiError, ApiResult};
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::{Map, Value};

use crate::host::{RouteAnswer, ToolHost};

/// What a tool answers.
#[derive(Debug, Clone, PartialEq)]
pub enum ToolOutcome {
    /// It was done.
    Done(Map<String, Value>),
    /// It was not, or failed: the problem object of the API.
    Failed(Map<String, Value>),
}

impl ToolOutcome {
    /// The answer of a route.
    ///
    /// # Errors
    /// When it is no JSON object, which no route of a tool answers.
    pub fn of(answer: &RouteAnswer) -> ApiResult<Self> {
        let object = serde_json::from_slice(&answer.body).map_err(ApiError::internal)?;
        Ok(if answer.status < 400 { Self::Done(object) } else { Self::Failed(object) })
    }

    /// A failure before any route was asked.
    pub fn refused<H: ToolHost>(host: &H, error: &ApiError) -> Self {
        Self::Failed(host.problem(error))
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
