//! Daily partitions of the records: created in advance, and dropped when they are too old.

use chrono::{DateTime, Days, NaiveDate, Utc};
use deadpool_postgres::Object;
use tokio_postgres::error::SqlState;

use super::InvocationsTable;
use crate::StoreError;

/// Days that are created in advance: for so long the job may fail without harm.
const AHEAD: u64 = 3;

/// One node at a time creates or drops partitions.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7236834721873002)";

impl InvocationsTable<'_> {
    /// Make the partitions of the next days, as far as they are missing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn prepare_days(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut client = self.store.client().await?;
        for ahead in 0..=AHEAD {
            if let Some(day) = now.date_naive().checked_add_days(Days::new(ahead)) {
                make(&mut client, day).await?;
            }
        }
        Ok(())
    }

    /// Drop what was written before this day, and sums of hours before it. Returns how many days were dropped.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; also when readers keep a day for longer than the drop may wait.
    pub async fn drop_before(&self, day: NaiveDate, sums_before: DateTime<Utc>) -> Result<usize, StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        transaction.batch_execute(LOCK).await?;
        // Writers must not queue up behind us behind a long reader.
        transaction.batch_execute("SET LOCAL lock_timeout = '2s'").await?;
        let rows = transaction
            .query(
                "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                 WHERE i.inhparent = 'invocations'::regclass AND c.relname ~ '^invocations_[0-9]{8}$'",
                &[],
            )
            .await?;
        let old: Vec<String> = rows
            .iter()
            .map(|row| row.get::<_, String>(0))
            .filter(|name| day_of(name).is_some_and(|of| of < day))
            .collect();
        for name in &old {
            transaction.batch_execute(&format!("DROP TABLE {name}")).await?;
        }
        let start = day.and_hms_opt(0, 0, 0).map(|time| time.and_utc());
        transaction.execute("DELETE FROM invocations_other WHERE recorded_at < $1", &[&start]).await?;
        transaction.execute("DELETE FROM invocation_hours WHERE hour < $1", &[&sums_before]).await?;
        transaction.commit().await?;
        Ok(old.len())
    }
}

async fn make(client: &mut Object, day: NaiveDate) -> Result<(), StoreError> {
    let Some(next) = day.succ_opt() else { return Ok(()) };
    let transaction = client.transaction().await?;
    transaction.batch_execute(LOCK).await?;
    let made = transaction
        .batch_execute(&format!(
            "CREATE TABLE IF NOT EXISTS invocations_{} PARTITION OF invocations
             FOR VALUES FROM ('{day} 00:00:00+00') TO ('{next} 00:00:00+00')",
            day.format("%Y%m%d")
        ))
        .await;
    match made {
        Ok(()) => Ok(transaction.commit().await?),
        // Records of that day are in the default partition already: there they stay.
        Err(error) if error.code() == Some(&SqlState::CHECK_VIOLATION) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn day_of(partition: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(partition.strip_prefix("invocations_")?, "%Y%m%d").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partitions_name_is_its_day() {
        assert_eq!(day_of("invocations_20260131"), NaiveDate::from_ymd_opt(2026, 1, 31));
        assert_eq!(day_of("invocations_other"), None);
        assert_eq!(day_of("invocations_20260231"), None);
    }
}
