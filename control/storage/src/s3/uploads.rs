//! Operations on uploads in parts.

use mayfly_store::{PartRow, StoredChecksum};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumType, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CopyPartResult, CreateMultipartUploadInput, CreateMultipartUploadOutput,
    ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput, MultipartUpload,
    Part, Range, StorageClass, UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use super::convert::{
    KeyEncoding, ReadConditions, SentChecksums, checksum, checksum_type, etag, limit, meta, put_condition,
    signed, timestamp,
};
use super::error::s3_error;
use super::objects::{incoming, source};
use super::service::AppS3;
use crate::checksum::ChecksumKind;
use crate::{Announced, PartSum, Piece};

impl AppS3 {
    pub(super) async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let input = request.input;
        let mut kept = meta(&request.headers, input.metadata);
        let kind = input.checksum_algorithm.as_ref().and_then(|name| ChecksumKind::parse(name.as_str()));
        kept.checksum = kind.map(|kind| StoredChecksum {
            algorithm: kind.as_str().to_owned(),
            value: String::new(),
            is_composite: match input.checksum_type.as_ref().map(ChecksumType::as_str) {
                Some(ChecksumType::FULL_OBJECT) => false,
                Some(_) => true,
                // S3's defaults.
                None => kind != ChecksumKind::Crc64Nvme,
            },
        });
        let place = self.place(&input.bucket, &input.key);
        let begun = self.objects.begin_upload(place, input.content_type.as_deref(), &kept).await;
        let upload_id = begun.map_err(s3_error)?;
        Ok(S3Response::new(CreateMultipartUploadOutput {
            upload_id: Some(upload_id),
            checksum_algorithm: input.checksum_algorithm,
            checksum_type: kept.checksum.as_ref().map(checksum_type),
            bucket: Some(input.bucket),
            key: Some(input.key),
            ..CreateMultipartUploadOutput::default()
        }))
    }

    pub(super) async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> S3Result<S3Response<UploadPartOutput>> {
        let input = request.input;
        let sent = SentChecksums {
            values: s3s::dto::Checksum {
                checksum_crc32: input.checksum_crc32,
                checksum_crc32c: input.checksum_crc32c,
                checksum_crc64nvme: input.checksum_crc64nvme,
                checksum_sha1: input.checksum_sha1,
                checksum_sha256: input.checksum_sha256,
                checksum_type: None,
            },
            algorithm: input.checksum_algorithm.as_ref(),
            headers: &request.headers,
        };
        let announced = sent.announced(input.content_md5, input.content_length, &self.trailers)?;
        let place = self.place(&input.bucket, &input.key);
        let part = (input.upload_id.as_str(), input.part_number);
        let done = self.objects.put_part(place, part, announced, incoming(input.body)).await;
        let done = done.map_err(s3_error)?;
        let sums = checksum(done.checksum.as_ref());
        Ok(S3Response::new(UploadPartOutput {
            e_tag: etag(&done.etag),
            checksum_crc32: sums.checksum_crc32,
            checksum_crc32c: sums.checksum_crc32c,
            checksum_crc64nvme: sums.checksum_crc64nvme,
            checksum_sha1: sums.checksum_sha1,
            checksum_sha256: sums.checksum_sha256,
            ..UploadPartOutput::default()
        }))
    }

    pub(super) async fn upload_part_copy(
        &self,
        request: S3Request<UploadPartCopyInput>,
    ) -> S3Result<S3Response<UploadPartCopyOutput>> {
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
        let piece = match input.copy_source_range.as_deref().map(Range::parse) {
            None => Piece::All,
            Some(Ok(Range::Int { first, last: Some(last) })) if last < found.object.size => {
                Piece::From(first, Some(last))
            }
            Some(_) => {
                let message = "The x-amz-copy-source-range value must be of the form bytes=first-last, within the source";
                return Err(S3Error::with_message(S3ErrorCode::InvalidArgument, message));
            }
        };
        let range = found.range(piece).map_err(s3_error)?;
        let announced = Announced { bytes: Some(range.end - range.start), ..Announced::default() };
        let body = self.objects.read(&found, range).await.map_err(s3_error)?;
        let part = (input.upload_id.as_str(), input.part_number);
        let done = self.objects.put_part(self.place(&input.bucket, &input.key), part, announced, body).await;
        let done = done.map_err(s3_error)?;
        let sums = checksum(done.checksum.as_ref());
        let result = CopyPartResult {
            e_tag: etag(&done.etag),
            last_modified: timestamp(done.created_at),
            checksum_crc32: sums.checksum_crc32,
            checksum_crc32c: sums.checksum_crc32c,
            checksum_crc64nvme: sums.checksum_crc64nvme,
            checksum_sha1: sums.checksum_sha1,
            checksum_sha256: sums.checksum_sha256,
        };
        Ok(S3Response::new(UploadPartCopyOutput {
            copy_part_result: Some(result),
            ..UploadPartCopyOutput::default()
        }))
    }

    pub(super) async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = request.input;
        let named = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let part = |part: s3s::dto::CompletedPart| PartSum {
            number: part.part_number.and_then(|number| u32::try_from(number).ok()).unwrap_or(0),
            etag: part.e_tag.map(|etag| etag.value().to_owned()),
            checksum: part
                .checksum_crc32
                .or(part.checksum_crc32c)
                .or(part.checksum_crc64nvme)
                .or(part.checksum_sha1)
                .or(part.checksum_sha256),
        };
        let named: Vec<PartSum> = named.into_iter().map(part).collect();
        if named.is_empty() {
            return Err(S3Error::with_message(
                S3ErrorCode::MalformedXML,
                "You must specify at least one part",
            ));
        }
        let condition = put_condition(input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let place = self.place(&input.bucket, &input.key);
        let done = self.objects.complete_upload(place, &input.upload_id, &named, condition).await;
        let done = done.map_err(s3_error)?;
        let sums = checksum(done.checksum.as_ref());
        Ok(S3Response::new(CompleteMultipartUploadOutput {
            e_tag: etag(&done.etag),
            location: Some(format!("{}/{}/{}", self.prefix, input.bucket, input.key)),
            checksum_crc32: sums.checksum_crc32,
            checksum_crc32c: sums.checksum_crc32c,
            checksum_crc64nvme: sums.checksum_crc64nvme,
            checksum_sha1: sums.checksum_sha1,
            checksum_sha256: sums.checksum_sha256,
            checksum_type: sums.checksum_type,
            bucket: Some(input.bucket),
            key: Some(input.key),
            ..CompleteMultipartUploadOutput::default()
        }))
    }

    pub(super) async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        let AbortMultipartUploadInput { bucket, key, upload_id, .. } = request.input;
        self.objects.abort_upload(self.place(&bucket, &key), &upload_id).await.map_err(s3_error)?;
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }

    pub(super) async fn list_parts(
        &self,
        request: S3Request<ListPartsInput>,
    ) -> S3Result<S3Response<ListPartsOutput>> {
        let input = request.input;
        let limit = limit(input.max_parts)?;
        let after = u32::try_from(input.part_number_marker.unwrap_or(0)).unwrap_or(0);
        let place = self.place(&input.bucket, &input.key);
        let listed = self.objects.parts(place, &input.upload_id, after, limit + 1).await;
        let (upload, mut parts) = listed.map_err(s3_error)?;
        let is_truncated = parts.len() > limit as usize;
        parts.truncate(limit as usize);
        let algorithm = upload.meta.checksum.as_ref();
        let part = |row: PartRow| {
            let stored = row.checksum.zip(algorithm);
            let sums = stored.map(|(value, known)| StoredChecksum { value, ..known.clone() });
            let sums = checksum(sums.as_ref());
            Part {
                part_number: i32::try_from(row.number).ok(),
                e_tag: etag(&row.etag),
                size: signed(row.blob.size),
                last_modified: timestamp(row.created_at),
                checksum_crc32: sums.checksum_crc32,
                checksum_crc32c: sums.checksum_crc32c,
                checksum_crc64nvme: sums.checksum_crc64nvme,
                checksum_sha1: sums.checksum_sha1,
                checksum_sha256: sums.checksum_sha256,
            }
        };
        Ok(S3Response::new(ListPartsOutput {
            is_truncated: Some(is_truncated),
            next_part_number_marker: parts.last().and_then(|part| i32::try_from(part.number).ok()),
            checksum_algorithm: algorithm.map(|sum| sum.algorithm.clone().into()),
            checksum_type: algorithm.map(checksum_type),
            parts: Some(parts.into_iter().map(part).collect()),
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            max_parts: Some(limit.cast_signed()),
            part_number_marker: Some(after.cast_signed()),
            storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
            ..ListPartsOutput::default()
        }))
    }

    pub(super) async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let input = request.input;
        if input.delimiter.as_ref().is_some_and(|delimiter| !delimiter.is_empty()) {
            let message = "uploads are listed without a delimiter";
            return Err(S3Error::with_message(S3ErrorCode::NotImplemented, message));
        }
        let encoding = KeyEncoding::of(input.encoding_type.as_ref());
        let limit = limit(input.max_uploads)?;
        let prefix = input.prefix.as_deref().unwrap_or_default();
        let (key, id) = (input.key_marker.as_deref(), input.upload_id_marker.as_deref());
        // Without an id all uploads of the marker's key are behind.
        let after = (key.unwrap_or_default(), id.unwrap_or(if key.is_some() { "\u{7f}" } else { "" }));
        let page = self.objects.uploads((&self.app, &input.bucket), prefix, after, limit).await;
        let page = page.map_err(s3_error)?;
        let last = page.uploads.last().filter(|_| page.has_more);
        let (next_key, next_id) = last.map(|last| (encoding.encode(&last.key), last.id.clone())).unzip();
        let upload = |row: mayfly_store::UploadRow| MultipartUpload {
            key: Some(encoding.encode(&row.key)),
            upload_id: Some(row.id),
            initiated: timestamp(row.created_at),
            checksum_type: row.meta.checksum.as_ref().map(checksum_type),
            checksum_algorithm: row.meta.checksum.map(|sum| sum.algorithm.into()),
            storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
            ..MultipartUpload::default()
        };
        Ok(S3Response::new(ListMultipartUploadsOutput {
            is_truncated: Some(page.has_more),
            next_key_marker: next_key,
            next_upload_id_marker: next_id,
            uploads: Some(page.uploads.into_iter().map(upload).collect()),
            bucket: Some(input.bucket),
            prefix: input.prefix,
            key_marker: input.key_marker,
            upload_id_marker: input.upload_id_marker,
            max_uploads: Some(limit.cast_signed()),
            encoding_type: input.encoding_type,
            ..ListMultipartUploadsOutput::default()
        }))
    }
}
