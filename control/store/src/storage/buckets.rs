//! Buckets, and what an app keeps in all of them.

use chrono::{DateTime, Utc};
use tokio_postgres::Row;

use super::{StorageTables, StorageUsed, lock};
use crate::StoreError;

/// A bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketRow {
    /// Its name, unique in its app.
    pub name: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// Why a bucket was not deleted, if it was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BucketUse {
    /// It is gone.
    Deleted,
    /// There was none.
    Missing,
    /// It has objects, or uploads that are not complete.
    NotEmpty,
}

impl StorageTables<'_> {
    /// Make a bucket, unless the app has as many as it may. `None`: it has; else whether the bucket is new.
    ///
    /// # Errors
    /// [`StoreError::Missing`] for an app that is gone.
    pub async fn create_bucket(
        &self,
        app_id: &str,
        name: &str,
        buckets_max: u32,
    ) -> Result<Option<bool>, StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        let sql = "INSERT INTO storage_usage (app_id) VALUES ($1) ON CONFLICT DO NOTHING";
        transaction.execute(sql, &[&app_id]).await?;
        lock(&transaction, app_id).await?;
        let known = transaction
            .query_one(
                "SELECT count(*), bool_or(name = $2) FROM storage_buckets WHERE app_id = $1",
                &[&app_id, &name],
            )
            .await?;
        if known.get::<_, Option<bool>>(1) == Some(true) {
            return Ok(Some(false));
        }
        if known.get::<_, i64>(0) >= i64::from(buckets_max) {
            return Ok(None);
        }
        let sql = "INSERT INTO storage_buckets (app_id, name) VALUES ($1, $2)";
        transaction.execute(sql, &[&app_id, &name]).await?;
        transaction.commit().await?;
        Ok(Some(true))
    }

    /// An app's buckets by name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn buckets(&self, app_id: &str) -> Result<Vec<BucketRow>, StoreError> {
        let client = self.store.client().await?;
        let sql =
            "SELECT name, created_at FROM storage_buckets WHERE app_id = $1 ORDER BY name COLLATE \"C\"";
        Ok(client.query(sql, &[&app_id]).await?.iter().map(bucket).collect())
    }

    /// One of them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn bucket(&self, app_id: &str, name: &str) -> Result<Option<BucketRow>, StoreError> {
        let client = self.store.client().await?;
        let sql = "SELECT name, created_at FROM storage_buckets WHERE app_id = $1 AND name = $2";
        let statement = client.prepare_cached(sql).await?;
        Ok(client.query_opt(&statement, &[&app_id, &name]).await?.as_ref().map(bucket))
    }

    /// Delete a bucket that is empty.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn delete_bucket(&self, app_id: &str, name: &str) -> Result<BucketUse, StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        if lock(&transaction, app_id).await?.is_none() {
            return Ok(BucketUse::Missing);
        }
        let is_used = transaction
            .query_one(
                "SELECT EXISTS (SELECT 1 FROM storage_objects WHERE app_id = $1 AND bucket = $2)
                     OR EXISTS (SELECT 1 FROM storage_uploads WHERE app_id = $1 AND bucket = $2)",
                &[&app_id, &name],
            )
            .await?;
        if is_used.get(0) {
            return Ok(BucketUse::NotEmpty);
        }
        let sql = "DELETE FROM storage_buckets WHERE app_id = $1 AND name = $2";
        let deleted = transaction.execute(sql, &[&app_id, &name]).await?;
        transaction.commit().await?;
        Ok(if deleted > 0 { BucketUse::Deleted } else { BucketUse::Missing })
    }

    /// What an app keeps.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn used(&self, app_id: &str) -> Result<StorageUsed, StoreError> {
        let client = self.store.client().await?;
        let statement =
            client.prepare_cached("SELECT objects, bytes FROM storage_usage WHERE app_id = $1").await?;
        let row = client.query_opt(&statement, &[&app_id]).await?;
        Ok(row.as_ref().map(StorageUsed::from_row).unwrap_or_default())
    }
}

fn bucket(row: &Row) -> BucketRow {
    BucketRow { name: row.get("name"), created_at: row.get("created_at") }
}
