//! Access keys of storage: their secrets are encrypted, since signatures are checked with them.

use chrono::{DateTime, Utc};
use tokio_postgres::Row;

use super::StorageTables;
use crate::StoreError;

/// An access key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageKeyRow {
    /// The access key id.
    pub id: String,
    /// The app that it opens.
    pub app_id: String,
    /// The owner's name for it.
    pub name: Option<String>,
    /// The secret, encrypted.
    pub secret_encrypted: String,
    /// Whether it changes nothing.
    pub read_only: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// An access key about to be stored.
#[derive(Debug, Clone, Copy)]
pub struct NewStorageKey<'a> {
    /// The access key id.
    pub id: &'a str,
    /// The owner's name for it.
    pub name: Option<&'a str>,
    /// The secret, encrypted.
    pub secret_encrypted: &'a str,
    /// Whether it changes nothing.
    pub read_only: bool,
}

const COLUMNS: &str = "id, app_id, name, secret_sealed, read_only, created_at";

impl StorageTables<'_> {
    /// Store a key, unless the app has as many as it may.
    ///
    /// # Errors
    /// [`StoreError::Missing`] for an app that is gone.
    pub async fn insert_key(
        &self,
        app_id: &str,
        key: NewStorageKey<'_>,
        keys_max: u32,
    ) -> Result<Option<StorageKeyRow>, StoreError> {
        let client = self.store.client().await?;
        let row = client
            .query_opt(
                &format!(
                    "INSERT INTO storage_keys (id, app_id, name, secret_sealed, read_only) SELECT $1, $2, $3, $4, $5
                     WHERE (SELECT count(*) FROM storage_keys WHERE app_id = $2) < $6 RETURNING {COLUMNS}"
                ),
                &[
                    &key.id,
                    &app_id,
                    &key.name,
                    &key.secret_encrypted,
                    &key.read_only,
                    &i64::from(keys_max),
                ],
            )
            .await?;
        Ok(row.as_ref().map(from_row))
    }

    /// The key with this id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn key(&self, id: &str) -> Result<Option<StorageKeyRow>, StoreError> {
        let client = self.store.client().await?;
        let sql = format!("SELECT {COLUMNS} FROM storage_keys WHERE id = $1");
        let statement = client.prepare_cached(&sql).await?;
        Ok(client.query_opt(&statement, &[&id]).await?.as_ref().map(from_row))
    }

    /// An app's keys, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn keys(&self, app_id: &str) -> Result<Vec<StorageKeyRow>, StoreError> {
        let client = self.store.client().await?;
        let sql = format!("SELECT {COLUMNS} FROM storage_keys WHERE app_id = $1 ORDER BY created_at, id");
        Ok(client.query(&sql, &[&app_id]).await?.iter().map(from_row).collect())
    }

    /// Remove a key: what it signed is refused from the next request on.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn delete_key(&self, app_id: &str, id: &str) -> Result<bool, StoreError> {
        let client = self.store.client().await?;
        let sql = "DELETE FROM storage_keys WHERE app_id = $1 AND id = $2";
        Ok(client.execute(sql, &[&app_id, &id]).await? > 0)
    }
}

fn from_row(row: &Row) -> StorageKeyRow {
    StorageKeyRow {
        id: row.get("id"),
        app_id: row.get("app_id"),
        name: row.get("name"),
        secret_encrypted: row.get("secret_sealed"),
        read_only: row.get("read_only"),
        created_at: row.get("created_at"),
    }
}
