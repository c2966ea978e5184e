//! Removes expired claims of idempotency keys, and responses under keys of requests. They can be taken again without that: it is for the disk space.

use super::{TenantError, Tenants};
use mayfly_api::apps::AppState;

/// Claims that one statement removes: it holds their locks until it ends.
const BATCH: i64 = 1_000;

/// Statements for one app in one sweep. What is left then is left for the next one.
const BATCHES_MAX: usize = 100;

/// `SKIP LOCKED`: rows that another transaction holds, another node's sweep too, are left for the next sweep.
const SWEEP: &str = "DELETE FROM public._idempotency_keys WHERE expires_at <= now() AND ctid = ANY (ARRAY(
        SELECT ctid FROM public._idempotency_keys WHERE expires_at <= now()
        ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED))";

/// The same of responses to requests with a key.
const SWEEP_RESPONSES: &str = "DELETE FROM mayfly.responses WHERE expires_at <= now() AND ctid = ANY (ARRAY(
        SELECT ctid FROM mayfly.responses WHERE expires_at <= now()
        ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED))";

/// The same of keys of `ctx.kv`.
const SWEEP_KEYS: &str = "DELETE FROM mayfly.kv WHERE expires_at <= now() AND ctid = ANY (ARRAY(
        SELECT ctid FROM mayfly.kv WHERE expires_at <= now()
        ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED))";

impl Tenants {
    /// Remove an app's expired claims. Gives how many.
    ///
    /// # Errors
    /// [`TenantError::Store`] when its database cannot be reached, [`TenantError::Missing`] when there is none.
    pub async fn sweep_claims(&self, app_id: &str) -> Result<u64, TenantError> {
        // A connection of its own: those of the pools are the functions'.
        let client = self.admin(app_id).await?;
        // The app's own SQL may hold the table: then it is left for the next sweep, and the others come to their turn.
        client.batch_execute("SET lock_timeout = '2s'").await?;
        let mut swept = 0;
        for sweep in [SWEEP, SWEEP_RESPONSES, SWEEP_KEYS] {
            for _ in 0..BATCHES_MAX {
                let removed = client.execute(sweep, &[&BATCH]).await?;
                swept += removed;
                if removed < BATCH.unsigned_abs() {
                    break;
                }
            }
        }
        Ok(swept)
    }

    /// Remove the expired claims of every app, one after the other. One app's failure does not stop the others.
    ///
    /// # Errors
    /// When the list of apps cannot be read.
    pub async fn sweep_all_claims(&self) -> Result<u64, TenantError> {
        let mut swept = 0;
        for app in self.store().apps().list().await? {
            if app.state != AppState::Ready {
                continue;
            }
            match self.sweep_claims(&app.id).await {
                Ok(removed) => swept += removed,
                Err(error) => {
                    tracing::warn!(%error, app = app.id, "removing expired claims failed; the next sweep will retry")
                }
            }
        }
        Ok(swept)
    }
}
