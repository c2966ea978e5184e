//! Storage of apps: buckets, access keys, presigned URLs, and the S3 endpoint.

mod endpoint;
mod guest;
mod presign;

use mayfly_api::apps::Success;
use mayfly_api::endpoint::{ApiCall, Handler};
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::routes::{
    BucketsCreate, BucketsDelete, ObjectsList, StorageGet, StorageKeysCreate, StorageKeysList,
    StorageKeysRevoke, StoragePresign,
};
use mayfly_api::storage::{
    BucketInfo, CreateStorageKey, CreatedStorageKey, ObjectInfo, ObjectList, PresignedUrl, StorageInfo,
    StorageKeyInfo, StorageKeyList,
};
use mayfly_api::value::Text;
use mayfly_storage::keys::StorageKeys;
use mayfly_storage::{Objects, S3Endpoint};
use mayfly_store::{BucketRow, ObjectQuery, ObjectRow, StorageKeyRow};

use crate::app_cache::AppCache;

pub use guest::GuestStorage;
pub(crate) use guest::SCHEME;
pub use presign::{Presigned, Presigner};

/// Entries of a listing.
const PAGE: u32 = 1_000;

/// Use cases of storage. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Storage {
    objects: Objects,
    keys: StorageKeys,
    endpoint: S3Endpoint,
    presigner: Presigner,
    apps: AppCache,
}

impl Storage {
    /// Over these objects and keys.
    pub fn new(objects: Objects, keys: StorageKeys, presigner: Presigner, apps: AppCache) -> Self {
        let endpoint = S3Endpoint::new(objects.clone(), keys.clone());
        Self { objects, keys, endpoint, presigner, apps }
    }

    /// The objects of all apps.
    pub fn objects(&self) -> &Objects {
        &self.objects
    }
}

/// The path that an app's buckets are under.
pub(crate) fn prefix(app: &str) -> String {
    format!("/v1/{app}/s3")
}

impl Handler<StorageGet> for Storage {
    async fn handle(&self, call: ApiCall<StorageGet>) -> ApiResult<StorageInfo> {
        let app = &call.context.app;
        let used = self.objects.used(app).await?;
        let buckets = self.objects.buckets(app).await?.into_iter().map(bucket).collect();
        let endpoint = format!("{}/s3", call.context.api_base(app));
        Ok(StorageInfo { endpoint, objects: used.objects, bytes: used.bytes, buckets })
    }
}

impl Handler<BucketsCreate> for Storage {
    async fn handle(&self, call: ApiCall<BucketsCreate>) -> ApiResult<BucketInfo> {
        let (app, name) = (&call.context.app, &call.body.0.name);
        let invalid = |error: mayfly_storage::StorageError| match error {
            mayfly_storage::StorageError::BucketName(why) => ApiError::invalid("name", why),
            error => error.into(),
        };
        self.objects.create_bucket(app, name).await.map_err(invalid)?;
        Ok(bucket(self.objects.bucket(app, name).await?))
    }
}

impl Handler<BucketsDelete> for Storage {
    async fn handle(&self, call: ApiCall<BucketsDelete>) -> ApiResult<Success> {
        self.objects.delete_bucket(&call.context.app, call.context.name()).await?;
        Ok(Success::DONE)
    }
}

impl Handler<ObjectsList> for Storage {
    async fn handle(&self, call: ApiCall<ObjectsList>) -> ApiResult<ObjectList> {
        let query = ObjectQuery {
            app_id: &call.context.app,
            bucket: call.context.name(),
            prefix: call.query.prefix.as_deref().unwrap_or_default(),
            delimiter: call.query.delimiter.as_deref(),
            after: call.query.cursor.as_deref().filter(|cursor| !cursor.is_empty()),
            limit: call.query.limit.map_or(PAGE, |limit| limit.get()),
        };
        let page = self.objects.list(query).await?;
        Ok(ObjectList {
            objects: page.objects.into_iter().map(object).collect(),
            prefixes: page.prefixes,
            next_cursor: page.next,
        })
    }
}

impl Handler<StoragePresign> for Storage {
    async fn handle(&self, call: ApiCall<StoragePresign>) -> ApiResult<PresignedUrl> {
        let wanted = call.body.0;
        let content_type = wanted.content_type.as_deref();
        let presigned = Presigned {
            method: wanted.method.unwrap_or(mayfly_api::storage::PresignMethod::Get).as_str(),
            bucket: &wanted.bucket,
            key: &wanted.key,
            expires_seconds: wanted.expires_seconds.map(|seconds| seconds.get()),
            content_type,
        };
        self.presigner.presign(&call.context.app, &presigned).await
    }
}

impl Handler<StorageKeysList> for Storage {
    async fn handle(&self, call: ApiCall<StorageKeysList>) -> ApiResult<StorageKeyList> {
        let keys = self.keys.list(&call.context.app).await?;
        Ok(StorageKeyList { keys: keys.into_iter().map(key).collect() })
    }
}

impl Handler<StorageKeysCreate> for Storage {
    async fn handle(&self, call: ApiCall<StorageKeysCreate>) -> ApiResult<CreatedStorageKey> {
        let CreateStorageKey { name, read_only } = call.body.0;
        let name = name.map(Text::into_string);
        let app = &call.context.app;
        let new = self.keys.create(app, name.as_deref(), read_only.unwrap_or(false)).await?;
        let endpoint = format!("{}/s3", call.context.api_base(app));
        Ok(CreatedStorageKey { info: key(new.row), secret_access_key: new.secret.to_string(), endpoint })
    }
}

impl Handler<StorageKeysRevoke> for Storage {
    async fn handle(&self, call: ApiCall<StorageKeysRevoke>) -> ApiResult<Success> {
        let revoked = self.keys.revoke(&call.context.app, call.context.name()).await?;
        if revoked { Ok(Success::DONE) } else { Err(ApiError::not_found("the access key")) }
    }
}

fn bucket(row: BucketRow) -> BucketInfo {
    BucketInfo { name: row.name, created_at: row.created_at.into() }
}

fn object(row: ObjectRow) -> ObjectInfo {
    ObjectInfo {
        key: row.key,
        size: row.size,
        etag: row.etag,
        content_type: row.content_type,
        modified_at: row.created_at.into(),
    }
}

fn key(row: StorageKeyRow) -> StorageKeyInfo {
    StorageKeyInfo {
        access_key_id: row.id,
        name: row.name,
        read_only: row.read_only,
        created_at: row.created_at.into(),
    }
}
