//! `/livez`, `/readyz` and `/errors/{code}`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::words;

/// The process answers.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Liveness {
    /// Always `alive`.
    pub status: String,
}

words! {
    /// Whether work can be sent here.
    ReadyState {
        /// It can.
        Ready = "ready",
        /// A subsystem is down.
        Unavailable = "unavailable",
    }
}

words! {
    /// How a subsystem is.
    SubsystemState {
        /// It works.
        Ok = "ok",
        /// It does not.
        Down = "down",
    }
}

/// Whether this node can work.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Readiness {
    /// Whether work can be sent here.
    pub status: ReadyState,
    /// The version of Mayfly.
    pub version: String,
    /// By name.
    pub subsystems: BTreeMap<String, Subsystem>,
    /// Sandboxes that run now.
    pub invocations_running: u32,
    /// Records that could not be kept since the start.
    pub records_dropped: u64,
}

/// One subsystem.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Subsystem {
    /// How it is.
    pub status: SubsystemState,
    /// What is wrong.
    pub message: Option<String>,
}
