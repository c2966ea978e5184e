//! The table of daily usage: what apps used of each day.

use std::ops::Add;
use std::sync::Arc;

use chrono::NaiveDate;
use tokio_postgres::Row;

use crate::{Store, StoreError};

/// What was used of a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DayUsage {
    /// Invocations begun.
    pub invocations: u64,
    /// Fuel.
    pub fuel: u64,
    /// Bytes sent out.
    pub egress_bytes: u64,
}

impl Add for DayUsage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            invocations: self.invocations.saturating_add(other.invocations),
            fuel: self.fuel.saturating_add(other.fuel),
            egress_bytes: self.egress_bytes.saturating_add(other.egress_bytes),
        }
    }
}

impl DayUsage {
    fn from_row(row: &Row) -> Self {
        let count = |name: &str| row.get::<_, i64>(name).unsigned_abs();
        Self { invocations: count("invocations"), fuel: count("fuel"), egress_bytes: count("egress_bytes") }
    }
}

/// The table of apps' use of each day.
#[derive(Debug, Clone, Copy)]
pub struct DayUsageTable<'a> {
    pub(super) store: &'a Store,
}

impl Store {
    /// The table of apps' use of each day.
    pub fn day_usage(&self) -> DayUsageTable<'_> {
        DayUsageTable { store: self }
    }
}

impl DayUsageTable<'_> {
    /// Add to days of apps, all in one statement. Gives their totals; deleted apps have none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn add(
        &self,
        batch: &[(Arc<str>, NaiveDate, DayUsage)],
    ) -> Result<Vec<(String, NaiveDate, DayUsage)>, StoreError> {
        let client = self.store.client().await?;
        let statement = client
            .prepare_cached(
                "INSERT INTO app_days AS d (app_id, day, invocations, fuel, egress_bytes)
                 SELECT a.id, b.day, b.invocations, b.fuel, b.egress_bytes
                 FROM unnest($1::text[], $2::date[], $3::bigint[], $4::bigint[], $5::bigint[])
                    AS b (app_id, day, invocations, fuel, egress_bytes)
                 JOIN apps a ON a.id = b.app_id
                 -- Several nodes do this at once: always in the same order.
                 ORDER BY a.id, b.day
                 ON CONFLICT (app_id, day) DO UPDATE SET
                    invocations = d.invocations + excluded.invocations,
                    fuel = d.fuel + excluded.fuel,
                    egress_bytes = d.egress_bytes + excluded.egress_bytes
                 RETURNING app_id, day, invocations, fuel, egress_bytes",
            )
            .await?;
        let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let apps: Vec<&str> = batch.iter().map(|(app, ..)| &**app).collect();
        let days: Vec<NaiveDate> = batch.iter().map(|(_, day, _)| *day).collect();
        let column = |of: fn(&DayUsage) -> u64| -> Vec<i64> {
            batch.iter().map(|(.., usage)| signed(of(usage))).collect()
        };
        let rows = client
            .query(
                &statement,
                &[
                    &apps,
                    &days,
                    &column(|usage| usage.invocations),
                    &column(|usage| usage.fuel),
                    &column(|usage| usage.egress_bytes),
                ],
            )
            .await?;
        Ok(rows.iter().map(|row| (row.get("app_id"), row.get("day"), DayUsage::from_row(row))).collect())
    }

    /// What an app used of a day, as far as it was written.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn get(&self, app_id: &str, day: NaiveDate) -> Result<DayUsage, StoreError> {
        let client = self.store.client().await?;
        let statement = client
            .prepare_cached(
                "SELECT invocations, fuel, egress_bytes FROM app_days WHERE app_id = $1 AND day = $2",
            )
            .await?;
        let row = client.query_opt(&statement, &[&app_id, &day]).await?;
        Ok(row.as_ref().map(DayUsage::from_row).unwrap_or_default())
    }
}
