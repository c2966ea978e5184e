//! Operations on buckets, and listings of them.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use mayfly_store::{ObjectPage, ObjectQuery};
use s3s::dto::{
    Bucket, CommonPrefix, CreateBucketInput, CreateBucketOutput, DeleteBucketInput, DeleteBucketOutput,
    GetBucketLocationInput, GetBucketLocationOutput, GetBucketVersioningInput, GetBucketVersioningOutput,
    HeadBucketInput, HeadBucketOutput, ListBucketsInput, ListBucketsOutput, ListObjectsInput,
    ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output, Object, ObjectStorageClass, Owner,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use super::convert::{KeyEncoding, checksum_type, etag, limit, signed, timestamp};
use super::error::s3_error;
use super::service::AppS3;

impl AppS3 {
    fn owner(&self) -> Owner {
        Owner { id: Some(self.app.clone()), display_name: Some(self.app.clone()) }
    }

    pub(super) async fn list_buckets(
        &self,
        _: S3Request<ListBucketsInput>,
    ) -> S3Result<S3Response<ListBucketsOutput>> {
        let buckets = self.objects.buckets(&self.app).await.map_err(s3_error)?;
        let bucket = |row: mayfly_store::BucketRow| Bucket {
            creation_date: timestamp(row.created_at),
            name: Some(row.name),
            ..Bucket::default()
        };
        let buckets = buckets.into_iter().map(bucket).collect();
        Ok(S3Response::new(ListBucketsOutput {
            buckets: Some(buckets),
            owner: Some(self.owner()),
            ..ListBucketsOutput::default()
        }))
    }

    pub(super) async fn create_bucket(
        &self,
        request: S3Request<CreateBucketInput>,
    ) -> S3Result<S3Response<CreateBucketOutput>> {
        let bucket = request.input.bucket;
        // One's own bucket once more is fine, as it is in us-east-1.
        self.objects.create_bucket(&self.app, &bucket).await.map_err(s3_error)?;
        let location = Some(format!("{}/{bucket}", self.prefix));
        Ok(S3Response::new(CreateBucketOutput { location }))
    }

    pub(super) async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> S3Result<S3Response<HeadBucketOutput>> {
        self.objects.bucket(&self.app, &request.input.bucket).await.map_err(s3_error)?;
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    pub(super) async fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.objects.bucket(&self.app, &request.input.bucket).await.map_err(s3_error)?;
        Ok(S3Response::new(GetBucketLocationOutput::default()))
    }

    pub(super) async fn get_bucket_versioning(
        &self,
        request: S3Request<GetBucketVersioningInput>,
    ) -> S3Result<S3Response<GetBucketVersioningOutput>> {
        self.objects.bucket(&self.app, &request.input.bucket).await.map_err(s3_error)?;
        // Neither on nor suspended.
        Ok(S3Response::new(GetBucketVersioningOutput::default()))
    }

    pub(super) async fn delete_bucket(
        &self,
        request: S3Request<DeleteBucketInput>,
    ) -> S3Result<S3Response<DeleteBucketOutput>> {
        self.objects.delete_bucket(&self.app, &request.input.bucket).await.map_err(s3_error)?;
        Ok(S3Response::new(DeleteBucketOutput {}))
    }

    async fn page(
        &self,
        bucket: &str,
        (prefix, delimiter): (Option<&String>, Option<&String>),
        after: Option<&str>,
        limit: u32,
    ) -> S3Result<ObjectPage> {
        let query = ObjectQuery {
            app_id: &self.app,
            bucket,
            prefix: prefix.map_or("", String::as_str),
            delimiter: delimiter.map(String::as_str).filter(|delimiter| !delimiter.is_empty()),
            after: after.filter(|after| !after.is_empty()),
            limit,
        };
        self.objects.list(query).await.map_err(s3_error)
    }

    pub(super) async fn list_objects(
        &self,
        request: S3Request<ListObjectsInput>,
    ) -> S3Result<S3Response<ListObjectsOutput>> {
        let input = request.input;
        let encoding = KeyEncoding::of(input.encoding_type.as_ref());
        let names = (input.prefix.as_ref(), input.delimiter.as_ref());
        let limit = limit(input.max_keys)?;
        let page = self.page(&input.bucket, names, input.marker.as_deref(), limit).await?;
        let encode = |text: Option<String>| text.map(|text| encoding.encode(&text));
        Ok(S3Response::new(ListObjectsOutput {
            name: Some(input.bucket),
            is_truncated: Some(page.next.is_some()),
            next_marker: encode(page.next.clone()),
            common_prefixes: Some(prefixes(&page, &encoding)),
            contents: Some(self.contents(page, &encoding, true)),
            prefix: encode(Some(input.prefix.unwrap_or_default())),
            marker: encode(Some(input.marker.unwrap_or_default())),
            delimiter: encode(input.delimiter),
            max_keys: Some(limit.cast_signed()),
            encoding_type: input.encoding_type,
            ..ListObjectsOutput::default()
        }))
    }

    pub(super) async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        let encoding = KeyEncoding::of(input.encoding_type.as_ref());
        let names = (input.prefix.as_ref(), input.delimiter.as_ref());
        let limit = limit(input.max_keys)?;
        let token = input.continuation_token.as_deref().map(read_token).transpose()?;
        let after = token.as_deref().or(input.start_after.as_deref());
        let page = self.page(&input.bucket, names, after, limit).await?;
        let encode = |text: Option<String>| text.map(|text| encoding.encode(&text));
        let count = page.objects.len() + page.prefixes.len();
        Ok(S3Response::new(ListObjectsV2Output {
            name: Some(input.bucket),
            key_count: i32::try_from(count).ok(),
            is_truncated: Some(page.next.is_some()),
            next_continuation_token: page.next.as_ref().map(|next| BASE64_URL_SAFE_NO_PAD.encode(next)),
            common_prefixes: Some(prefixes(&page, &encoding)),
            contents: Some(self.contents(page, &encoding, input.fetch_owner.unwrap_or(false))),
            prefix: encode(Some(input.prefix.unwrap_or_default())),
            delimiter: encode(input.delimiter),
            start_after: encode(input.start_after),
            continuation_token: input.continuation_token,
            max_keys: Some(limit.cast_signed()),
            encoding_type: input.encoding_type,
            ..ListObjectsV2Output::default()
        }))
    }

    fn contents(&self, page: ObjectPage, encoding: &KeyEncoding, with_owner: bool) -> Vec<Object> {
        let object = |row: mayfly_store::ObjectRow| Object {
            key: Some(encoding.encode(&row.key)),
            e_tag: etag(&row.etag),
            size: signed(row.size),
            last_modified: timestamp(row.created_at),
            owner: with_owner.then(|| self.owner()),
            checksum_type: row.meta.checksum.as_ref().map(checksum_type),
            checksum_algorithm: row.meta.checksum.map(|sum| vec![sum.algorithm.into()]),
            storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
            ..Object::default()
        };
        page.objects.into_iter().map(object).collect()
    }
}

fn prefixes(page: &ObjectPage, encoding: &KeyEncoding) -> Vec<CommonPrefix> {
    page.prefixes.iter().map(|prefix| CommonPrefix { prefix: Some(encoding.encode(prefix)) }).collect()
}

fn read_token(token: &str) -> S3Result<String> {
    let decoded = BASE64_URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.ok_or_else(|| {
        S3Error::with_message(S3ErrorCode::InvalidArgument, "The continuation token provided is incorrect")
    })
}
