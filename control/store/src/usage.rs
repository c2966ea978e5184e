//! Hourly usage of an app: sums that are written in one transaction with their records.

use chrono::{DateTime, Utc};
use tokio_postgres::Row;

use crate::{Store, StoreError};

/// By what sums are broken down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsageGroup {
    /// By the function's id; a deleted one too.
    Function,
    /// By the day, in UTC.
    Day,
}

/// Sums over some records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UsageTotals {
    /// Invocations.
    pub invocations: u128,
    /// Of these, without a response or with a status of 400 and above.
    pub errors: u128,
    /// From begin to response or failure, in microseconds.
    pub duration_us: u128,
    /// Fuel, exactly.
    pub fuel: u128,
    /// Time with a database operation pending, in microseconds.
    pub database_us: u128,
    /// Bytes sent by `fetch`.
    pub egress_bytes: u128,
}

/// One group's key, its name where it has one, and its sums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageOf {
    /// A function's id, or a day as `2026-01-31`.
    pub key: String,
    /// The function's last name; empty for a day.
    pub name: String,
    /// The sums.
    pub usage: UsageTotals,
}

impl Store {
    /// An app's sums of the hours from `from` up to `to`, by group, in the order of their keys.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn usage(
        &self,
        app_id: &str,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        group: UsageGroup,
    ) -> Result<Vec<UsageOf>, StoreError> {
        let (key, name) = match group {
            UsageGroup::Function => ("function_id", "max(function_name)"),
            UsageGroup::Day => ("to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD')", "''"),
        };
        let sql = format!(
            "SELECT {key}, {name}, sum(invocations)::text, sum(errors)::text, sum(duration_us)::text, sum(fuel)::text,
                sum(database_us)::text, sum(egress_bytes)::text
             FROM invocation_hours WHERE app_id = $1 AND hour >= $2 AND hour < $3 GROUP BY 1 ORDER BY 1"
        );
        let rows = self.client().await?.query(&sql, &[&app_id, &from, &to]).await?;
        Ok(rows.iter().map(from_row).collect())
    }
}

fn from_row(row: &Row) -> UsageOf {
    // Sums of bigint, which may be larger than one.
    let sum = |column: usize| row.get::<_, &str>(column).parse().unwrap_or_default();
    let usage = UsageTotals {
        invocations: sum(2),
        errors: sum(3),
        duration_us: sum(4),
        fuel: sum(5),
        database_us: sum(6),
        egress_bytes: sum(7),
    };
    UsageOf { key: row.get(0), name: row.get(1), usage }
}

impl std::ops::AddAssign for UsageTotals {
    fn add_assign(&mut self, other: Self) {
        self.invocations += other.invocations;
        self.errors += other.errors;
        self.duration_us += other.duration_us;
        self.fuel += other.fuel;
        self.database_us += other.database_us;
        self.egress_bytes += other.egress_bytes;
    }
}
