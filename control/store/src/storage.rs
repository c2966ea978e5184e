//! The tables of storage: buckets, objects, uploads in parts, access keys, and which blobs hold whose bytes.
//!
//! Every change of what an app keeps locks the app's row of `storage_usage` first: conditions, quotas and the ledger of
//! events are decided and written together with the change.

mod blobs;
mod buckets;
mod keys;
mod list;
mod objects;
mod place;
mod uploads;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio_postgres::{Row, Transaction};

use crate::{Store, StoreError};

pub use blobs::GarbageBlob;
pub use buckets::{BucketRow, BucketUse};
pub use keys::{NewStorageKey, StorageKeyRow};
pub use list::{ObjectPage, ObjectQuery};
pub use objects::{NewObject, PutCondition, PutOutcome, Written};
pub use place::StoragePlace;
pub use uploads::{NewPart, PartRow, PartTaken, UploadPage, UploadRow};

/// The tables of storage.
#[derive(Debug, Clone, Copy)]
pub struct StorageTables<'a> {
    pub(super) store: &'a Store,
}

/// What is known of an object beside its bytes, and is given back with them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ObjectMeta {
    /// Headers that come back as they were sent: `cache-control`, `content-disposition`, ...
    pub headers: BTreeMap<String, String>,
    /// The user's own.
    pub metadata: BTreeMap<String, String>,
    /// The checksum that it was sent with.
    pub checksum: Option<StoredChecksum>,
}

/// A checksum of an object, or of an upload the algorithm alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredChecksum {
    /// As S3 names it: `CRC32`, `CRC64NVME`, ...
    pub algorithm: String,
    /// In base64; of an upload empty.
    pub value: String,
    /// Whether it is of all bytes, or of the parts' checksums (`COMPOSITE`).
    pub is_composite: bool,
}

/// An object, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectRow {
    /// Its key.
    pub key: String,
    /// Which writing of the key this is.
    pub version_id: String,
    /// Bytes.
    pub size: u64,
    /// Without quotes.
    pub etag: String,
    /// As it was sent.
    pub content_type: Option<String>,
    /// The rest.
    pub meta: ObjectMeta,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}

/// A blob of an object or of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobRow {
    /// Its id.
    pub id: String,
    /// Bytes.
    pub size: u64,
}

/// How much an app may keep; `None`: as much as there is room for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StorageQuota {
    /// Bytes, those of uploads that are not complete included.
    pub bytes: Option<u64>,
    /// Objects.
    pub objects: Option<u64>,
}

/// What an app keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StorageUsed {
    /// Bytes.
    pub bytes: u64,
    /// Objects.
    pub objects: u64,
}

/// What an [`ObjectRow`] is read from.
const OBJECT: &str = "o.key, o.version_id, o.size, o.etag, o.content_type, o.meta, o.created_at";

impl ObjectRow {
    fn from_row(row: &Row) -> Self {
        Self {
            key: row.get("key"),
            version_id: row.get("version_id"),
            size: row.get::<_, i64>("size").unsigned_abs(),
            etag: row.get("etag"),
            content_type: row.get("content_type"),
            meta: meta(row),
            created_at: row.get("created_at"),
        }
    }
}

fn meta(row: &Row) -> ObjectMeta {
    // The table holds what `meta_json` wrote.
    serde_json::from_value(row.get("meta")).unwrap_or_default()
}

fn meta_json(meta: &ObjectMeta) -> Result<serde_json::Value, StoreError> {
    serde_json::to_value(meta).map_err(|error| StoreError::Internal(error.to_string()))
}

impl StorageUsed {
    fn from_row(row: &Row) -> Self {
        let count = |name: &str| u64::try_from(row.get::<_, i64>(name)).unwrap_or(0);
        Self { bytes: count("bytes"), objects: count("objects") }
    }
}

impl StorageQuota {
    /// Whether so much more fits in. What is too much already may become less.
    pub fn allows(&self, used: StorageUsed, bytes: i64, objects: i64) -> bool {
        let fits = |max: Option<u64>, used: u64, more: i64| {
            more <= 0 || max.is_none_or(|max| used.saturating_add_signed(more) <= max)
        };
        fits(self.bytes, used.bytes, bytes) && fits(self.objects, used.objects, objects)
    }
}

/// Lock what an app keeps. `None`: it has no bucket.
async fn lock(transaction: &Transaction<'_>, app_id: &str) -> Result<Option<StorageUsed>, StoreError> {
    let sql = "SELECT objects, bytes FROM storage_usage WHERE app_id = $1 FOR UPDATE";
    let statement = transaction.prepare(sql).await?;
    Ok(transaction.query_opt(&statement, &[&app_id]).await?.as_ref().map(StorageUsed::from_row))
}

/// Count a change.
async fn count(
    transaction: &Transaction<'_>,
    app_id: &str,
    bytes: i64,
    objects: i64,
) -> Result<(), StoreError> {
    let sql = "UPDATE storage_usage SET bytes = bytes + $2, objects = objects + $3 WHERE app_id = $1";
    transaction.execute(sql, &[&app_id, &bytes, &objects]).await?;
    Ok(())
}

/// Nothing names an owner's blobs any more. Says how many bytes they have.
async fn discard(transaction: &Transaction<'_>, owner: &str) -> Result<i64, StoreError> {
    let sql = "WITH gone AS (DELETE FROM storage_blobs WHERE owner = $1 RETURNING id, app_id, size),
                 kept AS (INSERT INTO storage_garbage (id, app_id) SELECT id, app_id FROM gone)
               SELECT coalesce(sum(size), 0)::bigint FROM gone";
    Ok(transaction.query_one(sql, &[&owner]).await?.get(0))
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

impl Store {
    /// The tables of storage.
    pub fn storage(&self) -> StorageTables<'_> {
        StorageTables { store: self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_full_at_its_bound_and_lets_less_pass() {
        let quota = StorageQuota { bytes: Some(100), objects: Some(2) };
        let used = StorageUsed { bytes: 90, objects: 1 };
        assert!(quota.allows(used, 10, 1) && !quota.allows(used, 11, 1) && !quota.allows(used, 10, 2));
        let over = StorageUsed { bytes: 200, objects: 9 };
        assert!(quota.allows(over, -1, 0) && quota.allows(over, 0, -1) && !quota.allows(over, 1, 0));
        assert!(StorageQuota::default().allows(over, i64::MAX, 1));
    }
}
