//! Objects in parts: begun, fed in any order, completed without copying a byte.

use mayfly_api::ids;
use mayfly_store::{
    BlobRow, NewObject, NewPart, ObjectMeta, PartRow, PartTaken, PutCondition, StoredChecksum, UploadPage,
    UploadRow,
};
use md5::{Digest as _, Md5};

use crate::checksum::ChecksumKind;
use crate::put::{Announced, PutDone, Received, check_meta, done};
use crate::{Bytestream, Objects, Place, StorageError};

/// Uploads that an app may have open.
const UPLOADS_MAX: u32 = 1_000;
/// Parts of an object.
pub(crate) const PARTS_MAX: u32 = 10_000;
/// Bytes of a part that is not the last one.
const PART_BYTES_MIN: u64 = 5 << 20;

/// A part as its upload's completion names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartSum {
    /// From 1 on.
    pub number: u32,
    /// Without quotes.
    pub etag: Option<String>,
    /// In base64.
    pub checksum: Option<String>,
}

/// A part that was kept.
#[derive(Debug, Clone)]
pub(crate) struct PartDone {
    pub(crate) etag: String,
    pub(crate) checksum: Option<StoredChecksum>,
    pub(crate) created_at: chrono::DateTime<chrono::Utc>,
}

impl Objects {
    /// Begin an upload: its id.
    ///
    /// # Errors
    /// Without the bucket, and for one upload too many.
    pub async fn begin_upload(
        &self,
        place: Place<'_>,
        content_type: Option<&str>,
        meta: &ObjectMeta,
    ) -> Result<String, StorageError> {
        place.check()?;
        check_meta(meta, content_type)?;
        self.bucket(place.app, place.bucket).await?;
        let id = ids::multipart_id();
        let tables = self.store.storage();
        let begun = tables.begin_upload(place.names(), &id, content_type, meta, UPLOADS_MAX).await?;
        if begun { Ok(id) } else { Err(StorageError::TooMany("open uploads", UPLOADS_MAX)) }
    }

    /// An upload that has to be there.
    pub(crate) async fn upload(&self, place: Place<'_>, upload: &str) -> Result<UploadRow, StorageError> {
        place.check()?;
        if upload.contains('\0') {
            return Err(StorageError::NoUpload);
        }
        self.store.storage().upload(place.names(), upload).await?.ok_or(StorageError::NoUpload)
    }

    /// Keep a part.
    pub(crate) async fn put_part(
        &self,
        place: Place<'_>,
        (upload_id, number): (&str, i32),
        mut announced: Announced,
        body: Bytestream,
    ) -> Result<PartDone, StorageError> {
        let number = u32::try_from(number).ok().filter(|number| (1..=PARTS_MAX).contains(number));
        let number =
            number.ok_or_else(|| StorageError::Invalid(format!("a part's number is 1 to {PARTS_MAX}")))?;
        let upload = self.upload(place, upload_id).await?;
        // The upload's algorithm holds, whatever a client's default is.
        let wanted = upload.meta.checksum.and_then(|checksum| ChecksumKind::parse(&checksum.algorithm));
        if announced.checksum.is_none() {
            announced.checksum = wanted;
        }
        let Received { blob, etag, checksum } = self.receive(place, announced, body).await?;
        let kept =
            checksum.as_ref().filter(|sum| wanted.is_none_or(|wanted| wanted.as_str() == sum.algorithm));
        let part = NewPart {
            app_id: place.app,
            upload_id,
            number,
            blob: &blob,
            etag: &etag,
            checksum: kept.map(|checksum| checksum.value.as_str()),
            quota: place.quota,
        };
        let taken = match self.store.storage().put_part(part).await {
            Ok(PartTaken::Done(created_at)) => return Ok(PartDone { etag, checksum, created_at }),
            Ok(PartTaken::NoUpload) => StorageError::NoUpload,
            Ok(PartTaken::OverQuota) => StorageError::OverQuota,
            Err(error) => error.into(),
        };
        self.drop_blob(&blob.id, &taken).await;
        Err(taken)
    }

    /// Parts of an upload behind one of them.
    pub(crate) async fn parts(
        &self,
        place: Place<'_>,
        upload_id: &str,
        after: u32,
        limit: u32,
    ) -> Result<(UploadRow, Vec<PartRow>), StorageError> {
        let upload = self.upload(place, upload_id).await?;
        let parts = self.store.storage().parts(upload_id, after, limit).await?;
        Ok((upload, parts))
    }

