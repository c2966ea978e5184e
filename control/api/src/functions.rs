//! `/v1/{app}/functions`: deploy, list, settings, versions, test calls.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::names::FunctionName;
use crate::rollouts::{RolloutInfo, RolloutSpec};
use crate::tool_schema::ToolSchema;
use crate::triggers::{Trigger, TriggerKind, TriggerSpec};
use crate::value::{Bytes, List, Millis, Number, Object, Pattern, Text, Timestamp, words};

/// The longest source, in bytes.
pub const CODE_BYTES_MAX: usize = 1 << 20;
/// The longest source map, in characters.
pub const SOURCE_MAP_CHARS_MAX: usize = 8 << 20;

words! {
    /// What an agent may do through a function.
    #[derive(Default)]
    AgentToolMode {
        /// Look.
        #[default]
        ReadOnly = "read_only",
        /// Look and change.
        ReadWrite = "read_write",
    }
}

words! {
    /// Whether all that an invocation writes is committed together.
    #[derive(Default)]
    TransactionMode {
        /// Each statement by itself, but for those in `ctx.db.tx`.
        #[default]
        None = "none",
        /// All of an invocation's statements, claims and jobs, when its response has a status below 500.
        Invocation = "invocation",
    }
}

words! {
    /// What an `Idempotency-Key` of a request means.
    #[derive(Default)]
    IdempotencyKeyMode {
        /// Nothing.
        #[default]
        Off = "off",
        /// A request that has one runs once.
        Optional = "optional",
        /// Likewise; and a request without one is refused.
        Required = "required",
    }
}

words! {
    /// Whose agents see a function.
    #[derive(Default)]
    AgentToolExposure {
        /// The developer's.
        #[default]
        DeveloperOnly = "developer_only",
        /// The end users' too.
        EndUser = "end_user",
    }
}

/// A struct with further fields for each setting of a function, and `settings()` to take them.
macro_rules! with_settings {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        $(#[$meta])*
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
            /// Wall clock, in milliseconds.
            #[serde(default, rename = "timeoutMs")]
            pub timeout_ms: Option<Number<1, 300_000>>,
            /// CPU, in milliseconds of 10 million fuel.
            #[serde(default, rename = "cpuLimitMs")]
            pub cpu_limit_ms: Option<Number<1, 300_000>>,
            /// Memory, in MiB.
            #[serde(default, rename = "memoryLimitMb")]
            pub memory_limit_mb: Option<Number<16, 1_024>>,
            /// How many of a hundred invocations are recorded, so that they can be run again.
            #[serde(default, rename = "recordPercent")]
            pub record_percent: Option<Number<0, 100>>,
            /// Whether agents may call it.
            #[serde(default)]
            pub agent_tool: Option<bool>,
            /// What it does, for agents.
            #[serde(default)]
            pub agent_tool_description: Option<Text<0, 500>>,
            /// What agents may do through it.
            #[serde(default)]
            pub agent_tool_mode: Option<AgentToolMode>,
            /// Whose agents see it.
            #[serde(default)]
            pub agent_tool_exposed_to: Option<AgentToolExposure>,
            /// What it takes as a tool: the JSON Schema of its arguments; `{}` is anything.
            #[serde(default)]
            pub agent_tool_input: Option<ToolSchema>,
            /// What it answers as a tool: the JSON Schema of its result; `{}` is anything.
            #[serde(default)]
            pub agent_tool_output: Option<ToolSchema>,
            /// Whether a service key may act as a user in it.
            #[serde(default)]
            pub allow_service_key_impersonation: Option<bool>,
            /// Whether all that an invocation writes is committed together.
            #[serde(default)]
            pub transaction: Option<TransactionMode>,
            /// Whether a request with an `Idempotency-Key` that was answered before gets that response again.
            #[serde(default, rename = "idempotencyKey")]
            pub idempotency_key: Option<IdempotencyKeyMode>,
        }

        impl $name {
            /// The settings that are named.
            pub fn settings(&self) -> SettingsChange {
                SettingsChange {
                    timeout_ms: self.timeout_ms.map(Number::get),
                    cpu_limit_ms: self.cpu_limit_ms.map(Number::get),
                    memory_limit_mb: self.memory_limit_mb.map(Number::get),
                    record_percent: self.record_percent.map(Number::get),
                    agent_tool: self.agent_tool,
                    agent_tool_description: self.agent_tool_description.as_deref().map(str::to_owned),
                    agent_tool_mode: self.agent_tool_mode,
                    agent_tool_exposed_to: self.agent_tool_exposed_to,
                    agent_tool_input: self.agent_tool_input.clone(),
                    agent_tool_output: self.agent_tool_output.clone(),
                    allow_service_key_impersonation: self.allow_service_key_impersonation,
                    transaction: self.transaction,
                    idempotency_key: self.idempotency_key,
                }
            }
        }
    };
}

/// Settings to be changed; `None` leaves one as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is documented where a request carries it")]
pub struct SettingsChange {
    pub timeout_ms: Option<u32>,
    pub cpu_limit_ms: Option<u32>,
    pub memory_limit_mb: Option<u32>,
    pub record_percent: Option<u32>,
    pub agent_tool: Option<bool>,
    pub agent_tool_description: Option<String>,
    pub agent_tool_mode: Option<AgentToolMode>,
    pub agent_tool_exposed_to: Option<AgentToolExposure>,
    pub agent_tool_input: Option<ToolSchema>,
    pub agent_tool_output: Option<ToolSchema>,
    pub allow_service_key_impersonation: Option<bool>,
    pub transaction: Option<TransactionMode>,
    pub idempotency_key: Option<IdempotencyKeyMode>,
}

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

with_settings! {
    /// Changes settings of a function; at least one.
    #[derive(Default)]
    PatchSettings {
        /// Begins, moves on, ends or completes a rollout.
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

/// A function's settings after a change.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SettingsUpdated {
    /// For people.
    pub message: String,
    /// The function.
    pub function: FunctionSettingsInfo,
}

/// A function's settings.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct FunctionSettingsInfo {
    /// `fn_...`
    pub id: String,
    /// Its name.
    pub name: String,
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
    /// The rollout beside it.
    pub rollout: Option<RolloutInfo>,
    /// When it was changed.
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
