//! Tables of an app that are switched on for the change feed.

use chrono::{DateTime, Utc};
use mayfly_schema::SchemaError;
use mayfly_store::StoreError;
use tokio_postgres::error::SqlState;

use crate::tenant::{TenantError, Tenants};

/// Tables of an app that can be switched on.
pub const TABLES_MAX: i64 = 100;

/// The longest name of a table, in bytes: PostgreSQL's own bound.
pub const TABLE_BYTES_MAX: usize = 63;

/// How long switching on waits for transactions that write to the table.
const TIMEOUTS: &str = "SET lock_timeout = '3s'; SET statement_timeout = '10s'";
const LOCK_WAIT_MS: u64 = 3_000;

/// The table of this name in `public`; it has to be an ordinary or a partitioned one.
const FIND: &str = "SELECT c.oid FROM pg_class c WHERE c.relname = $1 AND c.relnamespace = 'public'::regnamespace
    AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence = 'p' AND left(c.relname, 1) <> '_'";

/// A table that is switched on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RealtimeTable {
    /// Its name.
    pub name: String,
    /// Since when.
    pub enabled_at: DateTime<Utc>,
    /// Whether there is such a table now.
    pub exists: bool,
}

impl Tenants {
    /// The tables that are switched on, by name.
    ///
    /// # Errors
    /// [`TenantError::Store`] when the app's database cannot be reached.
    pub async fn realtime_tables(&self, app_id: &str) -> Result<Vec<RealtimeTable>, TenantError> {
        let client = self.admin(app_id).await?;
        let rows = client
            .query(
                "SELECT t.name, t.enabled_at, EXISTS (SELECT FROM pg_class c WHERE c.relname = t.name
                   AND c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p'))
                 FROM mayfly.realtime_tables t ORDER BY t.name COLLATE \"C\"",
                &[],
            )
            .await?;
        let tables = rows.iter().map(|row| RealtimeTable {
            name: row.get(0),
            enabled_at: row.get(1),
            exists: row.get(2),
        });
        Ok(tables.collect())
    }

    /// Switch a table on. One that is switched on stays so. `None`: there is no such table.
    ///
    /// # Errors
    /// [`SchemaError::Locked`] while a transaction keeps the table, [`StoreError::Conflict`] where there are as many as
    /// there may be, [`TenantError::Store`] when the app's database cannot be reached.
    pub async fn enable_realtime(
        &self,
        app_id: &str,
        name: &str,
    ) -> Result<Option<RealtimeTable>, TenantError> {
        // A script that runs at the same time may be making the table, or dropping it.
        let _lock = self.migration_lock(app_id, self.limits().lock_timeout).await?;
        let _exclusive = self.exclusive(app_id).await?;
        let mut client = self.admin(app_id).await?;
        client.batch_execute(TIMEOUTS).await?;
        let transaction = client.transaction().await?;
        let Some(found) = transaction.query_opt(FIND, &[&name]).await? else { return Ok(None) };
        let id: u32 = found.get(0);
        let row = transaction
            .query_one(
                "INSERT INTO mayfly.realtime_tables AS t (name) VALUES ($1)
                 ON CONFLICT (name) DO UPDATE SET name = excluded.name
                 RETURNING t.enabled_at, (SELECT count(*) FROM mayfly.realtime_tables other WHERE other.name <> $1)",
                &[&name],
            )
            .await?;
        if row.get::<_, i64>(1) >= TABLES_MAX {
            return Err(
                StoreError::Conflict(format!("an app can have {TABLES_MAX} tables switched on")).into()
            );
        }
        transaction
            .execute(
                "SELECT mayfly.start_recording($1::oid::regclass)
                 WHERE EXISTS (SELECT FROM mayfly.silent_tables WHERE id = $1)",
                &[&id],
            )
            .await
            .map_err(|error| locked(error, name))?;
        transaction.commit().await?;
        Ok(Some(RealtimeTable { name: name.to_owned(), enabled_at: row.get(0), exists: true }))
    }

    /// Switch a table off. `false`: it was not on.
    ///
    /// # Errors
    /// As [`enable_realtime`](Self::enable_realtime).
    pub async fn disable_realtime(&self, app_id: &str, name: &str) -> Result<bool, TenantError> {
        let _lock = self.migration_lock(app_id, self.limits().lock_timeout).await?;
        let _exclusive = self.exclusive(app_id).await?;
        let mut client = self.admin(app_id).await?;
        client.batch_execute(TIMEOUTS).await?;
        let transaction = client.transaction().await?;
        let deleted =
            transaction.execute("DELETE FROM mayfly.realtime_tables WHERE name = $1", &[&name]).await?;
        if let Some(found) = transaction.query_opt(FIND, &[&name]).await? {
            let id: u32 = found.get(0);
            transaction
                .execute("SELECT mayfly.stop_recording($1::oid::regclass)", &[&id])
                .await
                .map_err(|error| locked(error, name))?;
        }
        transaction.commit().await?;
        Ok(deleted > 0)
    }
}

fn locked(error: tokio_postgres::Error, table: &str) -> TenantError {
    if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) {
        return SchemaError::Locked { table: Some(table.to_owned()), waited_ms: LOCK_WAIT_MS }.into();
    }
    error.into()
}
