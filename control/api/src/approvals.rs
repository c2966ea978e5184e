//! `/v1/approvals`: calls of tools that wait for a person.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::value::{Number, Text, Timestamp, words};

words! {
    /// Where an approval is.
    ApprovalState {
        /// It waits for a person.
        Pending = "pending",
        /// The call may be made once.
        Approved = "approved",
        /// The call may not be made.
        Denied = "denied",
        /// The call was made.
        Used = "used",
        /// It was not decided, or not used, in time.
        Expired = "expired",
    }
}

words! {
    /// What a person decides.
    ApprovalDecision {
        /// The call may be made once.
        Approve = "approve",
        /// It may not.
        Deny = "deny",
    }
}

/// Which approvals.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListApprovals {
    /// Only in this state.
    #[serde(default)]
    pub state: Option<ApprovalState>,
    /// How many at most; 100 unless said otherwise.
    #[serde(default)]
    pub limit: Option<Number<1, 1_000>>,
}

/// Decides an approval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideApproval {
    /// Approve or deny.
    pub decision: ApprovalDecision,
    /// Why.
    #[serde(default)]
    pub reason: Option<Text<0, 500>>,
}

/// Makes a link.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeApprovalLink {
    /// For how many seconds it is good; 3,600 unless said otherwise.
    #[serde(default)]
    pub ttl_seconds: Option<Number<60, 86_400>>,
    /// For whom it is: the name that the approval is decided by.
    #[serde(default)]
    pub name: Option<Text<1, 100>>,
}

/// A link by which a person decides one approval, without a key.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalLink {
    /// To be opened by a browser. Who has it may decide: it is not for the agent.
    pub url: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// What a link has beside its path.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkToken {
    /// What makes it good.
    #[serde(default)]
    pub token: Option<Text<1, 1_000>>,
}

/// A call that waits for a person, or did.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalInfo {
    /// `apr_...`
    pub id: String,
    /// Where it is.
    pub state: ApprovalState,
    /// The app, where the call is about one.
    pub app_id: Option<String>,
    /// Who wants to call.
    pub identity: String,
    /// The tool.
    pub tool: String,
    /// Its arguments, whole: the approval is for these and no others.
    pub arguments: Value,
    /// The rule that asks for it.
    pub rule: String,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// Until when it can be decided, and used.
    pub expires_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// When the call was made.
    pub used_at: Option<Timestamp>,
}

/// Approvals.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalList {
    /// Newest first.
    pub approvals: Vec<ApprovalInfo>,
}
