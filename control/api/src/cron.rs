//! `/v1/{app}/functions/{name}/cron`: when a function's cron trigger fires, and what became of its slots.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::triggers::{Catchup, Overlap};
use crate::value::{Timestamp, words};

words! {
    /// What became of a slot.
    SlotState {
        /// It is due, and waits for its start, or for its next attempt.
        Waiting = "waiting",
        /// Its function runs.
        Running = "running",
        /// Its function answered with a status below 400.
        Ran = "ran",
        /// Its last attempt failed.
        Failed = "failed",
        /// The slot before it was still running.
        SkippedOverlap = "skipped_overlap",
        /// The app was paused.
        SkippedPaused = "skipped_paused",
        /// No node was there to run it, and the catch-up policy did not ask for it later.
        Missed = "missed",
    }
}

/// A slot: one instant of a schedule, or a run that was asked for beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SlotInfo {
    /// The instant.
    pub scheduled_at: Timestamp,
    /// Whether it was asked for by `POST .../cron/run`.
    pub manual: bool,
    /// What became of it.
    pub state: SlotState,
    /// The slots that this entry stands for: more than one where a long outage missed more than 1,000.
    pub slots: u32,
    /// How often it was started.
    pub attempt: u32,
    /// When its last attempt started.
    pub started_at: Option<Timestamp>,
    /// When its last attempt ended.
    pub ended_at: Option<Timestamp>,
    /// When its next attempt may start, while it waits.
    pub run_at: Option<Timestamp>,
    /// The invocation of its last attempt.
    pub invocation_id: Option<String>,
    /// The status of its last attempt's response.
    pub status: Option<u16>,
    /// Why its last attempt failed.
    pub error: Option<SlotError>,
}

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SlotError {
    /// An error code: a function's own fault, `NODE_LOST`, or `FUNCTION_STATUS` for a status of 400 and above.
    pub code: String,
    /// What happened.
    pub message: String,
}

/// A function's cron trigger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CronInfo {
    /// Its expression, as it was deployed.
    pub schedule: String,
    /// Its IANA time zone.
    pub timezone: String,
    /// What happens when a slot comes while the last one runs.
    pub overlap: Overlap,
    /// Which missed slots run later.
    pub catchup: Catchup,
    /// Attempts after a first one that failed.
    pub retries: u32,
    /// The pause before the first of these; each further pause is twice as long.
    pub backoff_seconds: u32,
    /// Whether it fires.
    pub enabled: bool,
    /// The next 10 slots; none while it is disabled.
    pub next: Vec<Timestamp>,
    /// The last 100 slots, newest first.
    pub slots: Vec<SlotInfo>,
}
