//! The job that deletes blobs which no row names any more, and aborts uploads that were forgotten.

use std::time::Duration;

use mayfly_common::jobs::Job;

use crate::{Objects, StorageError};

/// For how long a client may still be reading what was replaced or deleted.
const KEPT: Duration = Duration::from_secs(10 * 60);
/// After how long an upload in parts is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Rows of one statement.
const BATCH: u32 = 500;
/// Runs for one look at all blobs: one shard of 256 in each, so that is about every four hours.
const SHARDS: u32 = 256;

/// The job.
#[derive(Debug)]
pub struct StorageSweep {
    objects: Objects,
    shard: std::sync::atomic::AtomicU32,
}

impl StorageSweep {
    /// Over these.
    pub fn new(objects: Objects) -> Self {
        Self { objects, shard: std::sync::atomic::AtomicU32::new(0) }
    }

    /// Delete what nothing has named for so long. Says how many blobs there were.
    ///
    /// # Errors
    /// When rows or blobs cannot be reached.
    pub async fn collect(&self, kept: Duration) -> Result<usize, StorageError> {
        let (tables, mut deleted) = (self.objects.store.storage(), 0);
        loop {
            let garbage = tables.garbage(kept, BATCH).await?;
            for blob in &garbage {
                self.objects.blobs.delete(&blob.id).await?;
            }
            let ids: Vec<String> = garbage.into_iter().map(|blob| blob.id).collect();
            tables.forget_garbage(&ids).await?;
            deleted += ids.len();
            if ids.len() < BATCH as usize {
                return Ok(deleted);
            }
        }
    }

    /// Delete old blobs of a shard that no row names: their writer died before its commit, or their app is gone.
    ///
    /// # Errors
    /// When rows or blobs cannot be reached.
    pub async fn find_orphans(&self, shard: u8) -> Result<usize, StorageError> {
        let old = self.objects.blobs.old(shard).await?;
        let mut deleted = 0;
        for ids in old.chunks(BATCH as usize) {
            let unknown = self.objects.store.storage().unknown_blobs(ids).await?;
            for id in &unknown {
                self.objects.blobs.delete(id).await?;
            }
            deleted += unknown.len();
        }
        Ok(deleted)
    }

    async fn abort_forgotten(&self) -> Result<(), StorageError> {
        let tables = self.objects.store.storage();
        for (app, id) in tables.old_uploads(FORGOTTEN, BATCH).await? {
            tables.abort(&app, &id).await?;
            tracing::info!(app, id, "an upload in parts was aborted, a week after it was begun");
        }
        Ok(())
    }
}

impl Job for StorageSweep {
    const NAME: &'static str = "storage_sweep";
    const EVERY: Duration = Duration::from_secs(60);
    const SHARED: bool = true;
    type Error = StorageError;

    async fn run(&self) -> Result<(), StorageError> {
        self.collect(KEPT).await?;
        self.abort_forgotten().await?;
        let shard = self.shard.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % SHARDS;
        let orphans = self.find_orphans(u8::try_from(shard).unwrap_or(0)).await?;
        if orphans > 0 {
            tracing::info!(orphans, "blobs that belonged to no object were deleted");
        }
        Ok(())
    }
}
