//! `/v1/{app}/mcp-servers`: other servers of the Model Context Protocol, whose tools code that runs once may call.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::{Object, Pattern, Rule, Text, Timestamp, words};

/// Servers of an app.
pub const SERVERS_MAX: usize = 20;
/// Tools of a server that an app may call.
pub const TOOLS_MAX: usize = 200;

/// The rule of the name that an app gives a server.
#[derive(Debug)]
pub struct McpServerName;

impl Rule for McpServerName {
    const NAME: &'static str = "McpServerName";
    const REGEX: &'static str = "^[a-z][a-z0-9_]{0,39}$";
    const MESSAGE: &'static str = "must match ^[a-z][a-z0-9_]{0,39}$";

    fn matches(text: &str) -> bool {
        is_server_name(text)
    }
}

/// `^[a-z][a-z0-9_]{0,39}$`
pub fn is_server_name(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// The rule of names of tools that code may call: a function's, or `SERVER/TOOL`, or `SERVER/*` for all of a server's.
#[derive(Debug)]
pub struct RunToolName;

impl Rule for RunToolName {
    const NAME: &'static str = "RunToolName";
    const REGEX: &'static str = "^([A-Za-z0-9_-]{1,100}|[a-z][a-z0-9_]{0,39}/.{1,128})$";
    const MESSAGE: &'static str = "must be the name of a function, or SERVER/TOOL, or SERVER/*";

    fn matches(text: &str) -> bool {
        match text.split_once('/') {
            None => crate::names::is_function_name(text),
            Some((server, tool)) => {
                is_server_name(server) && (1..=128).contains(&tool.chars().count()) && !tool.contains('\n')
            }
        }
    }
}

words! {
    /// How a tool compares with what was approved.
    McpToolState {
        /// It is as it was approved: it can be called.
        Approved = "approved",
        /// It is another now.
        Changed = "changed",
        /// It was not approved.
        New = "new",
        /// The server does not have it any more.
        Gone = "gone",
    }
}

/// Names a server for an app. Its tools as they are now are approved, but for those with injected text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetMcpServer {
    /// Its URL: streamable HTTP, reached as `fetch` reaches hosts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Text<1, 2_000>>,
    /// In its place, a program that the operator has given a name (`--mcp-program`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Pattern<McpServerName>>,
    /// The variable of the app whose value is the server's bearer token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_env: Option<Text<1, 128>>,
}

/// A server of an app.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct McpServerInfo {
    /// Its name: code calls `tools.NAME.TOOL(args)`.
    pub name: String,
    /// Its URL.
    pub url: Option<String>,
    /// The operator's program.
    pub program: Option<String>,
    /// The variable whose value is its bearer token.
    pub key_env: Option<String>,
    /// Its tools.
    pub tools: Vec<McpToolInfo>,
    /// When it was set, or tools of it were approved.
    pub updated_at: Timestamp,
}

/// A tool of a server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct McpToolInfo {
    /// Its name.
    pub name: String,
    /// The beginning of what it says of itself; letters that are not shown stand as their numbers.
    pub description: String,
    /// What it does: `read`, `write`, `execute`, `destructive` or `admin`.
    pub class: String,
    /// How bad a mistake would be: `low`, `medium`, `high` or `critical`.
    pub severity: String,
    /// What is risky about it.
    pub signals: Vec<String>,
    /// The digest of its definition.
    pub sha256: String,
    /// How it compares with what was approved.
    pub state: McpToolState,
}

/// Servers of an app.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct McpServerList {
    /// By name; their tools as they were approved.
    pub servers: Vec<McpServerInfo>,
}

/// Approves tools as they are now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveMcpTools {
    /// By name, the digest of the definition that was looked at; one that is otherwise now is not approved.
    #[schemars(extend("maxProperties" = 200))]
    pub tools: Object<BTreeMap<String, String>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_of_a_server_is_named_with_it() {
        for good in ["find-notes", "github/create_issue", "github/*", "a/b/c"] {
            assert!(RunToolName::matches(good), "{good}");
        }
        for bad in ["", "/", "a/", "/b", "A/b", "1a/b", "a.b", &format!("a/{}", "x".repeat(129))] {
            assert!(!RunToolName::matches(bad), "{bad}");
        }
        assert!(is_server_name(&"a".repeat(40)) && !is_server_name(&"a".repeat(41)));
    }
}
