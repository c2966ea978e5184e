//! Where the bytes of stored objects are kept, and whether it is where the other nodes keep them.

use std::sync::Arc;

use mayfly_api::ids;
use mayfly_common::tasks::Tasks;
use mayfly_storage::StorageError;
use mayfly_storage::blobs::{Blobs, Bucket, BucketError, Directory};
use mayfly_store::{Store, StoreError};

use super::StartError;
use crate::config::Config;

/// A place that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BlobPlaceError {
    /// See [`BucketError`].
    #[error("--storage-url: {0}")]
    Bucket(#[from] BucketError),
    /// It cannot be reached.
    #[error("{place} cannot be used: {cause}")]
    Unreachable {
        /// The directory, or the bucket.
        place: String,
        /// Why.
        cause: StorageError,
    },
    /// Other nodes keep their bytes elsewhere.
    #[error(
        "{place} is not where the bytes of the stored objects are: that place has a file `storage-id` with {expected}, this one {found}. \
         All nodes need the same one. If the bytes were moved here, or lost, write {expected} into that file."
    )]
    Other {
        /// The directory, or the bucket.
        place: String,
        /// The mark of the right one.
        expected: String,
        /// What this one has.
        found: String,
    },
    /// See [`StoreError`].
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Open the directory, or the bucket.
pub(super) async fn open(
    config: &Config,
    store: &Store,
    tasks: &Tasks,
) -> Result<Arc<dyn Blobs>, StartError> {
    let (place, blobs): (String, Arc<dyn Blobs>) = match &config.storage_url {
        Some(url) => (url.clone(), Arc::new(Bucket::open(url, tasks.clone()).map_err(BlobPlaceError::from)?)),
        None => {
            let path = config.blob_dir();
            let directory = Directory::open(path.clone())
                .map_err(|cause| StartError::DataDir { path: path.clone(), cause })?;
            (path.display().to_string(), Arc::new(directory))
        }
    };
    check(place, blobs.as_ref(), store).await?;
    Ok(blobs)
}

/// The first node marks the place; a place without a mark is right as long as nothing is stored.
async fn check(place: String, blobs: &dyn Blobs, store: &Store) -> Result<(), BlobPlaceError> {
    let unreachable = |cause| BlobPlaceError::Unreachable { place: place.clone(), cause };
    let found = blobs.mark().await.map_err(unreachable)?;
    let known = store.storage().place(found.as_deref().unwrap_or(&ids::storage_mark())).await?;
    match found {
        Some(found) if found == known.mark => Ok(()),
        None if known.is_new || known.is_empty => blobs.set_mark(&known.mark).await.map_err(unreachable),
        found => {
            let found = found.map_or_else(|| "has none".to_owned(), |mark| format!("has {mark}"));
            Err(BlobPlaceError::Other { place, expected: known.mark, found })
        }
    }
}
