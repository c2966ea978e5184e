//! Counters of policies: exact over all nodes, since PostgreSQL counts, by its own clock.

use super::AgentTables;
use crate::StoreError;

/// One use of a counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounterStep {
    /// Which counter of whom.
    pub key: String,
    /// The window's length; windows begin at multiples of it.
    pub window_seconds: u32,
    /// The most uses in a window.
    pub max: u32,
}

/// A counter that is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CounterFull {
    /// Its place among the steps.
    pub step: usize,
    /// Until its next window begins.
    pub retry_after_seconds: u32,
}

const USE: &str = "INSERT INTO policy_counters AS c (key, begins_at, ends_at, used)
    SELECT $1::text, w.begins_at, w.begins_at + $2::float8 * interval '1 s', 1
    FROM (SELECT to_timestamp(floor(extract(epoch FROM now())::float8 / $2::float8) * $2::float8) AS begins_at) w
    WHERE $3::bigint > 0
    ON CONFLICT (key, begins_at) DO UPDATE SET used = c.used + 1 WHERE c.used < $3::bigint
    RETURNING 1";

/// Until the window in which the transaction began ends.
const REST: &str =
    "SELECT ceil(floor(extract(epoch FROM now())::float8 / $1::float8) * $1::float8 + $1::float8
    - extract(epoch FROM clock_timestamp())::float8)::int4";

impl AgentTables<'_> {
    /// Use all of these counters, or none of them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn count(&self, steps: &[CounterStep]) -> Result<Option<CounterFull>, StoreError> {
        if steps.is_empty() {
            return Ok(None);
        }
        // In one order for everyone: two calls never wait for each other.
        let mut ordered: Vec<(usize, &CounterStep)> = steps.iter().enumerate().collect();
        ordered.sort_by(|(_, left), (_, right)| left.key.cmp(&right.key));
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        for (step, CounterStep { key, window_seconds, max }) in ordered {
            let (window, max) = (f64::from(*window_seconds), i64::from(*max));
            let statement = transaction.prepare_cached(USE).await?;
            if transaction.query_opt(&statement, &[key, &window, &max]).await?.is_none() {
                let left: i32 = transaction.query_one(REST, &[&window]).await?.get(0);
                transaction.rollback().await?;
                let retry_after_seconds = left.max(1).unsigned_abs();
                return Ok(Some(CounterFull { step, retry_after_seconds }));
            }
        }
        transaction.commit().await?;
        Ok(None)
    }
}
