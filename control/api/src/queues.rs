//! `/v1/{app}/queues`: jobs for functions, and what became of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::value::{Number, Text, Timestamp, words};

words! {
    /// What became of a job.
    JobState {
        /// It waits for its start, or for its next attempt.
        Waiting = "waiting",
        /// Its function runs.
        Running = "running",
        /// Its function answered with a status below 400.
        Done = "done",
        /// Its last attempt failed, and no other comes.
        Dead = "dead",
        /// It was cancelled before it ran.
        Cancelled = "cancelled",
    }
}

/// Queues of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QueueList {
    /// By name: those that have jobs, and those that something is set for.
    pub queues: Vec<QueueInfo>,
}

/// A queue: the jobs of one function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QueueInfo {
    /// The function's name.
    pub name: String,
    /// Jobs that run at once, over all nodes; none: as many as the app may run.
    pub concurrency: Option<u32>,
    /// Whether its jobs wait, whatever their time.
    pub paused: bool,
    /// Jobs that wait.
    pub waiting: u64,
    /// Jobs that run.
    pub running: u64,
    /// Jobs that are done, as far as they are kept.
    pub done: u64,
    /// Jobs whose attempts are used up, as far as they are kept.
    pub dead: u64,
    /// Jobs that were cancelled, as far as they are kept.
    pub cancelled: u64,
    /// When the job should have started that waits longest beyond its time.
    pub oldest_due: Option<Timestamp>,
}

/// What is to be set for a queue; what is left out stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchQueue {
    /// Jobs that run at once, over all nodes; null: no limit of its own.
    #[serde(default, deserialize_with = "crate::value::present", skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Option<Number<1, 1_000>>>,
    /// Whether its jobs shall wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<bool>,
}

/// What is set for a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QueueSettingsInfo {
    /// The function's name.
    pub name: String,
    /// Jobs that run at once, over all nodes.
    pub concurrency: Option<u32>,
    /// Whether its jobs wait.
    pub paused: bool,
}

/// A job to be stored.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnqueueJob {
    /// The body of the function's request, at most 256 KiB of JSON.
    #[serde(default)]
    pub payload: Value,
    /// Seconds until it may start, at most 366 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<f64>,
    /// When it may start; excludes `delay`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// How often it is started at most; 5 unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<Number<1, 100>>,
    /// Seconds between the first attempt and the second, twice as long each time, 3600 at most; 10 unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backoff: Option<f64>,
    /// While a job of the queue with this key waits or runs, there is no second one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Text<1, 255>>,
}

/// A job that is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EnqueuedJob {
    /// `job_...`
    pub id: String,
    /// Whether it was there before, with the same key.
    pub duplicate: bool,
}

/// Which jobs, and how many.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListJobs {
    /// Jobs a page; 100 unless said otherwise.
    #[serde(default)]
    pub limit: Option<Number<1, 1_000>>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    pub cursor: Option<Text<0, 100>>,
    /// Only those in this state.
    #[serde(default)]
    pub state: Option<JobState>,
}

/// Jobs, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JobPage {
    /// The jobs, without their payloads.
    pub jobs: Vec<JobInfo>,
    /// For the next page; none at the end.
    pub next_cursor: Option<String>,
}

/// A job and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JobInfo {
    /// `job_...`
    pub id: String,
    /// The function's name.
    pub queue: String,
    /// What became of it.
    pub state: JobState,
    /// Its key.
    pub key: Option<String>,
    /// The body of the function's request; only where one job is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Value>,
    /// How often it was started.
    pub attempt: u32,
    /// How often it is at most.
    pub attempts: u32,
    /// Seconds between the first attempt and the second.
    pub backoff: f64,
    /// How often it was replayed.
    pub replays: u32,
    /// When it was stored.
    pub enqueued_at: Timestamp,
    /// When it may start, while it waits.
    pub run_at: Option<Timestamp>,
    /// When its last attempt started.
    pub started_at: Option<Timestamp>,
    /// When its last attempt ended.
    pub ended_at: Option<Timestamp>,
    /// The invocation of its last attempt.
    pub invocation_id: Option<String>,
    /// The status of its last attempt's response.
    pub status: Option<u16>,
    /// Why its last attempt failed, or could not start.
    pub error: Option<JobError>,
}

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JobError {
    /// An error code: a function's own fault, `NODE_LOST`, or `FUNCTION_STATUS` for a status of 400 and above.
    pub code: String,
    /// What happened.
    pub message: String,
}
