//! The place where the bytes of all objects are.

use super::StorageTables;
use crate::StoreError;

/// Where the bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoragePlace {
    /// Its mark.
    pub mark: String,
    /// It was not known before.
    pub is_new: bool,
    /// Nothing is stored yet.
    pub is_empty: bool,
}

impl StorageTables<'_> {
    /// The place that all nodes use: this one, if none was known.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn place(&self, mark: &str) -> Result<StoragePlace, StoreError> {
        let client = self.store.client().await?;
        let inserted = client
            .execute("INSERT INTO storage_place (mark) VALUES ($1) ON CONFLICT DO NOTHING", &[&mark])
            .await?;
        let sql = "SELECT mark, NOT EXISTS (SELECT FROM storage_blobs) FROM storage_place";
        let row = client.query_one(sql, &[]).await?;
        Ok(StoragePlace { mark: row.get(0), is_new: inserted > 0, is_empty: row.get(1) })
    }
}
