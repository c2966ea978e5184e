//! Presigned URLs: signed with a key that is made for them, so that revoking it ends all of them.

use std::sync::Arc;

use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::storage::PresignedUrl;
use mayfly_common::clock;
use mayfly_storage::keys::{NewAccessKey, StorageKeys};
use mayfly_storage::sigv4::{Presign, presign};
use mayfly_storage::{check_bucket, check_key};

use super::prefix;

/// The name of the key that signs them.
const KEY_NAME: &str = "presigned URLs";
/// For how long, unless it is said.
const EXPIRES_SECONDS: u32 = 3_600;

/// Signs URLs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Presigner {
    keys: StorageKeys,
    /// The address that callers use, without a slash at its end.
    base: Arc<str>,
}

/// A URL to be signed.
#[derive(Debug, Clone, Copy)]
pub struct Presigned<'a> {
    /// `GET`, `PUT`, ...
    pub method: &'a str,
    /// The bucket.
    pub bucket: &'a str,
    /// The key.
    pub key: &'a str,
    /// For how long: an hour, unless it is said.
    pub expires_seconds: Option<u32>,
    /// What a `PUT` has to have.
    pub content_type: Option<&'a str>,
}

impl Presigner {
    /// With these keys, for this address.
    pub fn new(keys: StorageKeys, base: Arc<str>) -> Self {
        Self { keys, base }
    }

    /// Sign a URL of an app's endpoint.
    ///
    /// # Errors
    /// For a bucket or key that is none.
    pub async fn presign(&self, app: &str, wanted: &Presigned<'_>) -> ApiResult<PresignedUrl> {
        check_bucket(wanted.bucket).map_err(|error| ApiError::invalid("bucket", error.to_string()))?;
        check_key(wanted.key).map_err(|error| ApiError::invalid("key", error.to_string()))?;
        let is_header = |text: &str| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if wanted.content_type.is_some_and(|text| !is_header(text)) {
            return Err(ApiError::invalid("content_type", "must be ASCII without control characters"));
        }
        let NewAccessKey { row, secret } = self.key(app).await?;
        let (at, expires) = (clock::now(), wanted.expires_seconds.unwrap_or(EXPIRES_SECONDS));
        // A base with a path of its own stands before what the server sees.
        let (origin, path) = split_origin(&self.base);
        let content_type = wanted.content_type.map(|text| [("content-type", text)]);
        let url = presign(&Presign {
            method: wanted.method,
            origin,
            prefix: &format!("{path}{}", prefix(app)),
            bucket: wanted.bucket,
            key: wanted.key,
            key_id: &row.id,
            secret: &secret,
            at,
            expires_seconds: expires,
            headers: content_type.as_ref().map_or(&[], |headers| headers.as_slice()),
        });
        let expires_at = at + chrono::TimeDelta::seconds(expires.into());
        Ok(PresignedUrl { url, expires_at: expires_at.into() })
    }

    async fn key(&self, app: &str) -> ApiResult<NewAccessKey> {
        let keys = self.keys.list(app).await?;
        let known = keys.iter().find(|key| key.name.as_deref() == Some(KEY_NAME) && !key.read_only);
        if let Some(known) = known
            && let Some(key) = self.keys.find(app, &known.id).await?
        {
            return Ok(key);
        }
        Ok(self.keys.create(app, Some(KEY_NAME), false).await?)
    }
}

/// Scheme and host, and the path behind them.
fn split_origin(base: &str) -> (&str, &str) {
    let host = base.find("://").map_or(0, |scheme| scheme + 3);
    match base.get(host..).and_then(|rest| rest.find('/')) {
        Some(slash) => base.split_at(host + slash),
        None => (base, ""),
    }
}
