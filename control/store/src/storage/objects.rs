//! Objects: written, read and deleted. A write commits the object, its blobs, what is counted and its events together.

use chrono::{DateTime, Utc};
use tokio_postgres::Transaction;

use super::{
    BlobRow, OBJECT, ObjectMeta, ObjectRow, StorageQuota, StorageTables, count, discard, lock, meta_json,
    signed,
};
use crate::StoreError;
use crate::storage_events::{self, Uploaded};

/// An object about to be written; its blobs are durable already.
#[derive(Debug, Clone, Copy)]
pub struct NewObject<'a> {
    /// The app.
    pub app_id: &'a str,
    /// The bucket.
    pub bucket: &'a str,
    /// The key.
    pub key: &'a str,
    /// Unique.
    pub version_id: &'a str,
    /// Bytes.
    pub size: u64,
    /// Without quotes.
    pub etag: &'a str,
    /// As it was sent.
    pub content_type: Option<&'a str>,
    /// The rest.
    pub meta: &'a ObjectMeta,
    /// When it may be written.
    pub condition: PutCondition<'a>,
    /// How much the app may keep.
    pub quota: StorageQuota,
}

/// When an object may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutCondition<'a> {
    /// In any case.
    Always,
    /// There is none of that key.
    Absent,
    /// The present one has this ETag.
    Matches(&'a str),
    /// There is one.
    Present,
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutOutcome {
    /// It is written.
    Done(Written),
    /// There is no such bucket.
    NoBucket,
    /// There is no such upload, or its parts have changed.
    NoUpload,
    /// The condition does not hold; whether there is an object.
    Refused(bool),
    /// The app keeps as much as it may.
    OverQuota,
}

/// A written object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// When.
    pub created_at: DateTime<Utc>,
    /// How many functions it starts.
    pub events: u64,
}

impl StorageTables<'_> {
    /// Write an object of these blobs.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] and [`StoreError::Full`]: nothing is written.
    pub async fn put(&self, new: &NewObject<'_>, blobs: &[BlobRow]) -> Result<PutOutcome, StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        let outcome = put(&transaction, new, Source::Blobs(blobs)).await?;
        if matches!(outcome, PutOutcome::Done(_)) {
            transaction.commit().await?;
        }
        Ok(outcome)
    }

    /// An object.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn object(
        &self,
        app_id: &str,
        bucket: &str,
        key: &str,
    ) -> Result<Option<ObjectRow>, StoreError> {
        let client = self.store.client().await?;
        let sql = format!(
            "SELECT {OBJECT} FROM storage_objects o WHERE o.app_id = $1 AND o.bucket = $2 AND o.key = $3"
        );
        let statement = client.prepare_cached(&sql).await?;
        let row = client.query_opt(&statement, &[&app_id, &bucket, &key]).await?;
        Ok(row.as_ref().map(ObjectRow::from_row))
    }

    /// Delete objects. Says how many there were.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: none was deleted.
    pub async fn delete(&self, app_id: &str, bucket: &str, keys: &[String]) -> Result<u64, StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        if lock(&transaction, app_id).await?.is_none() {
            return Ok(0);
        }
        let deleted = transaction
            .query(
                "DELETE FROM storage_objects WHERE app_id = $1 AND bucket = $2 AND key = ANY ($3::text[])
                 RETURNING version_id",
                &[&app_id, &bucket, &keys],
            )
            .await?;
        let versions: Vec<String> = deleted.iter().map(|row| row.get(0)).collect();
        if versions.is_empty() {
            return Ok(0);
        }
        let sql = "WITH gone AS (DELETE FROM storage_blobs WHERE owner = ANY ($1::text[]) RETURNING id, app_id, size),
                     kept AS (INSERT INTO storage_garbage (id, app_id) SELECT id, app_id FROM gone)
                   SELECT coalesce(sum(size), 0)::bigint FROM gone";
        let bytes: i64 = transaction.query_one(sql, &[&versions]).await?.get(0);
        let objects = i64::try_from(versions.len()).unwrap_or(i64::MAX);
        count(&transaction, app_id, -bytes, -objects).await?;
        transaction.commit().await?;
        Ok(objects.unsigned_abs())
    }
}

