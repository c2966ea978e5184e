//! Acceptance: a verified delivery becomes a row, once for each id of its provider.

use std::time::Duration;

use chrono::{DateTime, Utc};
use mayfly_api::triggers::WebhookProvider;

use super::{COLUMNS, WebhookDelivery, WebhooksTable};
use crate::StoreError;

/// A verified delivery.
#[derive(Debug, Clone)]
pub struct NewDelivery<'a> {
    /// `whd_...`
    pub id: &'a str,
    /// `fn_...`
    pub function_id: &'a str,
    /// Whose signature it has.
    pub provider: WebhookProvider,
    /// The provider's own id of it.
    pub provider_id: Option<&'a str>,
    /// What another delivery of its id has to equal.
    pub body_digest: Option<&'a str>,
    /// The length of its body.
    pub body_bytes: usize,
    /// URL, headers and body, encrypted for `id`.
    pub sealed: &'a str,
    /// Attempts after a first one that failed.
    pub retries: u32,
    /// The pause before the first of these.
    pub backoff_seconds: u32,
    /// For how many days it is kept.
    pub retention_days: u32,
    /// How it begins.
    pub start: DeliveryStart<'a>,
}

/// How a delivery begins.
#[derive(Debug, Clone, Copy)]
pub enum DeliveryStart<'a> {
    /// It runs at once, on this node, which has it for that long without renewing its claim.
    Now {
        /// The node.
        node: &'a str,
        /// How long.
        lease: Duration,
    },
    /// A node's job starts it, unless too many of its function wait already.
    Later {
        /// From how many on.
        waiting_max: u32,
    },
}

impl<'a> DeliveryStart<'a> {
    fn claim(self) -> (bool, Option<&'a str>, f64, i64) {
        match self {
            Self::Now { node, lease } => (false, Some(node), lease.as_secs_f64(), 0),
            Self::Later { waiting_max } => (true, None, 0.0, waiting_max.into()),
        }
    }
}

/// What is answered at once has to outlast a crash of the database; what its sender waits for is delivered again after
/// one, and the commit of its outcome makes both durable.
const INSERT: &str = "WITH durability AS MATERIALIZED (SELECT set_config('synchronous_commit',
    CASE WHEN $5 THEN current_setting('synchronous_commit') ELSE 'off' END, true))
  INSERT INTO webhook_deliveries (id, function_id, provider, provider_id, state, is_async, body_digest,
    body_bytes, sealed, attempt, attempts_max, retries, backoff_seconds, received_at, run_at, node, claimed_until,
    started_at, expires_at)
  SELECT $1, $2, $3, $4, CASE WHEN $5 THEN 'received' ELSE 'running' END, $5, $6, $7, $8,
    CASE WHEN $5 THEN 0 ELSE 1 END, 1 + $9::integer, $9, $10, now(), CASE WHEN $5 THEN now() END, $12,
    CASE WHEN NOT $5 THEN now() + $13 * interval '1 s' END, CASE WHEN NOT $5 THEN now() END,
    now() + $11 * interval '1 day'
  FROM durability WHERE NOT $5 OR (SELECT count(*) FROM (SELECT 1 FROM webhook_deliveries w WHERE w.function_id = $2
    AND w.state IN ('received', 'failed') AND w.run_at IS NOT NULL LIMIT $14) waiting) < $14
  ON CONFLICT DO NOTHING RETURNING received_at";

/// What ended without success, and waits for nothing. Its attempts begin from here.
const TAKE_AGAIN: &str = "UPDATE webhook_deliveries d SET
    state = CASE WHEN $3 THEN 'received' ELSE 'running' END, is_async = $3, sealed = $4, body_bytes = $9,
    attempt = d.attempt + CASE WHEN $3 THEN 0 ELSE 1 END, attempts_max = d.attempt + 1 + $5::integer, retries = $5,
    backoff_seconds = $6, run_at = CASE WHEN $3 THEN now() END, node = $7,
    claimed_until = CASE WHEN NOT $3 THEN now() + $8 * interval '1 s' END,
    started_at = CASE WHEN $3 THEN d.started_at ELSE now() END,
    ended_at = NULL, invocation_id = NULL, status = NULL, error_code = NULL, error_message = NULL
  WHERE d.id = $1 AND d.attempt = $2 AND d.state IN ('failed', 'dead') AND d.run_at IS NULL
    AND d.succeeded_at IS NULL";

impl WebhooksTable<'_> {
    /// Keep a delivery, and say when it came. `None`: its id is known, or too many wait.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] and [`StoreError::Full`]; [`StoreError::Missing`] for a function that is gone.
    pub async fn insert(&self, new: &NewDelivery<'_>) -> Result<Option<DateTime<Utc>>, StoreError> {
        let (is_async, node, lease, waiting_max) = new.start.claim();
        let client = self.store.client().await?;
        let statement = client.prepare_cached(INSERT).await?;
        let row = client
            .query_opt(
                &statement,
                &[
                    &new.id,
                    &new.function_id,
                    &new.provider.as_str(),
                    &new.provider_id,
                    &is_async,
                    &new.body_digest,
                    &i32::try_from(new.body_bytes).unwrap_or(i32::MAX),
                    &new.sealed,
                    &new.retries.cast_signed(),
                    &new.backoff_seconds.cast_signed(),
                    &f64::from(new.retention_days),
                    &node,
                    &lease,
                    &waiting_max,
                ],
            )
            .await?;
        Ok(row.map(|row| row.get(0)))
    }

    /// The delivery with this id of its provider.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn by_provider_id(
        &self,
        function_id: &str,
        provider: WebhookProvider,
        provider_id: &str,
    ) -> Result<Option<WebhookDelivery>, StoreError> {
        let client = self.store.client().await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM webhook_deliveries d WHERE d.function_id = $1 AND d.provider = $2 AND d.provider_id = $3"
        );
        let statement = client.prepare_cached(&sql).await?;
        let row = client.query_opt(&statement, &[&function_id, &provider.as_str(), &provider_id]).await?;
        Ok(row.as_ref().map(WebhookDelivery::from_row))
    }

    /// Begin a known delivery once more, which is `new` with another id. `false`: something else did so first.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub async fn take_again(
        &self,
        known: &WebhookDelivery,
        new: &NewDelivery<'_>,
    ) -> Result<bool, StoreError> {
        let (is_async, node, lease, _) = new.start.claim();
        let client = self.store.client().await?;
        let taken = client
            .execute(
                TAKE_AGAIN,
                &[
                    &known.id,
                    &known.attempt.cast_signed(),
                    &is_async,
                    &new.sealed,
                    &new.retries.cast_signed(),
                    &new.backoff_seconds.cast_signed(),
                    &node,
                    &lease,
                    &i32::try_from(new.body_bytes).unwrap_or(i32::MAX),
                ],
            )
            .await?;
        Ok(taken > 0)
    }

    /// Count a delivery that came again and was not run.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn count_duplicate(&self, id: &str) -> Result<(), StoreError> {
        let client = self.store.client().await?;
        client
            .execute("UPDATE webhook_deliveries SET duplicates = duplicates + 1 WHERE id = $1", &[&id])
            .await?;
        Ok(())
    }
}
