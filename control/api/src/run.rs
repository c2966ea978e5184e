//! `/v1/{app}/run`: code that runs once.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::hosts::HostPattern;
use crate::mcp_servers::RunToolName;
use crate::names::FunctionName;
use crate::value::{Bytes, List, Millis, Number, Object, Pattern, Text, words};

/// The longest code that runs once, in bytes.
const CODE_BYTES_MAX: usize = 1 << 20;
/// What records call code that runs once, which is no function's name.
pub const RUN_NAME: &str = "@run";
/// Names in one list of capabilities.
pub const NAMES_MAX: usize = 100;

words! {
    /// How far a capability goes.
    #[derive(Default)]
    AccessMode {
        /// Not at all.
        #[default]
        None = "none",
        /// Looking.
        ReadOnly = "read_only",
        /// Looking and changing.
        ReadWrite = "read_write",
    }
}

words! {
    /// A method that code may use with `fetch`.
    FetchMethod {
        /// `GET`
        Get = "GET",
        /// `HEAD`
        Head = "HEAD",
        /// `POST`
        Post = "POST",
        /// `PUT`
        Put = "PUT",
        /// `PATCH`
        Patch = "PATCH",
        /// `DELETE`
        Delete = "DELETE",
        /// `OPTIONS`
        Options = "OPTIONS",
    }
}

/// Code that runs once. Nothing of it is kept but the invocation's record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunCode {
    /// JavaScript or TypeScript: a module with a handler, or the body of an async function of `req`, `ctx` and `input`.
    pub code: Bytes<CODE_BYTES_MAX>,
    /// `input` of the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Value>,
    /// The method of `req`; POST unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Text<1, 20>>,
    /// The headers of `req` by name, a hundred at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 100))]
    pub headers: Option<BTreeMap<String, String>>,
    /// The body of `req`: a text is sent as it is, anything else as JSON. A GET or HEAD request has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// Limits below those of functions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Object<RunLimits>>,
    /// What the code may use; nothing unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Object<RunCapabilities>>,
}

/// Limits of code that runs once: those of a function that sets none, or lower.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunLimits {
    /// Wall clock, in milliseconds.
    #[serde(default, rename = "timeoutMs", skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<Number<1, 30_000>>,
    /// CPU, in milliseconds of 10 million fuel.
    #[serde(default, rename = "cpuLimitMs", skip_serializing_if = "Option::is_none")]
    pub cpu_limit_ms: Option<Number<1, 10_000>>,
    /// Memory, in MiB.
    #[serde(default, rename = "memoryLimitMb", skip_serializing_if = "Option::is_none")]
    pub memory_limit_mb: Option<Number<16, 128>>,
}

/// What code that runs once may use. What is left out it may not.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunCapabilities {
    /// `ctx.db`; with `read_write` also `ctx.idempotency`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub db: Option<AccessMode>,
    /// Variables of the app in `ctx.env`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<List<Text<1, 200>, 0, NAMES_MAX>>,
    /// Hosts that `fetch` may reach, as in the app's egress lists, which hold beside these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetch: Option<List<HostPattern, 0, NAMES_MAX>>,
    /// Methods that `fetch` may use; all unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetch_methods: Option<List<FetchMethod, 0, 7>>,
    /// Functions that `ctx.invoke` may call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub functions: Option<List<Pattern<FunctionName>, 0, NAMES_MAX>>,
    /// Functions that `ctx.enqueue` may store jobs for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enqueue: Option<List<Pattern<FunctionName>, 0, NAMES_MAX>>,
    /// `ctx.storage`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<AccessMode>,
    /// `ctx.broadcast`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broadcast: Option<bool>,
    /// Agent tools that `tools` has: functions, `SERVER/TOOL`, `SERVER/*`; all of the app's unless said otherwise. Each call is one
    /// of the caller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<List<Pattern<RunToolName>, 0, NAMES_MAX>>,
}

/// What became of code that ran once.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CodeRun {
    /// The response's status; null where the code failed.
    pub status: Option<u16>,
    /// Its headers; those that are there more than once are joined.
    pub headers: BTreeMap<String, String>,
    /// Its body: parsed where it is JSON, else a text; null where there is none.
    pub body: Value,
    /// Console entries.
    pub logs: Vec<crate::logs::ConsoleEntry>,
    /// All of its fuel, compiling included.
    pub fuel: u64,
    /// From begin to response, without compiling.
    pub duration_ms: Millis,
    /// Why it failed; null where it did not.
    pub error: Option<RunError>,
    /// What became of the promises given to `ctx.waitUntil`; null where there was none.
    pub background: Option<crate::logs::BackgroundInfo>,
    /// The invocation.
    pub invocation_id: String,
}

/// Why code that ran once failed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RunError {
    /// Of the list of error codes.
    pub code: String,
    /// What was thrown, or which limit was reached.
    pub message: String,
    /// What can be done.
    pub remediation: String,
    /// The code's page.
    pub documentation_url: String,
    /// The stack, mapped to the code as it was sent.
    pub stack: Option<String>,
}