/// Where an object's blobs come from.
pub(super) enum Source<'a> {
    /// They are new.
    Blobs(&'a [BlobRow]),
    /// They are parts of this upload, which is locked; and are counted already.
    Parts(&'a str, &'a [BlobRow]),
}

/// Write an object; the caller commits.
pub(super) async fn put(
    transaction: &Transaction<'_>,
    new: &NewObject<'_>,
    source: Source<'_>,
) -> Result<PutOutcome, StoreError> {
    let Some(used) = lock(transaction, new.app_id).await? else { return Ok(PutOutcome::NoBucket) };
    let present = transaction
        .query_opt(
            "SELECT o.version_id, o.etag FROM storage_buckets b LEFT JOIN storage_objects o
               ON o.app_id = b.app_id AND o.bucket = b.name AND o.key = $3 WHERE b.app_id = $1 AND b.name = $2",
            &[&new.app_id, &new.bucket, &new.key],
        )
        .await?;
    let Some(present) = present else { return Ok(PutOutcome::NoBucket) };
    let version: Option<String> = present.get(0);
    let etag: Option<String> = present.get(1);
    let holds = match new.condition {
        PutCondition::Always => true,
        PutCondition::Absent => etag.is_none(),
        PutCondition::Present => etag.is_some(),
        PutCondition::Matches(wanted) => etag.as_deref() == Some(wanted),
    };
    if !holds {
        return Ok(PutOutcome::Refused(etag.is_some()));
    }
    let replaced = match &version {
        Some(version) => discard(transaction, version).await?,
        None => 0,
    };
    let more_objects = i64::from(version.is_none());
    let more_bytes = match source {
        Source::Blobs(_) => signed(new.size) - replaced,
        // What no part of the object is, is counted off with the upload.
        Source::Parts(..) => -replaced,
    };
    if !new.quota.allows(used, more_bytes, more_objects) {
        return Ok(PutOutcome::OverQuota);
    }
    let row = transaction
        .query_one(
            "INSERT INTO storage_objects AS o (app_id, bucket, key, version_id, size, etag, content_type, meta)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (app_id, bucket, key) DO UPDATE SET version_id = excluded.version_id, size = excluded.size,
               etag = excluded.etag, content_type = excluded.content_type, meta = excluded.meta, created_at = now()
             RETURNING o.created_at",
            &[
                &new.app_id,
                &new.bucket,
                &new.key,
                &new.version_id,
                &signed(new.size),
                &new.etag,
                &new.content_type,
                &meta_json(new.meta)?,
            ],
        )
        .await?;
    take_blobs(transaction, new, source).await?;
    count(transaction, new.app_id, more_bytes, more_objects).await?;
    let uploaded = Uploaded {
        app_id: new.app_id,
        event_key: new.version_id,
        bucket: new.bucket,
        key: new.key,
        etag: new.etag,
        size: new.size,
        content_type: new.content_type,
        record: None,
    };
    let events = storage_events::insert(transaction, &uploaded).await?;
    Ok(PutOutcome::Done(Written { created_at: row.get(0), events }))
}

async fn take_blobs(
    transaction: &Transaction<'_>,
    new: &NewObject<'_>,
    source: Source<'_>,
) -> Result<(), StoreError> {
    let (Source::Blobs(blobs) | Source::Parts(_, blobs)) = source;
    let ids: Vec<&str> = blobs.iter().map(|blob| blob.id.as_str()).collect();
    match source {
        Source::Blobs(blobs) => {
            let sizes: Vec<i64> = blobs.iter().map(|blob| signed(blob.size)).collect();
            let sql = "INSERT INTO storage_blobs (owner, place, id, app_id, size, etag)
                       SELECT $1, b.place, b.id, $2, b.size, '' FROM unnest($3::text[], $4::bigint[])
                         WITH ORDINALITY AS b (id, size, place)";
            transaction.execute(sql, &[&new.version_id, &new.app_id, &ids, &sizes]).await?;
        }
        Source::Parts(upload, _) => {
            let sql = "UPDATE storage_blobs k SET owner = $1, place = b.place
                       FROM unnest($3::text[]) WITH ORDINALITY AS b (id, place) WHERE k.id = b.id AND k.owner = $2";
            transaction.execute(sql, &[&new.version_id, &upload, &ids]).await?;
        }
    }
    Ok(())
}
