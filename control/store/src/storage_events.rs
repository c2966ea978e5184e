//! The ledger of upload triggers: a row for each function and object version, from the write to the run's outcome.
//!
//! Times are the database's own, so the nodes' clocks do not matter.

mod claim;
mod history;
mod settle;

use chrono::{DateTime, Utc};
use mayfly_api::uploads::UploadEventState;
use tokio_postgres::{Row, Transaction};

use crate::{Store, StoreError};

pub use claim::{ClaimedUpload, UploadClaim};
pub use history::{UploadHistory, UploadQuery};
pub use settle::{UploadOutcome, UploadRelease};

/// The ledger of upload triggers.
#[derive(Debug, Clone, Copy)]
pub struct StorageEvents<'a> {
    pub(super) store: &'a Store,
}

/// An event and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadEvent {
    /// `upl_...`
    pub id: String,
    /// Its place in the order of arrival.
    pub number: i64,
    /// The object's bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// The version of the object, or what another server tells versions apart by.
    pub event_key: String,
    /// Without quotes.
    pub etag: String,
    /// Bytes.
    pub size: u64,
    /// As it was sent.
    pub content_type: Option<String>,
    /// Whether another server told of it.
    pub is_external: bool,
    /// What became of it.
    pub state: UploadEventState,
    /// How often it was started.
    pub attempt: u32,
    /// How often another server told of it again.
    pub duplicates: u32,
    /// How often it was replayed.
    pub replays: u32,
    /// When it came.
    pub created_at: DateTime<Utc>,
    /// When its next attempt may start.
    pub run_at: Option<DateTime<Utc>>,
    /// When its last attempt started.
    pub started_at: Option<DateTime<Utc>>,
    /// When its last attempt ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// The invocation of its last attempt.
    pub invocation_id: Option<String>,
    /// Its response's status.
    pub status: Option<u16>,
    /// Why it failed: code and message.
    pub error: Option<(String, String)>,
}

/// An object that was written.
#[derive(Debug, Clone, Copy)]
pub struct Uploaded<'a> {
    /// The app.
    pub app_id: &'a str,
    /// Tells it apart from other writings.
    pub event_key: &'a str,
    /// Its bucket.
    pub bucket: &'a str,
    /// Its key.
    pub key: &'a str,
    /// Without quotes.
    pub etag: &'a str,
    /// Bytes.
    pub size: u64,
    /// As it was sent.
    pub content_type: Option<&'a str>,
    /// The record of another server.
    pub record: Option<&'a serde_json::Value>,
}

/// Attempts after a first one that failed, and the pause before the first of these; it doubles.
const RETRIES: i32 = 5;
const BACKOFF_SECONDS: i32 = 10;

/// How long an attempt that failed waits for the next one: twice as long each time, an hour at most.
const BACKOFF: &str = "least(d.backoff_seconds * power(2, least(d.attempt - d.attempts_max + d.retries, 20)), 3600) * interval '1 s'";

const COLUMNS: &str = "d.id, d.number, d.bucket, d.key, d.event_key, d.etag, d.size, d.content_type,
    d.record IS NOT NULL AS is_external, d.state, d.attempt, d.duplicates, d.replays, d.created_at, d.run_at,
    d.started_at, d.ended_at, d.invocation_id, d.status, d.error_code, d.error_message";

/// One row for each function that asks for such objects. A content type is compared without its parameters.
const INSERT: &str = "INSERT INTO storage_events AS d (id, function_id, event_key, bucket, key, etag, size, content_type,
    record, state, attempts_max, retries, backoff_seconds, run_at)
  SELECT 'upl_' || replace(gen_random_uuid()::text, '-', ''), f.id, $2, $3, $4, $5, $6, $7, $8, 'received', 1 + $9::integer,
    $9, $10, now()
  FROM functions f JOIN triggers t ON t.function_id = f.id AND t.kind = 's3_upload' AND t.enabled
  WHERE f.app_id = $1 AND t.config ->> 'bucket' = $3 AND starts_with($4, coalesce(t.config ->> 'prefix', ''))
    AND (coalesce(jsonb_array_length(nullif(t.config -> 'contentTypes', 'null')), 0) = 0 OR EXISTS (
      SELECT 1 FROM jsonb_array_elements_text(t.config -> 'contentTypes') w,
        lower(btrim(split_part(coalesce($7, 'binary/octet-stream'), ';', 1))) c
      WHERE w IN ('*/*', c) OR right(w, 2) = '/*' AND starts_with(c, left(w, -1))))
  ON CONFLICT (function_id, event_key) DO UPDATE SET duplicates = d.duplicates + 1
  RETURNING (xmax = 0) AS is_new";

/// Keep an event for each function that it starts. Says how many there are; those that were known already are counted
/// as duplicates.
pub(super) async fn insert(
    transaction: &Transaction<'_>,
    uploaded: &Uploaded<'_>,
) -> Result<u64, StoreError> {
    let rows = transaction
        .query(
            INSERT,
            &[
                &uploaded.app_id,
                &uploaded.event_key,
                &uploaded.bucket,
                &uploaded.key,
                &uploaded.etag,
                &i64::try_from(uploaded.size).unwrap_or(i64::MAX),
                &uploaded.content_type,
                &uploaded.record,
                &RETRIES,
                &BACKOFF_SECONDS,
            ],
        )
        .await?;
    Ok(rows.iter().filter(|row| row.get(0)).count() as u64)
}

impl UploadEvent {
    fn from_row(row: &Row) -> Self {
        let count = |name: &str| row.get::<_, i32>(name).unsigned_abs();
        let code: Option<String> = row.get("error_code");
        Self {
            id: row.get("id"),
            number: row.get("number"),
            bucket: row.get("bucket"),
            key: row.get("key"),
            event_key: row.get("event_key"),
            etag: row.get("etag"),
            size: row.get::<_, i64>("size").unsigned_abs(),
            content_type: row.get("content_type"),
            is_external: row.get("is_external"),
            // The table holds these words alone.
            state: UploadEventState::parse(row.get("state")).unwrap_or(UploadEventState::Dead),
            attempt: count("attempt"),
            duplicates: count("duplicates"),
            replays: count("replays"),
            created_at: row.get("created_at"),
            run_at: row.get("run_at"),
            started_at: row.get("started_at"),
            ended_at: row.get("ended_at"),
            invocation_id: row.get("invocation_id"),
            status: row.get::<_, Option<i32>>("status").and_then(|status| u16::try_from(status).ok()),
            error: code.zip(row.get("error_message")),
        }
    }
}

impl Store {
    /// The ledger of upload triggers.
    pub fn storage_events(&self) -> StorageEvents<'_> {
        StorageEvents { store: self }
    }
}

impl StorageEvents<'_> {
    /// Keep what another server told of. Says how many functions it starts; those that know it already are not.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] and [`StoreError::Full`]: nothing is kept.
    pub async fn tell(&self, uploaded: &[Uploaded<'_>]) -> Result<u64, StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        let mut events = 0;
        for uploaded in uploaded {
            events += insert(&transaction, uploaded).await?;
        }
        transaction.commit().await?;
        Ok(events)
    }
}
