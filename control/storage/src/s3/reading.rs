//! What a client that reads an object is told of it.

use http::{HeaderMap, HeaderName, HeaderValue};
use s3s::dto::{ChecksumMode, HeadObjectOutput, Range};
use s3s::{S3Error, S3ErrorCode, S3Result};

use super::convert::{KEPT_HEADERS, ReadConditions, checksum, etag, signed, timestamp};
use super::error::s3_error;
use crate::{FoundObject, Piece, StorageError};

/// The type of an object that was sent without one, as S3 says it.
const DEFAULT_TYPE: &str = "binary/octet-stream";

/// An object, and which of its bytes are asked for.
pub(super) struct Read {
    pub(super) found: FoundObject,
    pub(super) piece: Piece,
    pub(super) range: std::ops::Range<u64>,
    with_checksum: bool,
}

impl Read {
    pub(super) fn of(
        found: FoundObject,
        conditions: &ReadConditions<'_>,
        piece: Piece,
        with_checksum: bool,
    ) -> S3Result<Self> {
        if let Err(error) = conditions.check(&found.object) {
            let is_known = matches!(error, StorageError::NotModified);
            let mut error = s3_error(error);
            let etag = HeaderValue::try_from(format!("\"{}\"", found.object.etag)).ok().filter(|_| is_known);
            if let Some(etag) = etag {
                error.set_headers(HeaderMap::from_iter([(http::header::ETAG, etag)]));
            }
            return Err(error);
        }
        let range = found.range(piece).map_err(s3_error)?;
        Ok(Self { found, piece, range, with_checksum })
    }

    pub(super) fn head(&self) -> HeadObjectOutput {
        let object = &self.found.object;
        let (first, end) = (self.range.start, self.range.end);
        let is_all = self.piece == Piece::All;
        // A checksum is of all bytes: a client would compare it with that of a piece.
        let sums = checksum(object.meta.checksum.as_ref().filter(|_| self.with_checksum && is_all));
        HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            checksum_crc32: sums.checksum_crc32,
            checksum_crc32c: sums.checksum_crc32c,
            checksum_crc64nvme: sums.checksum_crc64nvme,
            checksum_sha1: sums.checksum_sha1,
            checksum_sha256: sums.checksum_sha256,
            checksum_type: sums.checksum_type,
            content_length: signed(end - first),
            content_range: (!is_all && end > first)
                .then(|| format!("bytes {first}-{}/{}", end - 1, object.size)),
            e_tag: etag(&object.etag),
            last_modified: timestamp(object.created_at),
            metadata: Some(object.meta.metadata.clone().into_iter().collect()),
            parts_count: match self.piece {
                Piece::Part(_) => self.found.parts().and_then(|parts| i32::try_from(parts).ok()),
                _ => None,
            },
            ..HeadObjectOutput::default()
        }
    }

    /// As they were sent.
    pub(super) fn headers(&self) -> HeaderMap {
        let object = &self.found.object;
        let kept =
            KEPT_HEADERS.iter().filter_map(|name| Some((*name, object.meta.headers.get(*name)?.as_str())));
        let content_type = object.content_type.as_deref().unwrap_or(DEFAULT_TYPE);
        kept.chain([("content-type", content_type)])
            .filter_map(|(name, value)| {
                Some((HeaderName::from_static(name), HeaderValue::try_from(value).ok()?))
            })
            .collect()
    }
}

pub(super) fn piece(range: Option<Range>, part: Option<i32>) -> S3Result<Piece> {
    match (range, part) {
        (Some(_), Some(_)) => {
            Err(S3Error::with_message(S3ErrorCode::InvalidArgument, "a request names a range or a part"))
        }
        (Some(Range::Int { first, last }), None) => Ok(Piece::From(first, last)),
        (Some(Range::Suffix { length }), None) => Ok(Piece::Last(length)),
        (None, Some(part)) => Ok(Piece::Part(u32::try_from(part).unwrap_or(0))),
        (None, None) => Ok(Piece::All),
    }
}

pub(super) fn is_enabled(mode: Option<&ChecksumMode>) -> bool {
    mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED)
}
