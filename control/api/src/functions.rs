//! `/v1/{app}/functions`: deploy, list, settings, versions, test calls.

mod settings;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::names::FunctionName;
use crate::rollouts::{RolloutInfo, RolloutSpec};
use crate::tool_schema::ToolSchema;
use crate::triggers::{Trigger, TriggerKind, TriggerSpec};
use crate::value::{Bytes, List, Millis, Number, Object, Pattern, Text, Timestamp, words};

use settings::with_settings;
pub use settings::{
    AgentToolExposure, AgentToolMode, FunctionSettingsInfo, IdempotencyKeyMode, PatchSettings,
    SettingsChange, SettingsUpdated, TransactionMode,
};

/// The longest source, in bytes.
pub const CODE_BYTES_MAX: usize = 10 << 20;
/// The longest source map, in characters.
pub const SOURCE_MAP_CHARS_MAX: usize = 8 << 20;

with_settings! {
    /// Deploys a function, or another version of it. What a redeploy leaves out keeps its value.
    DeployFunction {
        /// Its name within the app.
        name: Pattern<FunctionName>,
        /// JavaScript or TypeScript.
        code: Bytes<CODE_BYTES_MAX>,
        /// The source map of the bundler that made `code`.
        #[serde(default, rename = "sourceMap")]
        source_map: Option<Text<1, SOURCE_MAP_CHARS_MAX>>,
        /// The author's words.
        #[serde(default)]
        description: Option<Text<0, 1_000>>,
        /// All of its environment variables: names as of `PATCH .../env`.
        #[serde(default, rename = "envVars")]
        #[schemars(extend("maxProperties" = crate::env::VARIABLES_MAX))]
        env_vars: Option<BTreeMap<String, String>>,
        /// Its only trigger.
        #[serde(default)]
        trigger: Option<Object<TriggerSpec>>,
        /// Its triggers, one of each type at most; wins over `trigger`. Neither means one http trigger.
        #[serde(default)]
        triggers: Option<List<Object<TriggerSpec>, 1, 5>>,
        /// Lets the new version serve a part of the calls.
        #[serde(default)]
        rollout: Option<Object<RolloutSpec>>,
    }
}

/// A trigger's type, and whether it starts anything.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TriggerState {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: TriggerKind,
    /// Whether it starts anything.
    pub enabled: bool,
}

/// A version that serves now.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DeployedFunction {
    /// `fn_...`
    pub id: String,
    /// Equal to `id`; for older clients.
    pub function_id: String,
    /// Its name.
    pub name: String,
    /// Where it is called; null without an http trigger.
    pub url: Option<String>,
    /// Always `deployed`.
    pub status: String,
    /// The version's number.
    pub version: u32,
    /// Its triggers.
    pub triggers: Vec<TriggerState>,
    /// When it began to serve.
    #[serde(rename = "deployedAt")]
    pub deployed_at: Timestamp,
    /// The schema's fingerprint when it was deployed.
    pub schema_fingerprint: Option<String>,
    /// Bytes of its image; of a deploy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_bytes: Option<u64>,
    /// Fuel that its top level used; of a deploy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init_fuel: Option<u64>,
    /// What to mind; of a rollback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warnings: Option<Vec<String>>,
}

/// Lets an older version serve again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RollBack {
    /// Its number; the one before the present one unless said otherwise.
    #[serde(default)]
    pub version: Option<Number<1, { u32::MAX }>>,
}

words! {
    /// How a function does.
    FunctionState {
        /// It serves.
        Active = "active",
        /// More than a tenth of the last day's invocations failed.
        Error = "error",
    }
}

/// What the list shows of a function.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct FunctionSummary {
    /// `fn_...`
    pub id: String,
    /// Its name.
    pub name: String,
    /// The author's words.
    pub description: Option<String>,
    /// The version that serves.
    pub version: Option<u32>,
    /// Its triggers.
    pub triggers: Vec<Trigger>,
    /// Where it is called; null without an http trigger.
    pub url: Option<String>,
    /// How it does.
    pub status: FunctionState,
    /// When the present version began to serve.
    #[serde(rename = "deployedAt")]
    pub deployed_at: Option<Timestamp>,
    /// When it was called last.
    #[serde(rename = "lastInvoked")]
    pub last_invoked: Option<Timestamp>,
    /// The status of the last response.
    #[serde(rename = "lastStatus")]
    pub last_status: Option<u16>,
    /// Invocations so far.
    #[serde(rename = "invocationCount")]
    pub invocation_count: u64,
    /// The share of failures among the last day's invocations, 0 to 1.
    #[serde(rename = "errorRate")]
    pub error_rate: f64,
    /// Milliseconds on average: in the list of the last day, of one function of all time.
    #[serde(rename = "avgDuration")]
    pub avg_duration: Option<f64>,
    /// Whether agents may call it.
    pub agent_tool: bool,
    /// What it does, for agents.
    pub agent_tool_description: Option<String>,
    /// What agents may do through it.
    pub agent_tool_mode: AgentToolMode,
    /// Whose agents see it.
    pub agent_tool_exposed_to: AgentToolExposure,
    /// What it takes as a tool.
    pub agent_tool_input: Option<ToolSchema>,
    /// What it answers as a tool.
    pub agent_tool_output: Option<ToolSchema>,
    /// Whether a service key may act as a user in it.
    pub allow_service_key_impersonation: bool,
    /// Whether all that an invocation writes is committed together.
    pub transaction: TransactionMode,
    /// Whether a request with an `Idempotency-Key` that was answered before gets that response again.
    #[serde(rename = "idempotencyKey")]
    pub idempotency_key: IdempotencyKeyMode,
}

