//! `/v1/{app}/usage`: sums of invocation records, and their verification.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::{Millis, Text, Timestamp, words};

words! {
    /// How sums are broken down.
    GroupBy {
        /// By function.
        Function = "function",
        /// By day, in UTC.
        Day = "day",
    }
}

/// Which sums.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetUsage {
    /// From this full hour or day on (RFC 3339 or `YYYY-MM-DD`, UTC); 30 days before `to` unless said otherwise.
    #[serde(default)]
    pub from: Option<Text<0, 40>>,
    /// Up to this full hour or day, and without it; now unless said otherwise. At most 400 days after `from`.
    #[serde(default)]
    pub to: Option<Text<0, 40>>,
    /// How they are broken down; by function unless said otherwise.
    #[serde(default)]
    pub group_by: Option<GroupBy>,
}

/// A count: a number when every JSON reader keeps it exactly, else its digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ExactCount {
    /// Up to 2^53 - 1.
    Number(u64),
    /// Beyond.
    Digits(String),
}

impl From<u128> for ExactCount {
    fn from(value: u128) -> Self {
        const SAFE_MAX: u64 = (1 << 53) - 1;
        match u64::try_from(value) {
            Ok(small) if small <= SAFE_MAX => Self::Number(small),
            _ => Self::Digits(value.to_string()),
        }
    }
}

impl std::fmt::Display for ExactCount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Digits(digits) => digits.fmt(f),
        }
    }
}

/// Sums over some records.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct UsageSums {
    /// Invocations.
    pub invocations: ExactCount,
    /// Of these, without a response or with a status of 400 and above.
    pub errors: ExactCount,
    /// From begin to response or failure.
    pub duration_ms: Millis,
    /// Fuel: 10 million are a millisecond of CPU.
    pub fuel: ExactCount,
    /// Time with a database operation pending.
    pub database_ms: Millis,
    /// Bytes sent by `fetch`.
    pub egress_bytes: ExactCount,
}

/// The sums of one group.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct UsageGroupSums {
    /// The function's id, by function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function_id: Option<String>,
    /// The function's last name, by function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// `YYYY-MM-DD`, by day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<String>,
    /// The sums.
    #[serde(flatten)]
    pub sums: UsageSums,
}

/// What an app used.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct UsageReport {
    /// From this hour on.
    pub from: Timestamp,
    /// Up to this hour, and without it.
    pub to: Timestamp,
    /// How it is broken down.
    pub group_by: GroupBy,
    /// Of everything.
    pub total: UsageSums,
    /// In the order of their keys.
    pub groups: Vec<UsageGroupSums>,
}

/// Runs a recorded invocation again.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyUsage {
    /// Its id.
    pub invocation: Text<1, 64>,
}

/// Whether what was charged was right.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct UsageVerified {
    /// The invocation.
    pub invocation_id: String,
    /// What was charged.
    pub fuel: u64,
    /// What the same invocation used now.
    pub replayed_fuel: u64,
    /// Whether the two are the same, to the unit, and the guest did the same.
    pub matches: bool,
    /// What the guest did otherwise.
    pub divergence: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_count_is_exact_whatever_its_size() {
        let shown = |value: u128| serde_json::to_value(ExactCount::from(value)).unwrap();
        assert_eq!(shown(9_007_199_254_740_991), json!(9_007_199_254_740_991_u64));
        assert_eq!(shown(9_007_199_254_740_992), json!("9007199254740992"));
        assert_eq!(shown(u128::MAX), json!(u128::MAX.to_string()));
    }
}
