//! What is set for a queue: how many of its jobs run at once, and whether any start.

use crate::tenant::{TenantError, Tenants};

/// What is set for a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueSettings {
    /// Jobs that run at once, over all nodes; `None`: as many as the app may run.
    pub concurrency: Option<u32>,
    /// Whether its jobs wait, whatever their time.
    pub paused: bool,
}

/// A change of it; what is `None` stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueChange {
    /// `Some(None)`: no limit.
    pub concurrency: Option<Option<u32>>,
    /// Whether its jobs wait.
    pub paused: Option<bool>,
}

impl Tenants {
    /// Change what is set for a queue.
    ///
    /// # Errors
    /// [`TenantError::Store`] when the app's database cannot be reached.
    pub async fn change_queue(
        &self,
        app_id: &str,
        name: &str,
        change: QueueChange,
    ) -> Result<QueueSettings, TenantError> {
        let client = self.admin(app_id).await?;
        let (sets_concurrency, concurrency) = (change.concurrency.is_some(), change.concurrency.flatten());
        let row = client
            .query_one(
                "INSERT INTO mayfly.queues AS q (name, concurrency, paused) VALUES ($1, $3, coalesce($4, false))
                 ON CONFLICT (name) DO UPDATE SET concurrency = CASE WHEN $2 THEN excluded.concurrency ELSE q.concurrency END,
                   paused = coalesce($4, q.paused)
                 RETURNING q.concurrency, q.paused",
                &[&name, &sets_concurrency, &concurrency.map(u32::cast_signed), &change.paused],
            )
            .await?;
        let concurrency: Option<i32> = row.get(0);
        Ok(QueueSettings { concurrency: concurrency.map(i32::unsigned_abs), paused: row.get(1) })
    }
}
