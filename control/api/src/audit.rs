//! `/v1/audit`, `/v1/{app}/audit`: every call of a tool, allowed or not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::value::{Number, Text, Timestamp, words};

words! {
    /// What was decided of a call.
    AuditDecision {
        /// It ran.
        Allowed = "allowed",
        /// A rule forbade it.
        Denied = "denied",
        /// A counter was full.
        RateLimited = "rate_limited",
        /// It waits for a person.
        ApprovalRequired = "approval_required",
        /// It was no call: an unknown tool, a wrong argument, a key that may not.
        Refused = "refused",
    }
}

/// Which entries, and how many.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListAudit {
    /// Entries a page; 100 unless said otherwise.
    #[serde(default)]
    pub limit: Option<Number<1, 1_000>>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    pub cursor: Option<Number<1, { u32::MAX }>>,
    /// Only of this tool.
    #[serde(default)]
    pub tool: Option<Text<1, 100>>,
    /// Only with this decision.
    #[serde(default)]
    pub decision: Option<AuditDecision>,
    /// Only of this identity.
    #[serde(default)]
    pub identity: Option<Text<1, 300>>,
    /// Only of this session.
    #[serde(default)]
    pub session: Option<Text<1, 100>>,
}

/// One call.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AuditEntry {
    /// Its number.
    pub id: i64,
    /// When it was decided.
    pub at: Timestamp,
    /// The app, where the call was about one.
    pub app_id: Option<String>,
    /// Who called: `admin`, `key:key_...` or `user:ID`.
    pub identity: String,
    /// The agent's session: `ses_...`; null: it has none.
    pub session_id: Option<String>,
    /// The tool.
    pub tool: String,
    /// Its arguments, without those that are secrets or long.
    pub arguments: Value,
    /// What was decided.
    pub decision: AuditDecision,
    /// The rule that decided.
    pub rule: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Whether the call succeeded; null: it did not run, or its node was lost.
    pub succeeded: Option<bool>,
    /// The code of its failure.
    pub error_code: Option<String>,
    /// The invocation, where a function ran.
    pub invocation_id: Option<String>,
    /// The approval that it waited for.
    pub approval_id: Option<String>,
    /// The request.
    pub request_id: String,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// A page of calls.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AuditPage {
    /// Newest first.
    pub entries: Vec<AuditEntry>,
    /// Where the next page begins; null: there is none.
    pub next_cursor: Option<i64>,
}
