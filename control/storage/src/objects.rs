//! `Objects`: what can be done with the buckets and objects of an app.

use std::sync::Arc;

use mayfly_store::{BucketRow, BucketUse, ObjectPage, ObjectQuery, StorageQuota, StorageUsed, Store};
use tokio::sync::Notify;

use crate::blobs::Blobs;
use crate::{StorageError, check_bucket, check_key};

/// Buckets of an app.
const BUCKETS_MAX: u32 = 100;
/// Objects of one listing.
pub(crate) const LIST_MAX: u32 = 1_000;

/// Buckets and objects of every app. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Objects {
    pub(crate) store: Store,
    pub(crate) blobs: Arc<dyn Blobs>,
    /// Told when a write starts functions.
    uploaded: Arc<Notify>,
}

/// An object's place.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The app.
    pub app: &'a str,
    /// The bucket.
    pub bucket: &'a str,
    /// The key.
    pub key: &'a str,
    /// How much the app may keep.
    pub quota: StorageQuota,
}

impl Place<'_> {
    pub(crate) fn check(&self) -> Result<(), StorageError> {
        check_bucket(self.bucket)?;
        check_key(self.key)
    }

    pub(crate) fn names(&self) -> (&str, &str, &str) {
        (self.app, self.bucket, self.key)
    }
}

impl Objects {
    /// Of these rows and blobs; `uploaded` is told when a write starts functions.
    pub fn new(store: Store, blobs: Arc<dyn Blobs>, uploaded: Arc<Notify>) -> Self {
        Self { store, blobs, uploaded }
    }

    pub(crate) fn fired(&self, events: u64) {
        if events > 0 {
            self.uploaded.notify_one();
        }
    }

    /// Make a bucket. Says whether it is new.
    ///
    /// # Errors
    /// For a name that is none, and one bucket too many.
    pub async fn create_bucket(&self, app: &str, bucket: &str) -> Result<bool, StorageError> {
        check_bucket(bucket)?;
        let made = self.store.storage().create_bucket(app, bucket, BUCKETS_MAX).await?;
        made.ok_or(StorageError::TooMany("buckets", BUCKETS_MAX))
    }

    /// Delete a bucket that is empty.
    ///
    /// # Errors
    /// Where it is not, or is not there.
    pub async fn delete_bucket(&self, app: &str, bucket: &str) -> Result<(), StorageError> {
        match self.store.storage().delete_bucket(app, bucket).await? {
            BucketUse::Deleted => Ok(()),
            BucketUse::Missing => Err(StorageError::NoBucket),
            BucketUse::NotEmpty => Err(StorageError::NotEmpty),
        }
    }

    /// An app's buckets.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn buckets(&self, app: &str) -> Result<Vec<BucketRow>, StorageError> {
        Ok(self.store.storage().buckets(app).await?)
    }

    /// A bucket that has to be there.
    ///
    /// # Errors
    /// When it is not.
    pub async fn bucket(&self, app: &str, bucket: &str) -> Result<BucketRow, StorageError> {
        check_bucket(bucket)?;
        self.store.storage().bucket(app, bucket).await?.ok_or(StorageError::NoBucket)
    }

    /// What an app keeps.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn used(&self, app: &str) -> Result<StorageUsed, StorageError> {
        Ok(self.store.storage().used(app).await?)
    }

    /// Objects of a bucket, at most 1,000.
    ///
    /// # Errors
    /// Without the bucket.
    pub async fn list(&self, query: ObjectQuery<'_>) -> Result<ObjectPage, StorageError> {
        self.bucket(query.app_id, query.bucket).await?;
        // PostgreSQL stores no NUL, so no key has one.
        let has_nul = |text: Option<&str>| text.is_some_and(|text| text.contains('\0'));
        if has_nul(Some(query.prefix)) || has_nul(query.after) || has_nul(query.delimiter) {
            return Err(StorageError::Invalid("a key has no control characters".to_owned()));
        }
        let limit = query.limit.min(LIST_MAX);
        Ok(self.store.storage().list(ObjectQuery { limit, ..query }).await?)
    }

    /// Delete objects of a bucket. What is not there is fine.
    ///
    /// # Errors
    /// Without the bucket.
    pub async fn delete(&self, app: &str, bucket: &str, keys: &[String]) -> Result<u64, StorageError> {
        self.bucket(app, bucket).await?;
        for key in keys {
            check_key(key)?;
        }
        Ok(self.store.storage().delete(app, bucket, keys).await?)
    }
}
