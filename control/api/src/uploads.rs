//! `/v1/{app}/functions/{name}/uploads`: the objects that fired a function's upload trigger, and what became of each;
//! and what other servers tell of theirs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::{Number, Text, Timestamp, words};

words! {
    /// What became of an upload event.
    UploadEventState {
        /// It waits for its start.
        Received = "received",
        /// Its function runs.
        Running = "running",
        /// Its function answered with a status below 400.
        Done = "done",
        /// Its last attempt failed; `run_at` says when the next one comes.
        Failed = "failed",
        /// Its last attempt failed, and no other comes.
        Dead = "dead",
    }
}

/// Which events, and how many.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListUploads {
    /// Events a page; 100 unless said otherwise.
    #[serde(default)]
    pub limit: Option<Number<1, 1_000>>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    pub cursor: Option<Text<0, 100>>,
    /// Only those in this state.
    #[serde(default)]
    pub state: Option<UploadEventState>,
}

/// Events, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UploadEventPage {
    /// The events.
    pub uploads: Vec<UploadEventInfo>,
    /// For the next page; none at the end.
    pub next_cursor: Option<String>,
}

/// An upload event and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "UploadEvent")]
pub struct UploadEventInfo {
    /// `upl_...`
    pub id: String,
    /// The object's bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// The version of the object; of another server's object, what that server tells versions apart by.
    pub version_id: String,
    /// Its ETag.
    pub etag: String,
    /// Bytes.
    pub size: u64,
    /// Its content type.
    pub content_type: Option<String>,
    /// Whether another server told of it.
    pub external: bool,
    /// What became of it.
    pub state: UploadEventState,
    /// How often it was started.
    pub attempt: u32,
    /// How often another server told of it again.
    pub duplicates: u32,
    /// How often it was replayed.
    pub replays: u32,
    /// When the object was written, or its server told of it.
    pub created_at: Timestamp,
    /// When its next attempt may start, while it waits.
    pub run_at: Option<Timestamp>,
    /// When its last attempt started.
    pub started_at: Option<Timestamp>,
    /// When its last attempt ended.
    pub ended_at: Option<Timestamp>,
    /// The invocation of its last attempt.
    pub invocation_id: Option<String>,
    /// The status of its last attempt's response.
    pub status: Option<u16>,
    /// Why its last attempt failed.
    pub error: Option<UploadEventError>,
}

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UploadEventError {
    /// An error code: a function's own fault, `NODE_LOST`, or `FUNCTION_STATUS` for a status of 400 and above.
    pub code: String,
    /// What happened.
    pub message: String,
}

/// How many functions were told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventsTaken {
    /// Records of created objects.
    pub records: u32,
    /// Runs that they start; what was known already starts none.
    pub uploads: u64,
}

/// S3 event notifications as AWS and MinIO send them: `{"Records": [...]}`, with other members beside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct S3Notification {
    /// The records; without them, it is a test of the connection.
    #[serde(default, rename = "Records")]
    #[schemars(schema_with = "records")]
    pub records: Vec<serde_json::Value>,
}

fn records(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "array", "maxItems": RECORDS_MAX, "items": { "type": "object" },
        "description": "S3 event records; those of other events than `ObjectCreated` are passed over.",
    })
}

/// Records of one notification.
pub const RECORDS_MAX: usize = 1_000;
