//! `ToolServer`: a connection to a server for its tools alone, without a client that it could ask.

use std::sync::Arc;

use mayfly_common::tasks::Tasks;
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, CallToolResult, ClientRequest, ContentBlock, ServerResult, Tool,
};
use serde_json::{Map, Value, json};

use crate::scan::ScannedTool;
use crate::settings::UpstreamSettings;
use crate::upstream::{Upstream, UpstreamError};
use crate::visible::visible;

/// A connection to a server. It ends with the last of its owners.
#[derive(Debug)]
pub struct ToolServer {
    upstream: Upstream,
}

/// A tool as a server offers it now.
#[derive(Debug, Clone)]
pub struct OfferedTool {
    /// Its name, as it has to be called.
    pub name: String,
    /// What it does, by its own words.
    pub description: Option<String>,
    /// What it takes: a JSON Schema.
    pub input: Map<String, Value>,
    /// What it answers.
    pub output: Option<Map<String, Value>>,
    /// What is known of it.
    pub scanned: ScannedTool,
}

/// Why there is no result.
#[derive(Debug)]
pub enum ToolServerError {
    /// The server is at fault.
    Failed(String),
    /// The tool says that it failed, or refuses what it was asked.
    Refused {
        /// In words.
        message: String,
        /// What else it says.
        details: Value,
    },
}

impl ToolServer {
    /// Open a connection.
    ///
    /// # Errors
    /// In words: what is wrong with the server.
    pub async fn open(settings: &UpstreamSettings, tasks: &Tasks) -> Result<Self, String> {
        Ok(Self { upstream: Upstream::open(settings, tasks, None, false).await? })
    }

    /// Whether it can still be asked.
    pub fn is_open(&self) -> bool {
        self.upstream.is_open()
    }

    /// The tools that it has now.
    ///
    /// # Errors
    /// When it cannot be asked, or lists what is no list of tools.
    pub async fn tools(&self) -> Result<Vec<OfferedTool>, ToolServerError> {
        let known = self.upstream.tools(true).await?;
        Ok(known.list.iter().map(|known| offered(&known.tool)).collect())
    }

    /// Call a tool. Answers what it answers: an object by its schema; a text; or, where it is more than one, its blocks.
    ///
    /// # Errors
    /// See [`ToolServerError`].
    pub async fn call(&self, name: &str, arguments: Map<String, Value>) -> Result<Value, ToolServerError> {
        let params = CallToolRequestParams::new(name.to_owned()).with_arguments(arguments);
        let asked = ClientRequest::CallToolRequest(CallToolRequest::new(params));
        match self.upstream.request(asked).await? {
            ServerResult::CallToolResult(result) => value_of(result),
            ServerResult::EmptyResult(_) => Ok(Value::Null),
            ServerResult::InputRequiredResult(_) => {
                Err(ToolServerError::Failed("it asks a person, and code has none".to_owned()))
            }
            _ => {
                let text = "it answered something else than it was asked for".to_owned();
                Err(ToolServerError::Failed(text))
            }
        }
    }
}

impl From<UpstreamError> for ToolServerError {
    fn from(error: UpstreamError) -> Self {
        match error {
            UpstreamError::Failed(why) => Self::Failed(visible(&why)),
            UpstreamError::Cancelled => Self::Failed("the request was cancelled".to_owned()),
            UpstreamError::Protocol(error) => {
                let details = json!({ "rpc_code": error.code.0, "data": error.data });
                Self::Refused { message: visible(&error.message), details }
            }
        }
    }
}

fn offered(tool: &Tool) -> OfferedTool {
    OfferedTool {
        name: tool.name.to_string(),
        description: tool.description.as_deref().map(str::to_owned),
        input: Arc::unwrap_or_clone(Arc::clone(&tool.input_schema)),
        output: tool.output_schema.clone().map(Arc::unwrap_or_clone),
        scanned: ScannedTool::of(tool),
    }
}

fn value_of(result: CallToolResult) -> Result<Value, ToolServerError> {
    let texts: Option<Vec<&str>> = result
        .content
        .iter()
        .map(|block| match block {
            ContentBlock::Text(text) => Some(text.text.as_str()),
            _ => None,
        })
        .collect();
    let texts = texts.map(|texts| texts.join("\n"));
    let blocks = || serde_json::to_value(&result.content).unwrap_or_default();
    if result.is_error == Some(true) {
        let message = texts.unwrap_or_else(|| "the tool says that it failed".to_owned());
        return Err(ToolServerError::Refused { message: visible(&message), details: Value::Null });
    }
    Ok(match (result.structured_content.clone(), texts) {
        (Some(structured), _) => structured,
        (None, Some(text)) => Value::String(text),
        (None, None) => json!({ "content": blocks() }),
    })
}
