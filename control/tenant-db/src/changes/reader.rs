//! `ChangeReader`: a node's connection that reads the changes of one app's tables.
//!
//! What is new is told by snapshots: all that the last one had not seen, whenever it was begun. So nothing is read twice,
//! and a transaction that takes long holds nothing up.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio_postgres::{Client, Row, Statement};

use crate::tenant::{TenantError, Tenants};

/// Changes that one reading gives, and the bytes of their rows.
const CHANGES_MAX: i64 = 10_000;
const BYTES_MAX: i64 = 16 << 20;

/// For how long tables record without a renewal, and when it is renewed.
const LEASE: Duration = Duration::from_secs(60);
const RENEW_EVERY: Duration = Duration::from_secs(15);
/// For how long a change is kept for readers: longer than the lease.
const KEPT_SECONDS: f64 = 120.0;
const TIDY_EVERY: Duration = Duration::from_secs(30);
const TIDY_ROWS: i64 = 20_000;

const TIMEOUTS: &str = "SET statement_timeout = '10s'; SET lock_timeout = '5s'";

/// Another node's reading may not be shortened.
const RENEW: &str =
    "SELECT setval('mayfly.changes_until', greatest((SELECT last_value FROM mayfly.changes_until),
    ceil(extract(epoch FROM clock_timestamp()) + $1::float8)::bigint))";

/// One row at least, which says where the next reading begins.
const READ: &str = "SELECT s.snapshot::text,
      coalesce(s.is_read AND pg_snapshot_xmax(s.snapshot) >= pg_snapshot_xmax($1::text::pg_snapshot), false),
      c.total, c.id, c.table_name, c.op, c.record::text, c.old_record::text, c.changed_at
    FROM (SELECT pg_current_snapshot() AS snapshot,
        (SELECT last_value > extract(epoch FROM clock_timestamp()) FROM mayfly.changes_until) AS is_read) s
    LEFT JOIN LATERAL (
      SELECT * FROM (
        SELECT n.*, count(*) OVER () AS total, row_number() OVER (ORDER BY n.id) AS place,
          sum(coalesce(pg_column_size(n.record), 0) + coalesce(pg_column_size(n.old_record), 0)) OVER (ORDER BY n.id) AS bytes
        FROM mayfly.changes n
        WHERE n.xid >= pg_snapshot_xmin($1::text::pg_snapshot)
          AND NOT pg_visible_in_snapshot(n.xid, $1::text::pg_snapshot)) all_new
      WHERE all_new.place <= $2 AND all_new.bytes <= $3) c ON true
    ORDER BY c.id";

/// Who writes to a table now: those that began before it recorded must end before all that follows is recorded.
const WRITERS: &str = "SELECT coalesce(array_agg(DISTINCT l.virtualtransaction), '{}') FROM pg_locks l
    WHERE l.locktype = 'relation' AND l.pid <> pg_backend_pid()
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND l.relation = (SELECT c.oid FROM pg_class c WHERE c.relname = $1 AND c.relnamespace = 'public'::regnamespace)
      AND l.granted AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')";

/// A change that was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableChange {
    /// The table.
    pub table: String,
    /// The row as it is now, as JSON; none for one that is gone.
    pub record: Option<String>,
    /// The row as it was; none for a new one.
    pub old_record: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
    /// More was changed at once than is recorded, or the table was emptied: its rows have to be read again.
    pub skipped: bool,
}

/// Where a reading begins: what was seen by the last one, and when that was.
#[derive(Debug, Clone)]
pub struct ChangePosition {
    snapshot: String,
    read_at: Instant,
}

/// What was committed since the last reading.
#[derive(Debug, Default)]
pub struct ChangeBatch {
    /// In their order.
    pub changes: Vec<TableChange>,
    /// Changes may have been missed, of any table.
    pub missed: bool,
}

/// A connection that reads the changes of one app's tables, and keeps them recorded as long as it does.
#[derive(Debug)]
pub struct ChangeReader {
    client: Client,
    read: Statement,
    renewed: Instant,
    tidied: Option<Instant>,
}

