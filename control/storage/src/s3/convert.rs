//! Between the protocol's types and storage's.

use chrono::{DateTime, Utc};
use mayfly_store::{ObjectMeta, ObjectRow, PutCondition, StoredChecksum};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::{self, ETag, ETagCondition, Timestamp};
use s3s::{S3Error, S3ErrorCode, S3Result};

use crate::checksum::ChecksumKind;
use crate::put::Announced;
use crate::sigv4::Trailers;
use crate::{FoundObject, StorageError};

/// As a listing encodes keys where it is asked to: slashes stay.
const URL: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/').remove(b'*');

pub(super) fn etag(etag: &str) -> Option<ETag> {
    Some(ETag::Strong(etag.to_owned()))
}

pub(super) fn timestamp(at: DateTime<Utc>) -> Option<Timestamp> {
    // Whole seconds, as headers have them: a client compares the two.
    let at = time_of(at.timestamp())?;
    Some(Timestamp::from(at))
}

fn time_of(seconds: i64) -> Option<std::time::SystemTime> {
    let since = std::time::Duration::from_secs(u64::try_from(seconds).ok()?);
    std::time::SystemTime::UNIX_EPOCH.checked_add(since)
}

/// A count as the protocol has it.
pub(super) fn signed(bytes: u64) -> Option<i64> {
    i64::try_from(bytes).ok()
}

/// A limit of the request, 1,000 unless said otherwise.
pub(super) fn limit(wanted: Option<i32>) -> S3Result<u32> {
    let wanted = wanted.unwrap_or(1_000);
    u32::try_from(wanted)
        .map(|wanted| wanted.min(1_000))
        .map_err(|_| S3Error::with_message(S3ErrorCode::InvalidArgument, "a limit is not negative"))
}

/// Keys of a listing, encoded where that is asked for.
pub(super) struct KeyEncoding(bool);

impl KeyEncoding {
    pub(super) fn of(wanted: Option<&dto::EncodingType>) -> Self {
        Self(wanted.is_some_and(|wanted| wanted.as_str() == dto::EncodingType::URL))
    }

    pub(super) fn encode(&self, key: &str) -> String {
        if self.0 { utf8_percent_encode(key, URL).to_string() } else { key.to_owned() }
    }
}

/// What a client says of the checksum of what it sends.
pub(super) struct SentChecksums<'a> {
    pub(super) values: dto::Checksum,
    pub(super) algorithm: Option<&'a dto::ChecksumAlgorithm>,
    pub(super) headers: &'a http::HeaderMap,
}

impl SentChecksums<'_> {
    /// With the digest and the length of the bytes.
    pub(super) fn announced(
        self,
        md5: Option<String>,
        bytes: Option<i64>,
        trailers: &Trailers,
    ) -> S3Result<Announced> {
        let sent: Vec<ChecksumKind> =
            ChecksumKind::ALL.into_iter().filter(|kind| kind.of(&self.values).is_some()).collect();
        if sent.len() > 1 {
            let message = "Expecting a single x-amz-checksum- header";
            return Err(S3Error::with_message(S3ErrorCode::InvalidRequest, message));
        }
        let trailing = self.headers.get_all("x-amz-trailer").iter().filter_map(|names| names.to_str().ok());
        let trailing = trailing.flat_map(|names| names.split(',')).find_map(|name| {
            let name = name.trim().to_ascii_lowercase();
            ChecksumKind::ALL.into_iter().find(|kind| kind.header() == name)
        });
        let named = self.algorithm.and_then(|algorithm| ChecksumKind::parse(algorithm.as_str()));
        let checksum = sent.first().copied().or(trailing).or(named);
        Ok(Announced {
            bytes: bytes.and_then(|bytes| u64::try_from(bytes).ok()),
            md5,
            checksum,
            expected: checksum.and_then(|kind| kind.of(&self.values)),
            trailers: trailing.is_some().then(|| trailers.clone()),
        })
    }
}