/// An app's functions.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct FunctionList {
    /// In the order of their names.
    pub functions: Vec<FunctionSummary>,
}

/// Everything about a function but its variables' values.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct FunctionDetails {
    /// What the list shows.
    #[serde(flatten)]
    pub summary: FunctionSummary,
    /// The source that serves.
    pub code: Option<String>,
    /// The names of its variables.
    #[serde(rename = "envKeys")]
    pub env_keys: Vec<String>,
    /// Wall clock, in milliseconds.
    #[serde(rename = "timeoutMs")]
    pub timeout_ms: u32,
    /// CPU, in milliseconds of 10 million fuel.
    #[serde(rename = "cpuLimitMs")]
    pub cpu_limit_ms: u32,
    /// Memory, in MiB.
    #[serde(rename = "memoryLimitMb")]
    pub memory_limit_mb: u32,
    /// How many of a hundred invocations are recorded.
    #[serde(rename = "recordPercent")]
    pub record_percent: u32,
    /// The names of those functions in its code that are compiled, because they were hot.
    #[serde(rename = "compiledFunctions")]
    pub compiled_functions: Vec<String>,
    /// Failures so far.
    #[serde(rename = "errorCount")]
    pub error_count: u64,
    /// The schema's fingerprint when it was deployed.
    pub schema_fingerprint: Option<String>,
    /// When it was first deployed.
    #[serde(rename = "createdAt")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(rename = "updatedAt")]
    pub updated_at: Timestamp,
}

/// One immutable state of a function's code.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Version")]
pub struct VersionInfo {
    /// `ver_...`
    pub id: String,
    /// Its number.
    pub version: u32,
    /// Whether it serves.
    pub active: bool,
    /// The name of its source's file.
    pub file_name: String,
    /// Bytes of its source.
    pub code_bytes: u64,
    /// When it was deployed.
    pub created_at: Timestamp,
    /// The schema's fingerprint when it was deployed.
    pub schema_fingerprint: Option<String>,
}

/// A function's versions.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct VersionList {
    /// Newest first.
    pub versions: Vec<VersionInfo>,
    /// The rollout, running or the last one.
    pub rollout: Option<RolloutInfo>,
}

/// A test call as the service role.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvokeFunction {
    /// The request's method; unless said otherwise the one that the http trigger names, or else POST.
    #[serde(default)]
    pub method: Option<Text<1, 20>>,
    /// What follows the function's URL: `/path`, `?query` or both.
    #[serde(default)]
    pub path: Option<Text<0, 2_000>>,
    /// Headers by name, a hundred at most.
    #[serde(default)]
    #[schemars(extend("maxProperties" = 100))]
    pub headers: Option<BTreeMap<String, String>>,
    /// A text is sent as it is, anything else as JSON. A GET or HEAD request has none.
    #[serde(default)]
    pub body: Option<Value>,
    /// Whether the answer waits for what the function gave to `ctx.waitUntil`; it does unless said otherwise.
    #[serde(default)]
    pub wait_background: Option<bool>,
}

/// A test call's response, and what the invocation did.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Invoked {
    /// The response's status.
    pub status: u16,
    /// Its headers; those that are there more than once are joined.
    pub headers: BTreeMap<String, String>,
    /// Its body: parsed where it is JSON, else a text; null where there is none.
    pub body: Value,
    /// From begin to response.
    pub duration_ms: Millis,
    /// The invocation.
    pub invocation_id: String,
    /// All of its fuel, background included; null where the answer did not wait for that.
    pub fuel: Option<u64>,
    /// Its console entries; null likewise.
    pub logs: Option<Vec<crate::logs::ConsoleEntry>>,
    /// What became of the promises given to `ctx.waitUntil`; null where there was none, or the answer did not wait.
    pub background: Option<crate::logs::BackgroundInfo>,
}
