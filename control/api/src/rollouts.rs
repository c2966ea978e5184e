//! Rollouts: a version that serves a share of the calls as a canary, and how it does.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::{Number, Timestamp, words};

/// The highest number of a version.
pub const VERSION_MAX: u32 = i32::MAX as u32;

/// How a version is rolled out as a canary.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RolloutSpec {
    /// Which version; the one that is rolled out already unless said otherwise.
    #[serde(default)]
    pub version: Option<Number<1, VERSION_MAX>>,
    /// Its share of the calls, in percent: 0 ends it, 100 lets it serve all.
    pub percent: Number<0, 100>,
    /// In percent: beyond this share of failures the canary is rolled back.
    #[serde(default)]
    pub max_error_percent: Option<Number<0, 100>>,
    /// Invocations of the canary before its failures count.
    #[serde(default)]
    pub min_invocations: Option<Number<1, 1_000_000>>,
}

words! {
    /// Where a rollout is.
    RolloutState {
        /// The version serves its share.
        Running = "running",
        /// It failed too often and was rolled back.
        RolledBack = "rolled_back",
    }
}

/// A rollout and how it goes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Rollout")]
pub struct RolloutInfo {
    /// The version.
    pub version: u32,
    /// Its share of the calls, in percent.
    pub percent: u32,
    /// In percent: beyond this share of failures the canary is rolled back.
    pub max_error_percent: u32,
    /// Invocations of the canary before its failures count.
    pub min_invocations: u32,
    /// Where it is.
    pub state: RolloutState,
    /// Invocations of the version so far.
    pub invocations: u64,
    /// Of these, failures.
    pub errors: u64,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}
