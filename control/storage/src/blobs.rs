//! Blobs: immutable bytes under an id. What they belong to is the store's to know.

mod bucket;
mod directory;

use std::fmt::Debug;
use std::ops::Range;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;

use crate::StorageError;

pub use bucket::{Bucket, BucketError};
pub use directory::Directory;

/// A boxed future.
pub type BlobFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StorageError>> + Send + 'a>>;

/// The bytes of a blob.
pub type BlobStream = Pin<Box<dyn Stream<Item = Result<Bytes, StorageError>> + Send>>;

/// From when on a finished blob must be named by a row, and an unfinished one is no longer written.
const OLD: Duration = Duration::from_secs(60 * 60);
/// Where the mark is kept.
const MARK: &str = "storage-id";

/// Keeps blobs.
pub trait Blobs: Debug + Send + Sync + 'static {
    /// Begin a blob. Dropped before it is finished, it leaves nothing behind.
    fn create<'a>(&'a self, id: &'a str) -> BlobFuture<'a, Box<dyn BlobWriter>>;

    /// Read a part of a blob.
    fn read<'a>(&'a self, id: &'a str, range: Range<u64>) -> BlobFuture<'a, BlobStream>;

    /// Delete a blob. One that is not there is fine.
    fn delete<'a>(&'a self, id: &'a str) -> BlobFuture<'a, ()>;

    /// Blobs whose ids end with this byte and that were finished more than an hour ago; a row must name them by now. What
    /// was begun and has not grown for as long is removed.
    fn old(&self, shard: u8) -> BlobFuture<'_, Vec<String>>;

    /// The mark of this place, by which nodes know that they all have the same one.
    fn mark(&self) -> BlobFuture<'_, Option<String>>;

    /// Mark it.
    fn set_mark<'a>(&'a self, mark: &'a str) -> BlobFuture<'a, ()>;
}

/// Writes a blob.
pub trait BlobWriter: Send {
    /// The next bytes.
    fn write(&mut self, bytes: Bytes) -> BlobFuture<'_, ()>;

    /// All of it was written: it can be read, and outlasts a crash.
    fn finish(self: Box<Self>) -> BlobFuture<'static, ()>;
}

/// Which of 256 parts of the place a blob is in: ids end with random digits.
fn shard(id: &str) -> &str {
    id.get(id.len().saturating_sub(2)..).unwrap_or("00")
}
