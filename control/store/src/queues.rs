//! The table of watched queues: apps whose jobs, in their own databases, a node has to look at, and when.
//!
//! An app is armed before a job of it is stored, so that no crash loses one; an app without jobs is forgotten, and costs
//! nothing. Times are the database's own.

use std::time::Duration;

use crate::{Store, StoreError};

/// For how long an app is looked at again and again after it was armed. Longer than an invocation may take, its
/// background phase included: a transaction that was begun then has ended.
const ARMED: Duration = Duration::from_secs(10 * 60);

/// How often an armed app is looked at, at least.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// The table of watched queues.
#[derive(Debug, Clone, Copy)]
pub struct WatchedQueuesTable<'a> {
    store: &'a Store,
}

impl Store {
    /// The table of watched queues.
    pub fn watched_queues(&self) -> WatchedQueuesTable<'_> {
        WatchedQueuesTable { store: self }
    }
}

impl WatchedQueuesTable<'_> {
    /// A job of this app may be stored from now on.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; [`StoreError::Missing`] for an app that is gone.
    pub async fn arm(&self, app_id: &str) -> Result<(), StoreError> {
        let client = self.store.client().await?;
        let statement = client
            .prepare_cached(
                "INSERT INTO watched_queues AS q (app_id, due_at, armed_until)
                 VALUES ($1, now() + $2 * interval '1 s', now() + $3 * interval '1 s')
                 ON CONFLICT (app_id) DO UPDATE SET armed_until = excluded.armed_until,
                   due_at = least(q.due_at, excluded.due_at)",
            )
            .await?;
        client.execute(&statement, &[&app_id, &LOOK_EVERY.as_secs_f64(), &ARMED.as_secs_f64()]).await?;
        Ok(())
    }

    /// Apps that are due, at most `limit`: no other node gets them for a while. Those that are paused wait.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn take_due(&self, limit: u32) -> Result<Vec<String>, StoreError> {
        let client = self.store.client().await?;
        let statement = client
            .prepare_cached(
                "UPDATE watched_queues q SET due_at = now() + $2 * interval '1 s'
                 FROM (SELECT w.app_id FROM watched_queues w JOIN apps a ON a.id = w.app_id AND NOT a.paused
                     AND a.closed_reason IS NULL
                   WHERE w.due_at <= now() ORDER BY w.due_at LIMIT $1 FOR UPDATE OF w SKIP LOCKED) due
                 WHERE q.app_id = due.app_id RETURNING q.app_id",
            )
            .await?;
        let rows = client.query(&statement, &[&i64::from(limit), &LOOK_EVERY.as_secs_f64()]).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// The app has something to do in `seconds`; `None`: it has nothing, and is forgotten unless it is armed.
    /// Says in how many seconds a node looks next, where one does.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn look_again(&self, app_id: &str, seconds: Option<f64>) -> Result<Option<f64>, StoreError> {
        let client = self.store.client().await?;
        let statement = client
            .prepare_cached(
                "WITH forgotten AS (DELETE FROM watched_queues
                   WHERE app_id = $1 AND $2::float8 IS NULL AND armed_until <= now() RETURNING 1)
                 UPDATE watched_queues SET due_at = least(now() + $2::float8 * interval '1 s',
                     CASE WHEN armed_until > now() THEN now() + $3 * interval '1 s' END)
                 WHERE app_id = $1 AND NOT ($2::float8 IS NULL AND armed_until <= now())
                   AND NOT EXISTS (SELECT FROM forgotten)
                 RETURNING extract(epoch FROM due_at - now())::float8",
            )
            .await?;
        let row = client.query_opt(&statement, &[&app_id, &seconds, &LOOK_EVERY.as_secs_f64()]).await?;
        Ok(row.map(|row| row.get(0)))
    }

    /// Let every app be looked at now: a node that was stopped may have left something.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn all_due(&self) -> Result<(), StoreError> {
        let client = self.store.client().await?;
        client.execute("UPDATE watched_queues SET due_at = now() WHERE due_at > now()", &[]).await?;
        Ok(())
    }
}