/// A checksum in the field of its algorithm.
pub(super) fn checksum(stored: Option<&StoredChecksum>) -> dto::Checksum {
    let mut sums = dto::Checksum::default();
    let Some(stored) = stored else { return sums };
    let value = Some(stored.value.clone());
    match ChecksumKind::parse(&stored.algorithm) {
        Some(ChecksumKind::Crc32) => sums.checksum_crc32 = value,
        Some(ChecksumKind::Crc32c) => sums.checksum_crc32c = value,
        Some(ChecksumKind::Crc64Nvme) => sums.checksum_crc64nvme = value,
        Some(ChecksumKind::Sha1) => sums.checksum_sha1 = value,
        Some(ChecksumKind::Sha256) => sums.checksum_sha256 = value,
        None => return sums,
    }
    sums.checksum_type = Some(checksum_type(stored));
    sums
}

pub(super) fn checksum_type(stored: &StoredChecksum) -> dto::ChecksumType {
    let name =
        if stored.is_composite { dto::ChecksumType::COMPOSITE } else { dto::ChecksumType::FULL_OBJECT };
    dto::ChecksumType::from_static(name)
}

/// The headers that are kept with an object.
pub(super) const KEPT_HEADERS: [&str; 5] =
    ["cache-control", "content-disposition", "content-encoding", "content-language", "expires"];

/// What comes with an object beside its bytes.
pub(super) fn meta(headers: &http::HeaderMap, metadata: Option<dto::Metadata>) -> ObjectMeta {
    let kept = KEPT_HEADERS.iter().filter_map(|name| {
        let value = headers.get(*name)?.to_str().ok()?;
        Some(((*name).to_owned(), value.to_owned()))
    });
    ObjectMeta {
        headers: kept.collect(),
        metadata: metadata.unwrap_or_default().into_iter().collect(),
        checksum: None,
    }
}

/// What `If-Match` and `If-None-Match` ask of a write.
pub(super) fn put_condition<'a>(
    if_match: Option<&'a ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<PutCondition<'a>> {
    match (if_match, if_none_match) {
        (None, None) => Ok(PutCondition::Always),
        (Some(ETagCondition::Any), None) => Ok(PutCondition::Present),
        (Some(ETagCondition::ETag(etag)), None) => Ok(PutCondition::Matches(etag.value())),
        (None, Some(ETagCondition::Any)) => Ok(PutCondition::Absent),
        _ => Err(S3Error::with_message(
            S3ErrorCode::NotImplemented,
            "a write takes If-Match, or If-None-Match with *",
        )),
    }
}

/// The conditions of a read.
#[derive(Default)]
pub(super) struct ReadConditions<'a> {
    pub(super) if_match: Option<&'a ETagCondition>,
    pub(super) if_none_match: Option<&'a ETagCondition>,
    pub(super) if_modified_since: Option<&'a Timestamp>,
    pub(super) if_unmodified_since: Option<&'a Timestamp>,
}

impl ReadConditions<'_> {
    /// In RFC 9110's order: ETags win over times.
    pub(super) fn check(&self, object: &ObjectRow) -> Result<(), StorageError> {
        let fits = |condition: &ETagCondition| match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(etag) => etag.value() == object.etag,
        };
        let written = timestamp(object.created_at);
        match (self.if_match, self.if_unmodified_since) {
            (Some(wanted), _) if !fits(wanted) => return Err(StorageError::Precondition("If-Match")),
            (None, Some(since)) if written.as_ref() > Some(since) => {
                return Err(StorageError::Precondition("If-Unmodified-Since"));
            }
            _ => {}
        }
        match (self.if_none_match, self.if_modified_since) {
            (Some(known), _) if fits(known) => Err(StorageError::NotModified),
            (None, Some(since)) if written.as_ref() <= Some(since) => Err(StorageError::NotModified),
            _ => Ok(()),
        }
    }

    /// The same for the source of a copy, where nothing is `not modified`.
    pub(super) fn check_copy(&self, found: &FoundObject) -> Result<(), StorageError> {
        self.check(&found.object).map_err(|error| match error {
            StorageError::NotModified => StorageError::Precondition("x-amz-copy-source-if-"),
            error => error,
        })
    }
}