impl Tenants {
    /// A reader of the app's changes. From now on tables that are switched on record.
    ///
    /// # Errors
    /// [`TenantError::Missing`] for an app that is gone, [`TenantError::Store`] when its database cannot be reached.
    pub async fn change_reader(&self, app_id: &str) -> Result<ChangeReader, TenantError> {
        let client = self.lasting_admin(app_id).await?;
        client.batch_execute(TIMEOUTS).await?;
        let read = client.prepare(READ).await?;
        Ok(ChangeReader { client, read, renewed: Instant::now(), tidied: None })
    }
}

impl ChangeReader {
    /// Keep tables recording, and begin with what is committed from now on.
    ///
    /// # Errors
    /// [`TenantError::Store`] when the database cannot be reached: then this reader is of no more use.
    pub async fn begin(&mut self) -> Result<ChangePosition, TenantError> {
        self.renew().await?;
        // A snapshot of its own: of a time when every statement that begins already records.
        let row = self.client.query_one("SELECT pg_current_snapshot()::text", &[]).await?;
        Ok(ChangePosition { snapshot: row.get(0), read_at: Instant::now() })
    }

    /// What was committed since the position, which is then behind it.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub async fn read(&mut self, position: &mut ChangePosition) -> Result<ChangeBatch, TenantError> {
        let read_at = Instant::now();
        let rows = self.client.query(&self.read, &[&position.snapshot, &CHANGES_MAX, &BYTES_MAX]).await?;
        let Some(first) = rows.first() else {
            return Ok(ChangeBatch { missed: true, ..ChangeBatch::default() });
        };
        let was_recorded: bool = first.get(1);
        let total = first.get::<_, Option<i64>>(2).unwrap_or_default();
        let changes: Vec<_> = rows.iter().filter_map(change).collect();
        let cut = usize::try_from(total).is_ok_and(|total| total > changes.len());
        let missed = !was_recorded || cut || position.read_at.elapsed() > LEASE;
        *position = ChangePosition { snapshot: first.get(0), read_at };
        if !was_recorded || self.renewed.elapsed() >= RENEW_EVERY {
            self.renew().await?;
        }
        if !was_recorded {
            // What was committed until just now was not recorded.
            *position = self.begin().await?;
        }
        if self.tidied.is_none_or(|at| at.elapsed() >= TIDY_EVERY) {
            self.tidy().await?;
        }
        Ok(ChangeBatch { changes, missed })
    }

    /// Whether a table is switched on and records.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub async fn is_recorded(&self, table: &str) -> Result<bool, TenantError> {
        let sql = "SELECT FROM mayfly.realtime_tables t
            JOIN pg_class c ON c.relname = t.name AND c.relnamespace = 'public'::regnamespace
            WHERE t.name = $1 AND NOT EXISTS (SELECT FROM mayfly.silent_tables s WHERE s.id = c.oid)";
        Ok(self.client.query_opt(sql, &[&table]).await?.is_some())
    }

    /// The transactions that write to a table now.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub async fn writers(&self, table: &str) -> Result<Vec<String>, TenantError> {
        Ok(self.client.query_one(WRITERS, &[&table]).await?.get(0))
    }

    async fn renew(&mut self) -> Result<(), TenantError> {
        self.client.query_one(RENEW, &[&LEASE.as_secs_f64()]).await?;
        self.renewed = Instant::now();
        Ok(())
    }

    async fn tidy(&mut self) -> Result<(), TenantError> {
        self.client
            .execute(
                "DELETE FROM mayfly.changes WHERE id IN (SELECT id FROM (SELECT id, changed_at FROM mayfly.changes
                   ORDER BY id LIMIT $1) oldest WHERE changed_at < clock_timestamp() - $2 * interval '1 s')",
                &[&TIDY_ROWS, &KEPT_SECONDS],
            )
            .await?;
        self.tidied = Some(Instant::now());
        Ok(())
    }
}

/// None for the row of an empty reading.
fn change(row: &Row) -> Option<TableChange> {
    row.get::<_, Option<i64>>(3)?;
    let op: String = row.get(5);
    Some(TableChange {
        table: row.get(4),
        record: row.get(6),
        old_record: row.get(7),
        at: row.get(8),
        skipped: matches!(&*op, "skipped" | "truncate"),
    })
}
