//! `/v1/{app}/policy`: which calls of tools agents may make.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::value::{List, Number, Object, Text, Timestamp, words};

/// The only version.
pub const POLICY_VERSION: &str = "1";
/// The longest reason, in characters.
pub const REASON_CHARS_MAX: usize = 500;

words! {
    /// What becomes of a tool that no rule names.
    #[derive(Default)]
    PolicyDefault {
        /// It may be called.
        Allow = "allow",
        /// It may not.
        #[default]
        Deny = "deny",
    }
}

words! {
    /// What a rule says of its tool.
    #[derive(Default)]
    RuleAction {
        /// It may be called, within the rule's bounds.
        #[default]
        Allow = "allow",
        /// It may not be called.
        Deny = "deny",
        /// Each call waits for a person's approval.
        RequireApproval = "require_approval",
    }
}

words! {
    /// For how long a counter counts.
    CounterWindow {
        /// One second.
        Second = "second",
        /// One minute.
        Minute = "minute",
        /// One hour.
        Hour = "hour",
        /// One day, in UTC.
        Day = "day",
    }
}

impl CounterWindow {
    /// Its length.
    pub fn seconds(self) -> u32 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }
}

words! {
    /// Whose calls a counter counts together.
    #[derive(Default)]
    CounterScope {
        /// Of one identity: a user, or else a key.
        #[default]
        Grant = "grant",
        /// Of one key.
        Key = "key",
        /// Of one session of an agent's; without one, of one identity.
        Session = "session",
        /// Of one app.
        App = "app",
        /// Of everyone.
        Global = "global",
    }
}

/// How many calls there may be in a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CounterLimit {
    /// The counter; rules that name the same one share it.
    pub counter: Text<1, 100>,
    /// For how long it counts.
    pub window: CounterWindow,
    /// The most calls in a window.
    pub max: Number<0, 1_000_000_000>,
    /// Whose calls; `grant` unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<CounterScope>,
}

/// How many calls of one identity there may be in a number of seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimitRule {
    /// The most calls in a window.
    pub max: Number<0, 1_000_000_000>,
    /// The window, in seconds.
    pub window: Number<1, 86_400>,
}

/// What an argument has to be. One that is absent is refused by `equals`, `one_of` and `pattern`, or with `required`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArgumentRule {
    /// Whether it has to be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// Exactly this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<Value>,
    /// One of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_of: Option<List<Value, 1, 1_000>>,
    /// A text that this regular expression finds something in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<Text<1, 1_000>>,
    /// A number of at least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<f64>,
    /// A number of at most this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<f64>,
    /// A text, list or object of at most this many characters, elements or members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<Number<0, 1_000_000_000>>,
    /// A JSON Schema; `false` forbids the argument.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
}

/// What holds for one tool.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolRule {
    /// `allow` unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<RuleAction>,
    /// Whether the client may ask its user for the approval, where it can (MCP elicitation): then who sits at the client decides.
    /// At a server false, and at a proxy true, unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elicit: Option<bool>,
    /// Why, for the agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Text<0, REASON_CHARS_MAX>>,
    /// How often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<List<Object<CounterLimit>, 0, 20>>,
    /// How often, in short: a counter of the tool's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<Object<RateLimitRule>>,
    /// With what: rules by the argument's path, such as `timeoutMs` or `schema.tables.*._drop`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<BTreeMap<String, Object<ArgumentRule>>>,
    /// Arguments that the audit log does not show, by their paths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redact: Option<List<Text<1, 500>, 0, 100>>,
}

/// What holds for one identity in the place of the policy's own rules.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantRules {
    /// What becomes of tools that neither the grant nor the policy names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<PolicyDefault>,
    /// Rules by tool; they replace the policy's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<BTreeMap<String, Object<ToolRule>>>,
}

/// Which calls of tools agents may make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentPolicy {
    /// Always `1`.
    pub version: String,
    /// What becomes of tools that no rule names; `deny` unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<PolicyDefault>,
    /// Whether the routes behind the tools are bound, too: a request to one counts as a call of its tool. False unless said
    /// otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routes: Option<bool>,
    /// Rules by tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<BTreeMap<String, Object<ToolRule>>>,
    /// Rules by identity: `session:ses_...`, `user:ID`, `key:key_...`, `role:admin`, `role:service` or `role:end_user`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grants: Option<BTreeMap<String, Object<GrantRules>>>,
}

/// The policy of an app.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AppPolicy {
    /// The policy as it was set; null: there is none, and every tool may be called.
    pub policy: Option<Value>,
    /// When it was set.
    pub updated_at: Option<Timestamp>,
}
