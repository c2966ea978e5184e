//! Claiming: a waiting event is given to one node, which has it for as long as it renews its claim.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::StorageEvents;
use crate::StoreError;

/// A node that asks for events.
#[derive(Debug, Clone)]
pub struct UploadClaim<'a> {
    /// The node.
    pub node: &'a str,
    /// The most that it takes.
    pub limit: u32,
    /// The most that it takes of one app.
    pub per_app: u32,
    /// Apps that have as many runs on the node as they may.
    pub full_apps: &'a [String],
    /// For how long it has them without renewing.
    pub lease: Duration,
}

/// An event that this node has to run.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedUpload {
    /// `upl_...`
    pub id: String,
    /// The app.
    pub app_id: String,
    /// The function.
    pub function_name: String,
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
    /// The record of another server.
    pub record: Option<serde_json::Value>,
    /// Which start this is: 1, 2, ...
    pub attempt: u32,
    /// How often it was replayed.
    pub replays: u32,
    /// When it came.
    pub created_at: DateTime<Utc>,
}

/// Apps take turns. What belongs to a paused or closed app goes on waiting.
const CLAIM: &str = "WITH ready AS MATERIALIZED (
    SELECT d.id, d.run_at, row_number() OVER (PARTITION BY f.app_id ORDER BY d.run_at, d.number) AS place
    FROM storage_events d JOIN functions f ON f.id = d.function_id
      JOIN apps a ON a.id = f.app_id AND NOT a.paused AND a.closed_reason IS NULL
    WHERE d.state IN ('received', 'failed') AND d.run_at IS NOT NULL AND d.run_at <= now()
      AND f.app_id <> ALL ($4::text[])
  ), picked AS (
    SELECT d.id FROM storage_events d JOIN ready r ON r.id = d.id
    WHERE d.state IN ('received', 'failed') AND d.run_at IS NOT NULL AND r.place <= $3
    ORDER BY r.place, r.run_at LIMIT $2 FOR UPDATE OF d SKIP LOCKED
  )
  UPDATE storage_events d SET state = 'running', attempt = d.attempt + 1, node = $1, run_at = NULL,
    started_at = now(), ended_at = NULL, invocation_id = NULL, status = NULL, error_code = NULL, error_message = NULL,
    claimed_until = now() + $5 * interval '1 s'
  FROM picked p, functions f
  WHERE d.id = p.id AND f.id = d.function_id
  RETURNING d.id, d.bucket, d.key, d.event_key, d.etag, d.size, d.content_type, d.record, d.attempt, d.replays,
    d.created_at, f.app_id, f.name";

impl StorageEvents<'_> {
    /// Take events that wait.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn claim(&self, claim: UploadClaim<'_>) -> Result<Vec<ClaimedUpload>, StoreError> {
        let client = self.store.client().await?;
        let statement = client.prepare_cached(CLAIM).await?;
        let (limit, per_app) = (i64::from(claim.limit), i64::from(claim.per_app));
        let lease = claim.lease.as_secs_f64();
        let rows =
            client.query(&statement, &[&claim.node, &limit, &per_app, &claim.full_apps, &lease]).await?;
        let events = rows.iter().map(|row| ClaimedUpload {
            id: row.get("id"),
            app_id: row.get("app_id"),
            function_name: row.get("name"),
            bucket: row.get("bucket"),
            key: row.get("key"),
            event_key: row.get("event_key"),
            etag: row.get("etag"),
            size: row.get::<_, i64>("size").unsigned_abs(),
            content_type: row.get("content_type"),
            record: row.get("record"),
            attempt: row.get::<_, i32>("attempt").unsigned_abs(),
            replays: row.get::<_, i32>("replays").unsigned_abs(),
            created_at: row.get("created_at"),
        });
        Ok(events.collect())
    }

    /// Keep these, as far as this node still has them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn renew(&self, node: &str, ids: &[String], lease: Duration) -> Result<u64, StoreError> {
        let client = self.store.client().await?;
        let sql = "UPDATE storage_events SET claimed_until = now() + $2 * interval '1 s'
                   WHERE id = ANY ($3::text[]) AND state = 'running' AND node = $1";
        Ok(client.execute(sql, &[&node, &lease.as_secs_f64(), &ids]).await?)
    }
}
