//! `/mcp`: the messages of the Model Context Protocol, and what its clients ask about keys.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A message of JSON-RPC 2.0.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct McpMessage {
    /// Always `2.0`.
    pub jsonrpc: String,
    /// Of a request and its answer: a text or a number.
    #[serde(default)]
    pub id: Option<Value>,
    /// What is asked: `tools/list`, `tools/call`, ...
    #[serde(default)]
    pub method: Option<String>,
    /// With what.
    #[serde(default)]
    pub params: Option<Value>,
}

/// An answer of JSON-RPC 2.0.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct McpAnswer {
    /// Always `2.0`.
    pub jsonrpc: String,
    /// The request's.
    pub id: Option<Value>,
    /// What was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// Why it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
}

/// A session of an agent's, as policies and the audit log know it: `ses_...`. What its client sends is another text, which only
/// who began it can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentSession(pub std::sync::Arc<str>);

/// What RFC 9728 calls the metadata of a protected resource.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ProtectedResource {
    /// The URL of the MCP server.
    pub resource: String,
    /// For people.
    pub resource_name: String,
    /// Where keys are explained.
    pub resource_documentation: String,
    /// How a key is sent.
    pub bearer_methods_supported: Vec<String>,
    /// What a key may be good for.
    pub scopes_supported: Vec<String>,
}