    /// Uploads of a bucket that are not complete.
    pub(crate) async fn uploads(
        &self,
        (app, bucket): (&str, &str),
        prefix: &str,
        after: (&str, &str),
        limit: u32,
    ) -> Result<UploadPage, StorageError> {
        self.bucket(app, bucket).await?;
        if [prefix, after.0, after.1].iter().any(|text| text.contains('\0')) {
            return Err(StorageError::Invalid("a key has no control characters".to_owned()));
        }
        Ok(self.store.storage().uploads((app, bucket), prefix, after, limit).await?)
    }

    /// Make an object of the parts that are named.
    ///
    /// # Errors
    /// Where a part is missing, too small, out of order, or not what the client says; the upload goes on then.
    pub async fn complete_upload(
        &self,
        place: Place<'_>,
        upload_id: &str,
        named: &[PartSum],
        condition: PutCondition<'_>,
    ) -> Result<PutDone, StorageError> {
        let upload = self.upload(place, upload_id).await?;
        if named.is_empty() || named.len() > PARTS_MAX as usize {
            return Err(StorageError::Invalid(format!("an object has 1 to {PARTS_MAX} parts")));
        }
        if named.windows(2).any(|pair| pair[0].number >= pair[1].number) {
            return Err(StorageError::PartOrder);
        }
        let sent = self.store.storage().parts(upload_id, 0, PARTS_MAX).await?;
        let mut parts: Vec<&PartRow> = Vec::with_capacity(named.len());
        for part in named {
            let found = sent.binary_search_by_key(&part.number, |sent| sent.number).ok();
            let found = found.and_then(|place| sent.get(place)).filter(|sent| {
                part.etag.as_deref().is_none_or(|etag| etag == sent.etag)
                    && (part.checksum.is_none() || sent.checksum.is_none() || part.checksum == sent.checksum)
            });
            parts.push(found.ok_or(StorageError::InvalidPart(part.number))?);
        }
        let (_, before) = parts.split_last().ok_or(StorageError::PartOrder)?;
        if before.iter().any(|part| part.blob.size < PART_BYTES_MIN) {
            return Err(StorageError::PartTooSmall);
        }
        let (etag, mut meta) = (etag_of(&parts), upload.meta.clone());
        meta.checksum = checksum_of(&parts, upload.meta.checksum.as_ref())?;
        let blobs: Vec<BlobRow> = parts.iter().map(|part| part.blob.clone()).collect();
        let (version_id, size) = (ids::object_version_id(), blobs.iter().map(|blob| blob.size).sum());
        let new = NewObject {
            app_id: place.app,
            bucket: place.bucket,
            key: place.key,
            version_id: &version_id,
            size,
            etag: &etag,
            content_type: upload.content_type.as_deref(),
            meta: &meta,
            condition,
            quota: place.quota,
        };
        let written = done(self.store.storage().complete(&new, upload_id, &blobs).await?)?;
        self.fired(written.events);
        Ok(PutDone { etag, version_id, size, checksum: meta.checksum, written })
    }

    /// Abort an upload: its parts are gone.
    ///
    /// # Errors
    /// Where there is none.
    pub async fn abort_upload(&self, place: Place<'_>, upload_id: &str) -> Result<(), StorageError> {
        self.upload(place, upload_id).await?;
        match self.store.storage().abort(place.app, upload_id).await? {
            true => Ok(()),
            false => Err(StorageError::NoUpload),
        }
    }
}

/// The MD5 of the parts' MD5s, and their number.
fn etag_of(parts: &[&PartRow]) -> String {
    let mut md5 = Md5::new();
    for part in parts {
        md5.update(hex::decode(&part.etag).unwrap_or_default());
    }
    format!("{}-{}", hex::encode(md5.finalize()), parts.len())
}

/// Where each part has one.
fn checksum_of(
    parts: &[&PartRow],
    wanted: Option<&StoredChecksum>,
) -> Result<Option<StoredChecksum>, StorageError> {
    let Some(wanted) = wanted else { return Ok(None) };
    let Some(kind) = ChecksumKind::parse(&wanted.algorithm) else { return Ok(None) };
    let sum = |part: &&PartRow| Some((part.checksum.clone()?, part.blob.size));
    let Some(sums) = parts.iter().map(sum).collect::<Option<Vec<_>>>() else { return Ok(None) };
    kind.join(&sums, wanted.is_composite).map(Some)
}
