//! `/v1/{app}/invocations`: one invocation, explained.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Code;
use crate::logs::InvocationInfo;
use crate::rls::PolicyInfo;
use crate::value::Timestamp;

/// The most characters of a diff that an explanation has.
pub const DIFF_CHARS_MAX: usize = 20_000;

/// How an invocation ended, and what may have led to it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct InvocationExplained {
    /// The function.
    pub function: String,
    /// Whether it failed: an error, no response, or a status of 400 and above.
    pub failed: bool,
    /// The invocation in one sentence.
    pub summary: String,
    /// Its record: error, mapped stack, console entries, times.
    pub invocation: InvocationInfo,
    /// What its error code means, where it has one.
    pub error: Option<ErrorMeaning>,
    /// What the deploy of its version changed.
    pub deploy: Option<DeployChange>,
    /// What row-level security has to do with it, where a policy refused.
    pub row_level_security: Option<RlsExplained>,
    /// What to look at next.
    pub next_steps: Vec<String>,
}

/// What an error code means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorMeaning {
    /// The code.
    pub code: String,
    /// In a few words.
    pub title: String,
    /// What can be done about it.
    pub remediation: String,
    /// The code's page.
    pub documentation_url: String,
}

impl ErrorMeaning {
    /// What is known of a code by its text; `None`: it is not one of the API's.
    pub fn of(text: &str, base: &str) -> Option<Self> {
        let code = Code::ALL.iter().find(|code| code.as_str() == text)?;
        Some(Self {
            code: text.to_owned(),
            title: code.title().to_owned(),
            remediation: code.remediation().to_owned(),
            documentation_url: format!("{base}/errors/{text}"),
        })
    }
}

/// What a deploy changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeployChange {
    /// The version that ran.
    pub version: u32,
    /// When it was deployed.
    pub deployed_at: Timestamp,
    /// Whether it still serves.
    pub active: bool,
    /// The version before; null: it was the first.
    pub before: Option<u32>,
    /// Whether the app's schema was another one when the version before was deployed.
    pub schema_changed: bool,
    /// The change of the source as a unified diff; null where there is no version before, or the source is the same.
    pub diff: Option<String>,
    /// Whether the diff was cut.
    pub diff_cut: bool,
}

/// What row-level security has to do with a failure.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RlsExplained {
    /// The table whose policy refused.
    pub table: String,
    /// The database role that it ran as.
    pub role: String,
    /// The user, where there is one.
    pub user_id: Option<String>,
    /// The table's policies.
    pub policies: Vec<PolicyInfo>,
    /// In words.
    pub reason: String,
}
