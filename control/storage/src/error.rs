//! `StorageError`: why an operation on objects was refused or failed.

use mayfly_api::error::{ApiError, Code};
use mayfly_secrets::SecretsError;
use mayfly_store::StoreError;
use serde_json::json;

/// A failure of storage.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// There is no such bucket.
    #[error("there is no such bucket")]
    NoBucket,
    /// There is no object of that key.
    #[error("there is no object of that key")]
    NoObject,
    /// There is no such upload: it was completed, aborted, or never begun.
    #[error("there is no such upload; it was completed or aborted")]
    NoUpload,
    /// A bucket that is to be deleted has objects.
    #[error("the bucket is not empty")]
    NotEmpty,
    /// The app has as many as it may.
    #[error("an app may have {1} {0} at most")]
    TooMany(&'static str, u32),
    /// A condition of the request does not hold.
    #[error("a condition of the request does not hold: {0}")]
    Precondition(&'static str),
    /// The client has it already.
    #[error("the object has not changed")]
    NotModified,
    /// The range lies behind the object's end.
    #[error("the range lies behind the object's end")]
    Range(u64),
    /// A bucket's name is none.
    #[error("{0}")]
    BucketName(&'static str),
    /// A key is longer than it may be.
    #[error("a key has 1,024 bytes at most")]
    KeyTooLong,
    /// Something of the request is wrong.
    #[error("{0}")]
    Invalid(String),
    /// The object is larger than it may be.
    #[error("an object of one request has {0} bytes at most")]
    TooLarge(u64),
    /// The app keeps as much as it may.
    #[error("the app's storage quota is used up")]
    OverQuota,
    /// The disk is full.
    #[error("there is no space left for the object; nothing was kept")]
    Full,
    /// The bytes are not those that were announced.
    #[error("the {0} that was sent is not that of the bytes that arrived")]
    Digest(&'static str),
    /// The SHA-256 that was signed is not that of the bytes.
    #[error("the x-amz-content-sha256 that was signed is not that of the bytes that arrived")]
    Sha256,
    /// A chunk's signature does not fit.
    #[error("the signature of a chunk does not fit")]
    ChunkSignature,
    /// The body ended early, or is not of the form that it says.
    #[error("{0}")]
    Body(String),
    /// A part that is named was not sent, or has another ETag.
    #[error("part {0} was not uploaded, or has another ETag or checksum")]
    InvalidPart(u32),
    /// Parts are not named in order.
    #[error("the parts are not in ascending order")]
    PartOrder,
    /// A part that is not the last one is too small.
    #[error("a part that is not the last one has 5 MiB at least")]
    PartTooSmall,
    /// The bytes of an object are gone: another one of its key was written while it was read.
    #[error("the object was replaced while it was read")]
    Replaced,
    /// The blobs cannot be reached.
    #[error("the blobs cannot be read or written: {0}")]
    Blobs(std::io::Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A secret cannot be decrypted.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        let text = error.to_string();
        match error {
            StorageError::NoBucket => Self::not_found("the bucket"),
            StorageError::NoObject => Self::not_found("the object"),
            StorageError::NoUpload => Self::not_found("the upload"),
            StorageError::NotEmpty => Self::new(Code::ResourceConflict, text),
            StorageError::TooMany(..) | StorageError::OverQuota => Self::new(Code::QuotaStorageLimit, text),
            StorageError::TooLarge(bytes) => {
                Self::new(Code::PayloadTooLarge, text).with_details(json!({ "limit_bytes": bytes }))
            }
            StorageError::Full => Self::new(Code::StorageFull, text),
            StorageError::Blobs(cause) => {
                Self::new(Code::SubsystemUnavailable, "the stored bytes cannot be reached").because(cause)
            }
            StorageError::Store(error) => error.into(),
            StorageError::Secrets(error) => error.into(),
            _ => Self::invalid("", text),
        }
    }
}
