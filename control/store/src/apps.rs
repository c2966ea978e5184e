//! The table of apps.

use chrono::{DateTime, Utc};
use mayfly_api::apps::AppState;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::changes::{self, ChangeKind};
use crate::versions::sweep_images;
use crate::{Store, StoreError};

/// A tenant's project.
#[derive(Debug, Clone, PartialEq)]
pub struct AppRow {
    /// `app_` and 12 characters.
    pub id: String,
    /// The operator's name for it; not unique.
    pub name: String,
    /// The state of its life cycle.
    pub state: AppState,
    /// Whether its functions are switched off.
    pub paused: bool,
    /// Why, in the operator's words.
    pub paused_reason: Option<String>,
    /// Why the platform has closed it, for its operator; `None`: it is not closed.
    pub closed_reason: Option<String>,
    /// Whether its database is larger than it may be: functions can only read it.
    pub database_full: bool,
    /// What `PATCH .../config` set, as one JSON object.
    pub settings: serde_json::Value,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl AppRow {
    fn from_row(row: &Row) -> Self {
        Self {
            id: row.get("id"),
            name: row.get("name"),
            state: AppState::parse(row.get("state")).unwrap_or(AppState::Provisioning),
            paused: row.get("paused"),
            paused_reason: row.get("paused_reason"),
            closed_reason: row.get("closed_reason"),
            database_full: row.get("database_full"),
            settings: row.get("settings"),
            created_at: row.get("created_at"),
        }
    }
}

const COLUMNS: &str =
    "id, name, state, paused, paused_reason, closed_reason, database_full, settings, created_at";

/// The table of apps.
#[derive(Debug, Clone, Copy)]
pub struct AppsTable<'a> {
    pub(super) store: &'a Store,
}

impl Store {
    /// The table of apps.
    pub fn apps(&self) -> AppsTable<'_> {
        AppsTable { store: self }
    }
}

impl AppsTable<'_> {
    /// A new app in state `provisioning`, together with the encrypted secrets of its database.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the id is taken.
    pub async fn create(
        &self,
        id: &str,
        name: &str,
        secrets: &DatabaseSecrets,
    ) -> Result<AppRow, StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        let row = transaction
            .query_one(
                &format!("INSERT INTO apps (id, name) VALUES ($1, $2) RETURNING {COLUMNS}"),
                &[&id, &name],
            )
            .await?;
        transaction
            .execute(
                "INSERT INTO app_databases (app_id, claims_key_sealed, password_sealed) VALUES ($1, $2, $3)",
                &[&id, &secrets.claims_key_encrypted, &secrets.password_encrypted],
            )
            .await?;
        transaction.commit().await?;
        Ok(AppRow::from_row(&row))
    }

    /// Sets an app's state.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is none of that id.
    pub async fn set_state(&self, id: &str, state: AppState) -> Result<(), StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        let changed =
            transaction.execute("UPDATE apps SET state = $2 WHERE id = $1", &[&id, &state.as_str()]).await?;
        changes::record(&transaction, id, None, ChangeKind::App).await?;
        self.store.commit(transaction).await?;
        if changed == 0 { Err(StoreError::Missing("the app")) } else { Ok(()) }
    }

    /// Notify every node that the app's database changed.
    pub async fn announce(&self, id: &str) -> Result<(), StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        changes::record(&transaction, id, None, ChangeKind::Database).await?;
        self.store.commit(transaction).await
    }

    /// One app, in whatever state.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn get(&self, id: &str) -> Result<Option<AppRow>, StoreError> {
        let client = self.store.client().await?;
        let statement = client.prepare_cached(&format!("SELECT {COLUMNS} FROM apps WHERE id = $1")).await?;
        Ok(client.query_opt(&statement, &[&id]).await?.as_ref().map(AppRow::from_row))
    }

    /// All apps, oldest first, in whatever state.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn list(&self) -> Result<Vec<AppRow>, StoreError> {
        let client = self.store.client().await?;
        let rows = client.query(&format!("SELECT {COLUMNS} FROM apps ORDER BY created_at, id"), &[]).await?;
        Ok(rows.iter().map(AppRow::from_row).collect())
    }

    /// Change an app's settings: the kill switch with its reason, and members of the object that `PATCH .../config`
    /// keeps. One statement: two changes at once lose nothing of each other. `None` when there is no such app.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn configure(
        &self,
        id: &str,
        paused: Option<bool>,
        reason: Option<&str>,
        settings: &serde_json::Value,
    ) -> Result<Option<AppRow>, StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        let row = transaction
            .query_opt(
                &format!(
                    "UPDATE apps SET
                        paused = coalesce($2, paused),
                        paused_reason = CASE WHEN $2 IS NULL THEN paused_reason WHEN $2 THEN $3 END,
                        settings = settings || $4
                     WHERE id = $1 RETURNING {COLUMNS}"
                ),
                &[&id, &paused, &reason, &settings],
            )
            .await?;
        changes::record(&transaction, id, None, ChangeKind::App).await?;
        self.store.commit(transaction).await?;
        Ok(row.as_ref().map(AppRow::from_row))
    }

    /// Close an app for a reason, or open it again. `false`: there is none, or it was so already.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn set_closed(&self, id: &str, reason: Option<&str>) -> Result<bool, StoreError> {
        let sql = "UPDATE apps SET closed_reason = $2, closed_at = CASE WHEN $2 IS NOT NULL THEN now() END
            WHERE id = $1 AND closed_reason IS DISTINCT FROM $2";
        self.mark(id, sql, &[&id, &reason]).await
    }

    /// Say whether an app's database is larger than it may be. `false`: there is none, or it was said already.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn set_database_full(&self, id: &str, full: bool) -> Result<bool, StoreError> {
        let sql = "UPDATE apps SET database_full = $2 WHERE id = $1 AND database_full <> $2";
        self.mark(id, sql, &[&id, &full]).await
    }

    /// What holds for the app and for the connections to its database.
    async fn mark(&self, id: &str, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<bool, StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        let changed = transaction.execute(sql, params).await? > 0;
        if changed {
            changes::record(&transaction, id, None, ChangeKind::App).await?;
            changes::record(&transaction, id, None, ChangeKind::Database).await?;
        }
        self.store.commit(transaction).await?;
        Ok(changed)
    }

    /// Remove an app's rows, all of them. Its database must be gone already.
    pub async fn delete(&self, id: &str) -> Result<(), StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        // There may be very many records.
        transaction.batch_execute("SET LOCAL statement_timeout = 0").await?;
        transaction.execute("DELETE FROM apps WHERE id = $1", &[&id]).await?;
        transaction.execute("DELETE FROM invocations WHERE app_id = $1", &[&id]).await?;
        sweep_images(&transaction).await?;
        changes::record(&transaction, id, None, ChangeKind::App).await?;
        changes::record(&transaction, id, None, ChangeKind::Database).await?;
        self.store.commit(transaction).await
    }

    /// The encrypted secrets of an app's database.
    pub async fn database_secrets(&self, id: &str) -> Result<Option<DatabaseSecrets>, StoreError> {
        let client = self.store.client().await?;
        let row = client
            .query_opt(
                "SELECT claims_key_sealed, password_sealed FROM app_databases WHERE app_id = $1",
                &[&id],
            )
            .await?;
        Ok(row
            .map(|row| DatabaseSecrets { claims_key_encrypted: row.get(0), password_encrypted: row.get(1) }))
    }
}

/// The encrypted secrets with which the host logs in to an app's database and signs claims for it.
#[derive(Debug, Clone)]
pub struct DatabaseSecrets {
    pub claims_key_encrypted: String,
    pub password_encrypted: String,
}
