//! `/v1/{app}/storage`: an app's buckets, and the keys of its S3 endpoint.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::{Bytes, Number, Text, Timestamp, words};

/// Bytes of a key.
pub const OBJECT_KEY_BYTES_MAX: usize = 1_024;

/// What an app stores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StorageInfo {
    /// The endpoint URL for clients of S3, with path-style addresses.
    pub endpoint: String,
    /// Stored objects.
    pub objects: u64,
    /// Their bytes, and those of uploads in parts that are not complete.
    pub bytes: u64,
    /// The buckets by name.
    pub buckets: Vec<BucketInfo>,
}

/// A bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Bucket")]
pub struct BucketInfo {
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Makes a bucket. One that is there already is fine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateBucket {
    /// 3 to 63 of `[a-z0-9.-]`.
    pub name: Text<3, 63>,
}

/// Which objects of a bucket, and how many.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListObjects {
    /// Only keys that begin so.
    #[serde(default)]
    pub prefix: Option<Text<0, 1_024>>,
    /// What has it behind the prefix is one entry of `prefixes`.
    #[serde(default)]
    pub delimiter: Option<Text<1, 100>>,
    /// Entries a page; 1,000 unless said otherwise.
    #[serde(default)]
    pub limit: Option<Number<1, 1_000>>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    pub cursor: Option<Text<0, 1_024>>,
}

/// Objects by key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ObjectList {
    /// The objects.
    pub objects: Vec<ObjectInfo>,
    /// Beginnings of keys up to the delimiter.
    pub prefixes: Vec<String>,
    /// For the next page; none at the end.
    pub next_cursor: Option<String>,
}

/// An object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Object")]
pub struct ObjectInfo {
    /// Its key.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// Its ETag, without quotes.
    pub etag: String,
    /// Its content type.
    pub content_type: Option<String>,
    /// When it was written.
    pub modified_at: Timestamp,
}

/// Makes an access key for the S3 endpoint.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateStorageKey {
    /// A name to recognise it by.
    #[serde(default)]
    pub name: Option<Text<1, 100>>,
    /// Whether it only reads.
    #[serde(default)]
    pub read_only: Option<bool>,
}

/// An access key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "StorageKey")]
pub struct StorageKeyInfo {
    /// The access key id.
    pub access_key_id: String,
    /// Its name.
    pub name: Option<String>,
    /// Whether it only reads.
    pub read_only: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A new access key, whose secret is shown this once.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CreatedStorageKey {
    /// About the key.
    #[serde(flatten)]
    pub info: StorageKeyInfo,
    /// The secret.
    pub secret_access_key: String,
    /// The endpoint URL that it opens.
    pub endpoint: String,
}

/// An app's access keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StorageKeyList {
    /// Oldest first.
    pub keys: Vec<StorageKeyInfo>,
}

words! {
    /// What a presigned URL is for.
    PresignMethod {
        /// Reads the object.
        Get = "GET",
        /// Writes it.
        Put = "PUT",
        /// Asks about it.
        Head = "HEAD",
        /// Deletes it.
        Delete = "DELETE",
    }
}

/// Makes a URL that needs no key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PresignObject {
    /// What it is for; `GET` unless said otherwise.
    #[serde(default)]
    pub method: Option<PresignMethod>,
    /// The bucket.
    pub bucket: Text<3, 63>,
    /// The key.
    pub key: Bytes<OBJECT_KEY_BYTES_MAX>,
    /// For how long, in seconds: an hour unless said otherwise, a week at most.
    #[serde(default)]
    pub expires_seconds: Option<Number<1, 604_800>>,
    /// The content type that a `PUT` has to have.
    #[serde(default)]
    pub content_type: Option<Text<1, 255>>,
}

/// A URL that needs no key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PresignedUrl {
    /// The URL.
    pub url: String,
    /// Until when.
    pub expires_at: Timestamp,
}
