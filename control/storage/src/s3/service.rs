//! What `s3s` asks for, operation by operation; what is missing here it answers with `NotImplemented`.

use mayfly_store::StorageQuota;
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput, CreateBucketInput, CreateBucketOutput,
    CreateMultipartUploadInput, CreateMultipartUploadOutput, DeleteBucketInput, DeleteBucketOutput,
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, GetBucketLocationInput,
    GetBucketLocationOutput, GetBucketVersioningInput, GetBucketVersioningOutput, GetObjectInput,
    GetObjectOutput, HeadBucketInput, HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListBucketsInput,
    ListBucketsOutput, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectsInput,
    ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output, ListPartsInput, ListPartsOutput,
    PutObjectInput, PutObjectOutput, UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput,
    UploadPartOutput,
};
use s3s::{S3, S3Request, S3Response, S3Result};

use crate::sigv4::Trailers;
use crate::{Objects, Place};

/// One request to an app's endpoint.
pub(super) struct AppS3 {
    pub(super) objects: Objects,
    pub(super) app: String,
    pub(super) quota: StorageQuota,
    pub(super) prefix: String,
    pub(super) trailers: Trailers,
}

impl AppS3 {
    pub(super) fn place<'a>(&'a self, bucket: &'a str, key: &'a str) -> Place<'a> {
        Place { app: &self.app, bucket, key, quota: self.quota }
    }
}

macro_rules! operations {
    ($($name:ident $input:ident $output:ident;)*) => {
        #[async_trait::async_trait]
        impl S3 for AppS3 {
            $(
                async fn $name(&self, request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                    self.$name(request).await
                }
            )*
        }
    };
}

// Each is a method of the same name, in the file of its kind: those of a type come before those of its traits.
operations! {
    list_buckets ListBucketsInput ListBucketsOutput;
    create_bucket CreateBucketInput CreateBucketOutput;
    head_bucket HeadBucketInput HeadBucketOutput;
    get_bucket_location GetBucketLocationInput GetBucketLocationOutput;
    get_bucket_versioning GetBucketVersioningInput GetBucketVersioningOutput;
    delete_bucket DeleteBucketInput DeleteBucketOutput;
    list_objects ListObjectsInput ListObjectsOutput;
    list_objects_v2 ListObjectsV2Input ListObjectsV2Output;
    put_object PutObjectInput PutObjectOutput;
    get_object GetObjectInput GetObjectOutput;
    head_object HeadObjectInput HeadObjectOutput;
    copy_object CopyObjectInput CopyObjectOutput;
    delete_object DeleteObjectInput DeleteObjectOutput;
    delete_objects DeleteObjectsInput DeleteObjectsOutput;
    create_multipart_upload CreateMultipartUploadInput CreateMultipartUploadOutput;
    upload_part UploadPartInput UploadPartOutput;
    upload_part_copy UploadPartCopyInput UploadPartCopyOutput;
    complete_multipart_upload CompleteMultipartUploadInput CompleteMultipartUploadOutput;
    abort_multipart_upload AbortMultipartUploadInput AbortMultipartUploadOutput;
    list_parts ListPartsInput ListPartsOutput;
    list_multipart_uploads ListMultipartUploadsInput ListMultipartUploadsOutput;
}
