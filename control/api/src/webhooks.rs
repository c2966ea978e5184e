//! `/v1/{app}/functions/{name}/webhook/deliveries`: what came to a function's webhook trigger, and what became of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::triggers::WebhookProvider;
use crate::value::{Number, Text, Timestamp, words};

words! {
    /// What became of a delivery.
    DeliveryState {
        /// It is verified and kept, and waits for its start.
        Received = "received",
        /// Its function runs.
        Running = "running",
        /// Its function answered with a status below 400.
        Done = "done",
        /// Its last attempt failed; `run_at` says when the next one comes. Without that, it runs again when the
        /// sender delivers it again.
        Failed = "failed",
        /// Its last attempt failed, and no other comes.
        Dead = "dead",
    }
}

/// Which deliveries, and how many.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListDeliveries {
    /// Deliveries a page; 100 unless said otherwise.
    #[serde(default)]
    pub limit: Option<Number<1, 1_000>>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    pub cursor: Option<Text<0, 100>>,
    /// Only those in this state.
    #[serde(default)]
    pub state: Option<DeliveryState>,
}

/// Deliveries, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryPage {
    /// The deliveries.
    pub deliveries: Vec<DeliveryInfo>,
    /// For the next page; none at the end.
    pub next_cursor: Option<String>,
}

/// A delivery and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryInfo {
    /// `whd_...`
    pub id: String,
    /// Whose signature it had.
    pub provider: WebhookProvider,
    /// The provider's own id of it.
    pub provider_id: Option<String>,
    /// What became of it.
    pub state: DeliveryState,
    /// Whether it was answered before it ran.
    #[serde(rename = "async")]
    pub is_async: bool,
    /// How often it was started.
    pub attempt: u32,
    /// How often it came again and was not run.
    pub duplicates: u32,
    /// How often it was replayed.
    pub replays: u32,
    /// The length of its body.
    pub body_bytes: u32,
    /// Whether its body is still kept, so that it can be replayed.
    pub has_body: bool,
    /// When it came first.
    pub received_at: Timestamp,
    /// When its next attempt may start, while it waits.
    pub run_at: Option<Timestamp>,
    /// When its last attempt started.
    pub started_at: Option<Timestamp>,
    /// When its last attempt ended.
    pub ended_at: Option<Timestamp>,
    /// When it succeeded first: from then on its id is a duplicate.
    pub succeeded_at: Option<Timestamp>,
    /// The invocation of its last attempt.
    pub invocation_id: Option<String>,
    /// The status of its last attempt's response.
    pub status: Option<u16>,
    /// Why its last attempt failed.
    pub error: Option<DeliveryError>,
}

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryError {
    /// An error code: a function's own fault, `NODE_LOST`, or `FUNCTION_STATUS` for a status of 400 and above.
    pub code: String,
    /// What happened.
    pub message: String,
}

/// What a sender is told that does not wait for the function, or whose delivery came before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryAccepted {
    /// Always true.
    pub ok: bool,
    /// `whd_...`
    pub delivery_id: String,
    /// Whether it came before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub duplicate: bool,
}
