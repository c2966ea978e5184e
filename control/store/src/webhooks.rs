//! The table of webhook deliveries: a row for each verified delivery, from its arrival to its outcome.
//!
//! Times are the database's own, so the nodes' clocks do not matter.

mod accept;
mod claim;
mod history;
mod settle;

use chrono::{DateTime, Utc};
use mayfly_api::triggers::WebhookProvider;
use mayfly_api::webhooks::DeliveryState;
use tokio_postgres::Row;

use crate::Store;

pub use accept::{DeliveryStart, NewDelivery};
pub use claim::{ClaimedDelivery, DeliveryClaim};
pub use history::{DeliveryHistory, DeliveryQuery};
pub use settle::{DeliveryOutcome, DeliveryRelease};

/// The table of webhook deliveries.
#[derive(Debug, Clone, Copy)]
pub struct WebhooksTable<'a> {
    pub(super) store: &'a Store,
}

/// A delivery and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookDelivery {
    /// `whd_...`
    pub id: String,
    /// Its place in the order of arrival.
    pub number: i64,
    /// Whose signature it had.
    pub provider: WebhookProvider,
    /// The provider's own id of it.
    pub provider_id: Option<String>,
    /// What became of it.
    pub state: DeliveryState,
    /// Whether it was answered before it ran.
    pub is_async: bool,
    /// What another delivery of its id has to equal.
    pub body_digest: Option<String>,
    /// The length of its body.
    pub body_bytes: u32,
    /// Whether its body is still kept.
    pub has_body: bool,
    /// How often it was started.
    pub attempt: u32,
    /// How often it came again and was not run.
    pub duplicates: u32,
    /// How often it was replayed.
    pub replays: u32,
    /// When it came first.
    pub received_at: DateTime<Utc>,
    /// When its next attempt may start.
    pub run_at: Option<DateTime<Utc>>,
    /// When its last attempt started.
    pub started_at: Option<DateTime<Utc>>,
    /// When its last attempt ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// When it succeeded first.
    pub succeeded_at: Option<DateTime<Utc>>,
    /// The invocation of its last attempt.
    pub invocation_id: Option<String>,
    /// Its response's status.
    pub status: Option<u16>,
    /// Why it failed: code and message.
    pub error: Option<(String, String)>,
}

/// What a [`WebhookDelivery`] is read from.
const COLUMNS: &str = "d.id, d.number, d.provider, d.provider_id, d.state, d.is_async, d.body_digest, d.body_bytes,
    d.sealed IS NOT NULL AS has_body, d.attempt, d.duplicates, d.replays, d.received_at, d.run_at, d.started_at,
    d.ended_at, d.succeeded_at, d.invocation_id, d.status, d.error_code, d.error_message";

/// How long an attempt that failed waits for the next one: twice as long each time, an hour at most.
const BACKOFF: &str = "least(d.backoff_seconds * power(2, least(d.attempt - d.attempts_max + d.retries, 20)), 3600) * interval '1 s'";

impl WebhookDelivery {
    fn from_row(row: &Row) -> Self {
        let count = |name: &str| row.get::<_, i32>(name).unsigned_abs();
        let code: Option<String> = row.get("error_code");
        Self {
            id: row.get("id"),
            number: row.get("number"),
            // The table holds these words alone.
            provider: WebhookProvider::parse(row.get("provider")).unwrap_or(WebhookProvider::Custom),
            provider_id: row.get("provider_id"),
            state: DeliveryState::parse(row.get("state")).unwrap_or(DeliveryState::Dead),
            is_async: row.get("is_async"),
            body_digest: row.get("body_digest"),
            body_bytes: count("body_bytes"),
            has_body: row.get("has_body"),
            attempt: count("attempt"),
            duplicates: count("duplicates"),
            replays: count("replays"),
            received_at: row.get("received_at"),
            run_at: row.get("run_at"),
            started_at: row.get("started_at"),
            ended_at: row.get("ended_at"),
            succeeded_at: row.get("succeeded_at"),
            invocation_id: row.get("invocation_id"),
            status: row.get::<_, Option<i32>>("status").and_then(|status| u16::try_from(status).ok()),
            error: code.zip(row.get("error_message")),
        }
    }
}

impl Store {
    /// The table of webhook deliveries.
    pub fn webhooks(&self) -> WebhooksTable<'_> {
        WebhooksTable { store: self }
    }
}
