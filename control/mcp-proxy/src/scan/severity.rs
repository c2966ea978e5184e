//! `Severity`: how bad a mistake with a tool would be.

use std::fmt;

use serde::Serialize;

/// How bad a mistake with a tool would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing is lost.
    Low,
    /// It can be put right.
    Medium,
    /// It has consequences outside.
    High,
    /// It cannot be put right.
    Critical,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        })
    }
}
