//! Uploads in parts: begun, fed, and completed into an object or aborted.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_postgres::Row;

use super::objects::{Source, put};
use super::{
    BlobRow, NewObject, ObjectMeta, PutOutcome, StorageQuota, StorageTables, count, discard, lock, meta,
    meta_json, signed,
};
use crate::StoreError;

/// An upload in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadRow {
    /// Its id.
    pub id: String,
    /// The key that it will be.
    pub key: String,
    /// As it was sent.
    pub content_type: Option<String>,
    /// What its object will have.
    pub meta: ObjectMeta,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
}

/// A page of uploads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadPage {
    /// By key and id.
    pub uploads: Vec<UploadRow>,
    /// Whether there are more.
    pub has_more: bool,
}

/// A part of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartRow {
    /// From 1 on.
    pub number: u32,
    /// Its blob.
    pub blob: BlobRow,
    /// Without quotes.
    pub etag: String,
    /// In base64, by the upload's algorithm.
    pub checksum: Option<String>,
    /// When it came.
    pub created_at: DateTime<Utc>,
}

/// A part about to be kept; its blob is durable already.
#[derive(Debug, Clone, Copy)]
pub struct NewPart<'a> {
    /// The app.
    pub app_id: &'a str,
    /// The upload.
    pub upload_id: &'a str,
    /// From 1 on.
    pub number: u32,
    /// Its blob.
    pub blob: &'a BlobRow,
    /// Without quotes.
    pub etag: &'a str,
    /// In base64, by the upload's algorithm.
    pub checksum: Option<&'a str>,
    /// How much the app may keep.
    pub quota: StorageQuota,
}

/// What became of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartTaken {
    /// It is kept.
    Done(DateTime<Utc>),
    /// There is no such upload.
    NoUpload,
    /// The app keeps as much as it may.
    OverQuota,
}

const COLUMNS: &str = "id, key, content_type, meta, created_at";

