//! Blobs: immutable bytes under an id. What they belong to is the store's to know.

mod directory;

use std::fmt::Debug;
use std::ops::Range;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::Stream;

use crate::StorageError;

pub use directory::Directory;

/// A boxed future.
pub type BlobFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StorageError>> + Send + 'a>>;

/// The bytes of a blob.
pub type BlobStream = Pin<Box<dyn Stream<Item = Result<Bytes, StorageError>> + Send>>;

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
}

/// Writes a blob.
pub trait BlobWriter: Send {
    /// The next bytes.
    fn write(&mut self, bytes: Bytes) -> BlobFuture<'_, ()>;

    /// All of it was written: it can be read, and outlasts a crash.
    fn finish(self: Box<Self>) -> BlobFuture<'static, ()>;
}
