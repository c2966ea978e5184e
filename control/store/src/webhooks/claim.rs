//! Claiming: a waiting delivery is given to one node, which has it for as long as it renews its claim.

use std::time::Duration;

use chrono::{DateTime, Utc};
use mayfly_api::triggers::WebhookProvider;

use super::WebhooksTable;
use crate::StoreError;

/// A node that asks for deliveries.
#[derive(Debug, Clone)]
pub struct DeliveryClaim<'a> {
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

/// A delivery that this node has to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedDelivery {
    /// `whd_...`
    pub id: String,
    /// The app.
    pub app_id: String,
    /// The function.
    pub function_name: String,
    /// Whose signature it had.
    pub provider: WebhookProvider,
    /// The provider's own id of it.
    pub provider_id: Option<String>,
    /// Which start this is: 1, 2, ...
    pub attempt: u32,
    /// How often it was replayed.
    pub replays: u32,
    /// When it came first.
    pub received_at: DateTime<Utc>,
}

/// Apps take turns. What belongs to a paused or closed app goes on waiting.
const CLAIM: &str = "WITH ready AS MATERIALIZED (
    SELECT d.id, d.run_at, row_number() OVER (PARTITION BY f.app_id ORDER BY d.run_at, d.number) AS place
    FROM webhook_deliveries d JOIN functions f ON f.id = d.function_id
      JOIN apps a ON a.id = f.app_id AND NOT a.paused AND a.closed_reason IS NULL
    WHERE d.state IN ('received', 'failed') AND d.run_at IS NOT NULL AND d.run_at <= now()
      AND f.app_id <> ALL ($4::text[])
  ), picked AS (
    SELECT d.id FROM webhook_deliveries d JOIN ready r ON r.id = d.id
    WHERE d.state IN ('received', 'failed') AND d.run_at IS NOT NULL AND r.place <= $3
    ORDER BY r.place, r.run_at LIMIT $2 FOR UPDATE OF d SKIP LOCKED
  )
  UPDATE webhook_deliveries d SET state = 'running', attempt = d.attempt + 1, node = $1, run_at = NULL,
    started_at = now(), ended_at = NULL, invocation_id = NULL, status = NULL, error_code = NULL, error_message = NULL,
    claimed_until = now() + $5 * interval '1 s'
  FROM picked p, functions f
  WHERE d.id = p.id AND f.id = d.function_id
  RETURNING d.id, d.provider, d.provider_id, d.attempt, d.replays, d.received_at, f.app_id, f.name";

impl WebhooksTable<'_> {
    /// Take deliveries that wait.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn claim(&self, claim: DeliveryClaim<'_>) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let client = self.store.client().await?;
        let statement = client.prepare_cached(CLAIM).await?;
        let (limit, per_app) = (i64::from(claim.limit), i64::from(claim.per_app));
        let lease = claim.lease.as_secs_f64();
        let rows =
            client.query(&statement, &[&claim.node, &limit, &per_app, &claim.full_apps, &lease]).await?;
        let deliveries = rows.iter().map(|row| ClaimedDelivery {
            id: row.get("id"),
            app_id: row.get("app_id"),
            function_name: row.get("name"),
            provider: WebhookProvider::parse(row.get("provider")).unwrap_or(WebhookProvider::Custom),
            provider_id: row.get("provider_id"),
            attempt: row.get::<_, i32>("attempt").unsigned_abs(),
            replays: row.get::<_, i32>("replays").unsigned_abs(),
            received_at: row.get("received_at"),
        });
        Ok(deliveries.collect())
    }

    /// What a delivery brought, encrypted; `None` where that is no longer kept.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn sealed(&self, id: &str) -> Result<Option<String>, StoreError> {
        let client = self.store.client().await?;
        let row = client.query_opt("SELECT sealed FROM webhook_deliveries WHERE id = $1", &[&id]).await?;
        Ok(row.and_then(|row| row.get(0)))
    }

    /// Keep these, as far as this node still has them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn renew(&self, node: &str, ids: &[String], lease: Duration) -> Result<u64, StoreError> {
        let client = self.store.client().await?;
        let sql = "UPDATE webhook_deliveries SET claimed_until = now() + $2 * interval '1 s'
                   WHERE id = ANY ($3::text[]) AND state = 'running' AND node = $1";
        Ok(client.execute(sql, &[&node, &lease.as_secs_f64(), &ids]).await?)
    }
}
