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
    /// Sessions in apps' databases that this node has ended since its start, because they took more than their part.
    pub sessions_ended: u64,
    /// How compiling hot functions goes on this node; null where it is switched off.
    pub compile_hot: Option<CompileHot>,
}

/// What came of compiling hot functions since this node's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CompileHot {
    /// How often functions were seen running.
    pub samples: u64,
    /// Modules that were compiled of functions that had become hot.
    pub compiled: u64,
    /// Modules that were compiled again: another node's, or such as had left the cache directory.
    pub restored: u64,
    /// Modules that could not be compiled.
    pub failed: u64,
    /// Modules that were given up: their version got no calls any more, another node was first, or too many of the app's waited.
    pub dropped: u64,
    /// Files of the cache directory that were not what was kept there, and were not used.
    pub refused: u64,
}

/// One subsystem.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Subsystem {
    /// How it is.
    pub status: SubsystemState,
    /// What is wrong.
    pub message: Option<String>,
}