impl StorageTables<'_> {
    /// Begin an upload. `false`: there is no such bucket, or as many uploads as an app may have.
    ///
    /// # Errors
    /// [`StoreError::Missing`] without the bucket.
    pub async fn begin_upload(
        &self,
        (app_id, bucket, key): (&str, &str, &str),
        id: &str,
        content_type: Option<&str>,
        meta: &ObjectMeta,
        uploads_max: u32,
    ) -> Result<bool, StoreError> {
        let client = self.store.client().await?;
        let sql = "INSERT INTO storage_uploads (id, app_id, bucket, key, content_type, meta) SELECT $1, $2, $3, $4, $5, $6
                   WHERE (SELECT count(*) FROM storage_uploads WHERE app_id = $2) < $7";
        let meta = meta_json(meta)?;
        let uploads_max = i64::from(uploads_max);
        let begun =
            client.execute(sql, &[&id, &app_id, &bucket, &key, &content_type, &meta, &uploads_max]).await?;
        Ok(begun > 0)
    }

    /// An upload of that key.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn upload(
        &self,
        (app_id, bucket, key): (&str, &str, &str),
        id: &str,
    ) -> Result<Option<UploadRow>, StoreError> {
        let client = self.store.client().await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM storage_uploads WHERE id = $4 AND app_id = $1 AND bucket = $2 AND key = $3"
        );
        let statement = client.prepare_cached(&sql).await?;
        let row = client.query_opt(&statement, &[&app_id, &bucket, &key, &id]).await?;
        Ok(row.as_ref().map(upload))
    }

    /// Uploads of a bucket whose keys begin so, behind a key and an id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn uploads(
        &self,
        (app_id, bucket): (&str, &str),
        prefix: &str,
        (after_key, after_id): (&str, &str),
        limit: u32,
    ) -> Result<UploadPage, StoreError> {
        let client = self.store.client().await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM storage_uploads WHERE app_id = $1 AND bucket = $2 AND starts_with(key, $3)
               AND (key > $4 OR key = $4 AND id > $5) ORDER BY key, id LIMIT $6"
        );
        let rows = client
            .query(&sql, &[&app_id, &bucket, &prefix, &after_key, &after_id, &(i64::from(limit) + 1)])
            .await?;
        let has_more = rows.len() > limit as usize;
        Ok(UploadPage { uploads: rows.iter().take(limit as usize).map(upload).collect(), has_more })
    }

    /// Keep a part, in place of an earlier one of its number.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] and [`StoreError::Full`]: it is not kept.
    pub async fn put_part(&self, part: NewPart<'_>) -> Result<PartTaken, StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        let Some(used) = lock(&transaction, part.app_id).await? else { return Ok(PartTaken::NoUpload) };
        let sql = "SELECT 1 FROM storage_uploads WHERE id = $1 AND app_id = $2";
        if transaction.query_opt(sql, &[&part.upload_id, &part.app_id]).await?.is_none() {
            return Ok(PartTaken::NoUpload);
        }
        let place = i32::try_from(part.number).unwrap_or(i32::MAX);
        let sql = "WITH gone AS (DELETE FROM storage_blobs WHERE owner = $1 AND place = $2 RETURNING id, app_id, size),
                     kept AS (INSERT INTO storage_garbage (id, app_id) SELECT id, app_id FROM gone)
                   SELECT coalesce(sum(size), 0)::bigint FROM gone";
        let replaced: i64 = transaction.query_one(sql, &[&part.upload_id, &place]).await?.get(0);
        let more = signed(part.blob.size) - replaced;
        if !part.quota.allows(used, more, 0) {
            return Ok(PartTaken::OverQuota);
        }
        let row = transaction
            .query_one(
                "INSERT INTO storage_blobs (owner, place, id, app_id, size, etag, checksum)
                 VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING created_at",
                &[
                    &part.upload_id,
                    &place,
                    &part.blob.id,
                    &part.app_id,
                    &signed(part.blob.size),
                    &part.etag,
                    &part.checksum,
                ],
            )
            .await?;
        count(&transaction, part.app_id, more, 0).await?;
        transaction.commit().await?;
        Ok(PartTaken::Done(row.get(0)))
    }

    /// The parts of an upload by number, behind one of them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn parts(&self, upload_id: &str, after: u32, limit: u32) -> Result<Vec<PartRow>, StoreError> {
        let client = self.store.client().await?;
        let sql = "SELECT place, id, size, etag, checksum, created_at FROM storage_blobs WHERE owner = $1 AND place > $2
                   ORDER BY place LIMIT $3";
        let after = i32::try_from(after).unwrap_or(i32::MAX);
        let rows = client.query(sql, &[&upload_id, &after, &i64::from(limit)]).await?;
        let part = |row: &Row| PartRow {
            number: row.get::<_, i32>("place").unsigned_abs(),
            blob: BlobRow { id: row.get("id"), size: row.get::<_, i64>("size").unsigned_abs() },
            etag: row.get("etag"),
            checksum: row.get("checksum"),
            created_at: row.get("created_at"),
        };
        Ok(rows.iter().map(part).collect())
    }

    /// Make an object of these parts of an upload, which ends.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] and [`StoreError::Full`]: the upload goes on.
    pub async fn complete(
        &self,
        new: &NewObject<'_>,
        upload_id: &str,
        parts: &[BlobRow],
    ) -> Result<PutOutcome, StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        if lock(&transaction, new.app_id).await?.is_none() {
            return Ok(PutOutcome::NoUpload);
        }
        let ids: Vec<&str> = parts.iter().map(|part| part.id.as_str()).collect();
        let sql = "SELECT count(*) FROM storage_uploads u JOIN storage_blobs b ON b.owner = u.id
                   WHERE u.id = $1 AND u.app_id = $2 AND b.id = ANY ($3::text[])";
        let found: i64 = transaction.query_one(sql, &[&upload_id, &new.app_id, &ids]).await?.get(0);
        if usize::try_from(found).ok() != Some(parts.len()) {
            return Ok(PutOutcome::NoUpload);
        }
        let outcome = put(&transaction, new, Source::Parts(upload_id, parts)).await?;
        if matches!(outcome, PutOutcome::Done(_)) {
            // What was sent and not named.
            let left = discard(&transaction, upload_id).await?;
            count(&transaction, new.app_id, -left, 0).await?;
            transaction.execute("DELETE FROM storage_uploads WHERE id = $1", &[&upload_id]).await?;
            transaction.commit().await?;
        }
        Ok(outcome)
    }

    /// Abort an upload of an app. `false`: there was none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn abort(&self, app_id: &str, upload_id: &str) -> Result<bool, StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        lock(&transaction, app_id).await?;
        let sql = "DELETE FROM storage_uploads WHERE id = $1 AND app_id = $2";
        if transaction.execute(sql, &[&upload_id, &app_id]).await? == 0 {
            return Ok(false);
        }
        let bytes = discard(&transaction, upload_id).await?;
        count(&transaction, app_id, -bytes, 0).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Uploads that were begun so long ago and are not complete: app and id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn old_uploads(&self, age: Duration, limit: u32) -> Result<Vec<(String, String)>, StoreError> {
        let client = self.store.client().await?;
        let sql = "SELECT app_id, id FROM storage_uploads WHERE created_at < now() - $1 * interval '1 s'
                   ORDER BY created_at LIMIT $2";
        let rows = client.query(sql, &[&age.as_secs_f64(), &i64::from(limit)]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }
}

fn upload(row: &Row) -> UploadRow {
    UploadRow {
        id: row.get("id"),
        key: row.get("key"),
        content_type: row.get("content_type"),
        meta: meta(row),
        created_at: row.get("created_at"),
    }
}
