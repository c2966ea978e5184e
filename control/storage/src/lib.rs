//! Objects of apps: metadata in the platform's database, bytes in blobs, and the S3 protocol over both.

pub mod blobs;
mod checksum;
mod error;
pub mod keys;
mod multipart;
mod names;
mod objects;
mod put;
mod read;
mod s3;
pub mod sigv4;
mod sweep;

pub use checksum::ChecksumKind;
pub use error::StorageError;
pub use multipart::PartSum;
pub use names::{check_bucket, check_key};
pub use objects::{Objects, Place};
pub use put::{Announced, Put, PutDone};
pub use read::{FoundObject, Piece};
pub use s3::{S3Endpoint, S3Request};
pub use sweep::StorageSweep;

use std::pin::Pin;

use bytes::Bytes;
use futures_util::Stream;

/// Bytes as they arrive.
pub type Bytestream = Pin<Box<dyn Stream<Item = Result<Bytes, StorageError>> + Send>>;
