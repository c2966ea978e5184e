//! Errors of storage as S3 names them.

use std::fmt;

use http::{HeaderMap, HeaderValue, StatusCode};
use s3s::{S3Error, S3ErrorCode, StdError};

use crate::StorageError;

/// An error that goes through a body.
pub(super) struct Fault(pub(super) StorageError);

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Fault {}

/// What a body ended with.
pub(super) fn of_body(error: StdError) -> StorageError {
    match error.downcast::<Fault>() {
        Ok(fault) => fault.0,
        Err(error) => StorageError::Body(error.to_string()),
    }
}

/// As a client of S3 knows it.
pub(super) fn s3_error(error: StorageError) -> S3Error {
    let text = error.to_string();
    let custom = |code: &'static str, status| (S3ErrorCode::Custom(code.into()), Some(status));
    let (code, status) = match &error {
        StorageError::NoBucket => (S3ErrorCode::NoSuchBucket, None),
        StorageError::NoObject => (S3ErrorCode::NoSuchKey, None),
        StorageError::NoUpload => (S3ErrorCode::NoSuchUpload, None),
        StorageError::NotEmpty => (S3ErrorCode::BucketNotEmpty, None),
        StorageError::TooMany("buckets", _) => (S3ErrorCode::TooManyBuckets, None),
        StorageError::TooMany(..) | StorageError::OverQuota => custom("QuotaExceeded", StatusCode::FORBIDDEN),
        StorageError::Precondition(_) => (S3ErrorCode::PreconditionFailed, None),
        StorageError::NotModified => (S3ErrorCode::NotModified, Some(StatusCode::NOT_MODIFIED)),
        StorageError::Range(_) => (S3ErrorCode::InvalidRange, None),
        StorageError::BucketName(_) => (S3ErrorCode::InvalidBucketName, None),
        StorageError::KeyTooLong => (S3ErrorCode::KeyTooLongError, None),
        StorageError::Invalid(_) => (S3ErrorCode::InvalidArgument, None),
        StorageError::TooLarge(_) => (S3ErrorCode::EntityTooLarge, None),
        StorageError::Full => custom("InsufficientStorage", StatusCode::INSUFFICIENT_STORAGE),
        StorageError::Digest(_) => (S3ErrorCode::BadDigest, None),
        StorageError::Sha256 => custom("XAmzContentSHA256Mismatch", StatusCode::BAD_REQUEST),
        StorageError::ChunkSignature => (S3ErrorCode::SignatureDoesNotMatch, None),
        StorageError::Body(_) => (S3ErrorCode::IncompleteBody, None),
        StorageError::InvalidPart(_) => (S3ErrorCode::InvalidPart, None),
        StorageError::PartOrder => (S3ErrorCode::InvalidPartOrder, None),
        StorageError::PartTooSmall => (S3ErrorCode::EntityTooSmall, None),
        StorageError::Store(mayfly_store::StoreError::Full(_)) => {
            custom("InsufficientStorage", StatusCode::INSUFFICIENT_STORAGE)
        }
        StorageError::Store(mayfly_store::StoreError::Internal(_)) | StorageError::Secrets(_) => {
            tracing::error!(%error, "a request to storage failed");
            return S3Error::with_message(S3ErrorCode::InternalError, "We encountered an internal error.");
        }
        StorageError::Replaced | StorageError::Blobs(_) | StorageError::Store(_) => {
            tracing::warn!(%error, "a request to storage failed");
            let message = "Storage cannot be reached now; please try again.";
            return S3Error::with_message(S3ErrorCode::ServiceUnavailable, message);
        }
    };
    let mut answer = S3Error::with_message(code, text);
    if let Some(status) = status {
        answer.set_status_code(status);
    }
    if let StorageError::Range(size) = error
        && let Ok(range) = HeaderValue::try_from(format!("bytes */{size}"))
    {
        answer.set_headers(HeaderMap::from_iter([(http::header::CONTENT_RANGE, range)]));
    }
    answer
}
