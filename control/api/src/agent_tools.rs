//! `/v1/{app}/tools` and `/mcp/{app}`: functions as tools of agents.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::functions::{AgentToolExposure, AgentToolMode};
use crate::tool_schema::ToolSchema;
use crate::value::Text;

/// Which tools a client wants.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NarrowTools {
    /// Names of functions, separated by commas; all unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub functions: Option<Text<0, 10_000>>,
}

/// A function as a tool.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AgentToolInfo {
    /// The function's name.
    pub name: String,
    /// What it does, for agents.
    pub description: Option<String>,
    /// What agents may do through it.
    pub mode: AgentToolMode,
    /// Whose agents see it.
    pub exposed_to: AgentToolExposure,
    /// What it takes.
    pub input: Option<ToolSchema>,
    /// What it answers.
    pub output: Option<ToolSchema>,
}

/// A tool of another MCP server.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ServerToolInfo {
    /// The server's name.
    pub server: String,
    /// The tool's.
    pub name: String,
    /// The beginning of what it says of itself.
    pub description: String,
    /// What it does: `read`, `write`, `execute`, `destructive` or `admin`.
    pub class: String,
}

/// An app's tools.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AgentToolList {
    /// In the order of their names.
    pub tools: Vec<AgentToolInfo>,
    /// Tools of other MCP servers, for code that runs once alone.
    pub server_tools: Vec<ServerToolInfo>,
    /// TypeScript's declaration of `tools`, as code that runs once has it.
    pub types: String,
}
