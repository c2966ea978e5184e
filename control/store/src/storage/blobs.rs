//! Blobs: which are an object's, and which are nothing's any more.

use std::time::Duration;

use super::{BlobRow, StorageTables};
use crate::StoreError;

/// A blob that nothing names any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GarbageBlob {
    /// Its id.
    pub id: String,
    /// The app that it belonged to.
    pub app_id: String,
}

impl StorageTables<'_> {
    /// The blobs of a version, in the order of their bytes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn blobs(&self, version_id: &str) -> Result<Vec<BlobRow>, StoreError> {
        let client = self.store.client().await?;
        let sql = "SELECT id, size FROM storage_blobs WHERE owner = $1 ORDER BY place";
        let statement = client.prepare_cached(sql).await?;
        let rows = client.query(&statement, &[&version_id]).await?;
        let blob = |row: &tokio_postgres::Row| BlobRow {
            id: row.get("id"),
            size: row.get::<_, i64>("size").unsigned_abs(),
        };
        Ok(rows.iter().map(blob).collect())
    }

    /// Blobs that nothing has named for so long.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn garbage(&self, age: Duration, limit: u32) -> Result<Vec<GarbageBlob>, StoreError> {
        let client = self.store.client().await?;
        let rows = client
            .query(
                "SELECT id, app_id FROM storage_garbage WHERE since < now() - $1 * interval '1 s' ORDER BY since LIMIT $2",
                &[&age.as_secs_f64(), &i64::from(limit)],
            )
            .await?;
        Ok(rows.iter().map(|row| GarbageBlob { id: row.get(0), app_id: row.get(1) }).collect())
    }

    /// These were deleted.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn forget_garbage(&self, ids: &[String]) -> Result<(), StoreError> {
        let client = self.store.client().await?;
        client.execute("DELETE FROM storage_garbage WHERE id = ANY ($1::text[])", &[&ids]).await?;
        Ok(())
    }

    /// Of these blobs those that no row names: what wrote them ended before its commit, or their app was deleted.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn unknown_blobs(&self, ids: &[String]) -> Result<Vec<String>, StoreError> {
        let client = self.store.client().await?;
        let rows = client
            .query(
                "SELECT b.id FROM unnest($1::text[]) AS b (id)
                 WHERE NOT EXISTS (SELECT 1 FROM storage_blobs k WHERE k.id = b.id)
                   AND NOT EXISTS (SELECT 1 FROM storage_garbage g WHERE g.id = b.id)",
                &[&ids],
            )
            .await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }
}
