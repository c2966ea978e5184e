//! Operations on objects.

use futures_util::StreamExt as _;
use http::{HeaderName, HeaderValue};
use http_body::Frame;
use http_body_util::StreamBody;
use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, DeleteObjectInput, DeleteObjectOutput,
    DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, GetObjectInput, GetObjectOutput, HeadObjectInput,
    HeadObjectOutput, MetadataDirective, PutObjectInput, PutObjectOutput, StreamingBlob,
};
use s3s::{Body, S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use super::convert::{ReadConditions, SentChecksums, checksum, etag, meta, put_condition, timestamp};
use super::error::{Fault, of_body, s3_error};
use super::reading::{Read, is_enabled, piece};
use super::service::AppS3;
use crate::{Announced, Bytestream, Piece, Put};

/// Keys of one request to delete them.
const DELETE_MAX: usize = 1_000;

impl AppS3 {
    pub(super) async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let PutObjectInput { bucket, key, body, content_type, content_md5, content_length, metadata, .. } =
            request.input;
        let input =
            PutConditions { if_match: request.input.if_match, if_none_match: request.input.if_none_match };
        let sent = SentChecksums {
            values: s3s::dto::Checksum {
                checksum_crc32: request.input.checksum_crc32,
                checksum_crc32c: request.input.checksum_crc32c,
                checksum_crc64nvme: request.input.checksum_crc64nvme,
                checksum_sha1: request.input.checksum_sha1,
                checksum_sha256: request.input.checksum_sha256,
                checksum_type: None,
            },
            algorithm: request.input.checksum_algorithm.as_ref(),
            headers: &request.headers,
        };
        let put = Put {
            place: self.place(&bucket, &key),
            content_type: content_type.as_deref(),
            meta: meta(&request.headers, metadata),
            condition: put_condition(input.if_match.as_ref(), input.if_none_match.as_ref())?,
            announced: sent.announced(content_md5, content_length, &self.trailers)?,
        };
        let done = self.objects.put(put, incoming(body)).await.map_err(s3_error)?;
        let sums = checksum(done.checksum.as_ref());
        Ok(S3Response::new(PutObjectOutput {
            e_tag: etag(&done.etag),
            checksum_crc32: sums.checksum_crc32,
            checksum_crc32c: sums.checksum_crc32c,
            checksum_crc64nvme: sums.checksum_crc64nvme,
            checksum_sha1: sums.checksum_sha1,
            checksum_sha256: sums.checksum_sha256,
            checksum_type: sums.checksum_type,
            ..PutObjectOutput::default()
        }))
    }

    pub(super) async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        check_version(input.version_id.as_deref())?;
        let found = self.objects.find(self.place(&input.bucket, &input.key)).await.map_err(s3_error)?;
        let conditions = ReadConditions {
            if_match: input.if_match.as_ref(),
            if_none_match: input.if_none_match.as_ref(),
            if_modified_since: input.if_modified_since.as_ref(),
            if_unmodified_since: input.if_unmodified_since.as_ref(),
        };
        let piece = piece(input.range, input.part_number)?;
        let read = Read::of(found, &conditions, piece, is_enabled(input.checksum_mode.as_ref()))?;
        let body = self.objects.read(&read.found, read.range.clone()).await.map_err(s3_error)?;
        let overrides = [
            ("content-type", input.response_content_type),
            ("cache-control", input.response_cache_control),
            ("content-disposition", input.response_content_disposition),
            ("content-encoding", input.response_content_encoding),
            ("content-language", input.response_content_language),
        ];
        let mut headers = read.headers();
        for (name, value) in overrides {
            if let Some(value) = value {
                let value = HeaderValue::try_from(value)
                    .map_err(|_| invalid("a response- parameter is no header"))?;
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        let head = read.head();
        let mut response = S3Response::new(GetObjectOutput {
            body: Some(outgoing(body)),
            accept_ranges: head.accept_ranges,
            checksum_crc32: head.checksum_crc32,
            checksum_crc32c: head.checksum_crc32c,
            checksum_crc64nvme: head.checksum_crc64nvme,
            checksum_sha1: head.checksum_sha1,
            checksum_sha256: head.checksum_sha256,
            checksum_type: head.checksum_type,
            content_length: head.content_length,
            content_range: head.content_range,
            e_tag: head.e_tag,
            last_modified: head.last_modified,
            metadata: head.metadata,
            parts_count: head.parts_count,
            ..GetObjectOutput::default()
        });
        response.headers = headers;
        Ok(response)
    }

    pub(super) async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = request.input;
        check_version(input.version_id.as_deref())?;
        let found = self.objects.find(self.place(&input.bucket, &input.key)).await.map_err(s3_error)?;
        let conditions = ReadConditions {
            if_match: input.if_match.as_ref(),
            if_none_match: input.if_none_match.as_ref(),
            if_modified_since: input.if_modified_since.as_ref(),
            if_unmodified_since: input.if_unmodified_since.as_ref(),
        };
        let piece = piece(input.range, input.part_number)?;
        let read = Read::of(found, &conditions, piece, is_enabled(input.checksum_mode.as_ref()))?;
        let mut response = S3Response::new(read.head());
        if read.piece != Piece::All {
            response.status = Some(http::StatusCode::PARTIAL_CONTENT);
        }
        response.headers = read.headers();
        Ok(response)
    }

    pub(super) async fn copy_object(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> S3Result<S3Response<CopyObjectOutput>> {
        let input = request.input;
        let (from_bucket, from_key) = source(&input.copy_source)?;
        let found = self.objects.find(self.place(from_bucket, from_key)).await.map_err(s3_error)?;
        let conditions = ReadConditions {
            if_match: input.copy_source_if_match.as_ref(),
            if_none_match: input.copy_source_if_none_match.as_ref(),
            if_modified_since: input.copy_source_if_modified_since.as_ref(),
            if_unmodified_since: input.copy_source_if_unmodified_since.as_ref(),
        };
        conditions.check_copy(&found).map_err(s3_error)?;
        let replaces = input
            .metadata_directive
            .is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
        let is_itself = (from_bucket, from_key) == (input.bucket.as_str(), input.key.as_str());
        if is_itself && !replaces {
            let message = "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata.";
            return Err(S3Error::with_message(S3ErrorCode::InvalidRequest, message));
        }
        let (content_type, mut kept) = if replaces {
            (input.content_type, meta(&request.headers, input.metadata))
        } else {
            (found.object.content_type.clone(), found.object.meta.clone())
        };
        kept.checksum = None;
        let wanted = input.checksum_algorithm.as_ref().map(|algorithm| algorithm.as_str().to_owned());
        let wanted = wanted.or(found.object.meta.checksum.as_ref().map(|sum| sum.algorithm.clone()));
        let announced = Announced {
            bytes: Some(found.object.size),
            checksum: wanted.as_deref().and_then(crate::ChecksumKind::parse),
            ..Announced::default()
        };
        let put = Put {
            place: self.place(&input.bucket, &input.key),
            content_type: content_type.as_deref(),
            meta: kept,
            condition: mayfly_store::PutCondition::Always,
            announced,
        };
        let body = self.objects.read(&found, 0..found.object.size).await.map_err(s3_error)?;
        let done = self.objects.put(put, body).await.map_err(s3_error)?;
        let sums = checksum(done.checksum.as_ref());
        let result = CopyObjectResult {
            e_tag: etag(&done.etag),
            last_modified: timestamp(done.written.created_at),
            checksum_crc32: sums.checksum_crc32,
            checksum_crc32c: sums.checksum_crc32c,
            checksum_crc64nvme: sums.checksum_crc64nvme,
            checksum_sha1: sums.checksum_sha1,
            checksum_sha256: sums.checksum_sha256,
            checksum_type: sums.checksum_type,
        };
        Ok(S3Response::new(CopyObjectOutput {
            copy_object_result: Some(result),
            ..CopyObjectOutput::default()
        }))
    }

    pub(super) async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        let DeleteObjectInput { bucket, key, version_id, .. } = request.input;
        check_version(version_id.as_deref())?;
        self.objects.delete(&self.app, &bucket, &[key]).await.map_err(s3_error)?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    pub(super) async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let DeleteObjectsInput { bucket, delete, .. } = request.input;
        if delete.objects.is_empty() || delete.objects.len() > DELETE_MAX {
            let message = "a request deletes 1 to 1,000 objects";
            return Err(S3Error::with_message(S3ErrorCode::MalformedXML, message));
        }
        let (mut keys, mut errors) = (Vec::new(), Vec::new());
        for object in delete.objects {
            match crate::check_key(&object.key)
                .map_err(s3_error)
                .and(check_version(object.version_id.as_deref()))
            {
                Ok(()) => keys.push(object.key),
                Err(error) => errors.push(s3s::dto::Error {
                    code: Some(error.code().as_str().to_owned()),
                    message: error.message().map(str::to_owned),
                    key: Some(object.key),
                    version_id: object.version_id,
                }),
            }
        }
        self.objects.delete(&self.app, &bucket, &keys).await.map_err(s3_error)?;
        let deleted = |key| DeletedObject { key: Some(key), ..DeletedObject::default() };
        let deleted = (!delete.quiet.unwrap_or(false)).then(|| keys.into_iter().map(deleted).collect());
        Ok(S3Response::new(DeleteObjectsOutput {
            deleted,
            errors: Some(errors),
            ..DeleteObjectsOutput::default()
        }))
    }
}

