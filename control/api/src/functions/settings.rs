//! A function's settings: what they may be, changing them, and showing them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rollouts::{RolloutInfo, RolloutSpec};
use crate::tool_schema::ToolSchema;
use crate::value::{Number, Object, Text, Timestamp, words};

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

pub(super) use with_settings;

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
    /// Changes settings of a function; at least one.
    #[derive(Default)]
    PatchSettings {
        /// Begins, moves on, ends or completes a rollout.
        #[serde(default)]
        rollout: Option<Object<RolloutSpec>>,
    }
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