struct PutConditions {
    if_match: Option<s3s::dto::IfMatch>,
    if_none_match: Option<s3s::dto::IfNoneMatch>,
}

/// There is one version of an object, and it has no number.
fn check_version(version: Option<&str>) -> S3Result<()> {
    match version {
        None | Some("" | "null") => Ok(()),
        Some(_) => {
            Err(S3Error::with_message(S3ErrorCode::NoSuchVersion, "The specified version does not exist."))
        }
    }
}

/// Bucket and key of what is copied.
pub(super) fn source(source: &CopySource) -> S3Result<(&str, &str)> {
    match source {
        CopySource::Bucket { bucket, key, version_id } => {
            check_version(version_id.as_deref())?;
            Ok((bucket, key))
        }
        _ => Err(invalid("a copy's source is a bucket and a key")),
    }
}

pub(super) fn incoming(body: Option<StreamingBlob>) -> Bytestream {
    match body {
        Some(body) => Box::pin(body.map(|bytes| bytes.map_err(of_body))),
        None => Box::pin(futures_util::stream::empty()),
    }
}

fn outgoing(body: Bytestream) -> StreamingBlob {
    let frames = body.map(|bytes| bytes.map(Frame::data).map_err(Fault));
    StreamingBlob::from(Body::http_body_unsync(StreamBody::new(frames)))
}

fn invalid(message: &'static str) -> S3Error {
    S3Error::with_message(S3ErrorCode::InvalidArgument, message)
}
