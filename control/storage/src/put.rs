//! Writing an object: its bytes become a durable blob while they arrive, then one transaction makes it readable.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures_util::StreamExt as _;
use mayfly_api::ids;
use mayfly_store::{
    BlobRow, NewObject, ObjectMeta, PutCondition, PutOutcome, StorageQuota, StoredChecksum, Written,
};
use md5::{Digest as _, Md5};

use crate::checksum::ChecksumKind;
use crate::sigv4::Trailers;
use crate::{Bytestream, Objects, Place, StorageError};

/// Bytes of an object, or part, of one request.
const OBJECT_BYTES_MAX: u64 = 5 << 30;
/// Bytes of headers and metadata that are kept with an object.
const META_BYTES_MAX: usize = 8 << 10;

/// What a client says of the bytes that it sends.
#[derive(Debug, Default)]
pub struct Announced {
    /// How many.
    pub bytes: Option<u64>,
    /// Their MD5, in base64.
    pub md5: Option<String>,
    /// Which checksum is to be computed, and kept.
    pub checksum: Option<ChecksumKind>,
    /// What it has to be, in base64.
    pub expected: Option<String>,
    /// Where that comes behind the bytes.
    pub trailers: Option<Trailers>,
}

/// An object about to be written.
#[derive(Debug)]
pub struct Put<'a> {
    /// Its place.
    pub place: Place<'a>,
    /// As it was sent.
    pub content_type: Option<&'a str>,
    /// Headers and metadata; its checksum is computed.
    pub meta: ObjectMeta,
    /// When it may be written.
    pub condition: PutCondition<'a>,
    /// What is said of its bytes.
    pub announced: Announced,
}

/// An object that was written.
#[derive(Debug, Clone)]
pub struct PutDone {
    /// Without quotes.
    pub etag: String,
    /// Which writing of its key it is.
    pub version_id: String,
    /// Bytes.
    pub size: u64,
    /// Its checksum.
    pub checksum: Option<StoredChecksum>,
    /// When.
    pub written: Written,
}

/// Bytes that arrived, as a durable blob that no row names yet.
pub(crate) struct Received {
    pub(crate) blob: BlobRow,
    pub(crate) etag: String,
    pub(crate) checksum: Option<StoredChecksum>,
}

impl Objects {
    /// Write an object. When this returns, it can be read, and functions that ask for it start.
    ///
    /// # Errors
    /// Whatever fails: nothing of it is kept, and an earlier one of its key stays.
    pub async fn put(&self, put: Put<'_>, body: Bytestream) -> Result<PutDone, StorageError> {
        let Put { place, content_type, mut meta, condition, announced } = put;
        place.check()?;
        check_meta(&meta, content_type)?;
        self.bucket(place.app, place.bucket).await?;
        let Received { blob, etag, checksum } = self.receive(place, announced, body).await?;
        meta.checksum.clone_from(&checksum);
        let version_id = ids::object_version_id();
        let new = NewObject {
            app_id: place.app,
            bucket: place.bucket,
            key: place.key,
            version_id: &version_id,
            size: blob.size,
            etag: &etag,
            content_type,
            meta: &meta,
            condition,
            quota: place.quota,
        };
        let outcome = self.store.storage().put(&new, std::slice::from_ref(&blob)).await;
        match outcome.map_err(StorageError::from).and_then(done) {
            Ok(written) => {
                self.fired(written.events);
                Ok(PutDone { etag, version_id, size: blob.size, checksum, written })
            }
            Err(error) => {
                self.drop_blob(&blob.id, &error).await;
                Err(error)
            }
        }
    }

    /// Write bytes while they arrive.
    pub(crate) async fn receive(
        &self,
        place: Place<'_>,
        announced: Announced,
        mut body: Bytestream,
    ) -> Result<Received, StorageError> {
        let room = self.room(place.app, place.quota).await?;
        if announced.bytes.is_some_and(|bytes| bytes > OBJECT_BYTES_MAX) {
            return Err(StorageError::TooLarge(OBJECT_BYTES_MAX));
        }
        if announced.bytes.is_some_and(|bytes| bytes > room) {
            return Err(StorageError::OverQuota);
        }
        let id = ids::blob_id();
        let mut writer = self.blobs.create(&id).await?;
        let (mut size, mut md5) = (0_u64, Md5::new());
        let mut hasher = announced.checksum.map(|kind| (kind, kind.hasher()));
        while let Some(bytes) = body.next().await {
            let bytes = bytes?;
            size += bytes.len() as u64;
            if size > OBJECT_BYTES_MAX {
                return Err(StorageError::TooLarge(OBJECT_BYTES_MAX));
            }
            if size > room {
                return Err(StorageError::OverQuota);
            }
            md5.update(&bytes);
            if let Some((_, hasher)) = &mut hasher {
                hasher.update(&bytes);
            }
            writer.write(bytes).await?;
        }
        if announced.bytes.is_some_and(|announced| announced != size) {
            return Err(StorageError::Body("the body is not as long as was announced".to_owned()));
        }
        let md5 = md5.finalize();
        if announced.md5.is_some_and(|sent| BASE64_STANDARD.encode(md5) != sent) {
            return Err(StorageError::Digest("Content-MD5"));
        }
        let mut checksum = None;
        if let Some((kind, hasher)) = hasher {
            let value = kind.of(&hasher.finalize()).unwrap_or_default();
            let trailer = announced.trailers.as_ref().and_then(|trailers| trailers.get(&kind.header()));
            if announced.expected.or(trailer).is_some_and(|sent| sent != value) {
                return Err(StorageError::Digest("checksum"));
            }
            let algorithm = kind.as_str().to_owned();
            checksum = Some(StoredChecksum { algorithm, value, is_composite: false });
        }
        writer.finish().await?;
        Ok(Received { blob: BlobRow { id, size }, etag: hex::encode(md5), checksum })
    }

    /// Bytes that an app may still write, as far as can be said before.
    async fn room(&self, app: &str, quota: StorageQuota) -> Result<u64, StorageError> {
        let Some(max) = quota.bytes else { return Ok(u64::MAX) };
        // What is replaced makes room only when the object is written; that counts then.
        let used = self.used(app).await?;
        Ok(max.saturating_sub(used.bytes))
    }

    /// A blob that no row will name. Where it is not known whether one does, the sweep finds out.
    pub(crate) async fn drop_blob(&self, id: &str, error: &StorageError) {
        if !matches!(error, StorageError::Store(_))
            && let Err(error) = self.blobs.delete(id).await
        {
            tracing::warn!(%error, id, "a blob that is not needed stays until the next sweep");
        }
    }
}

pub(crate) fn done(outcome: PutOutcome) -> Result<Written, StorageError> {
    match outcome {
        PutOutcome::Done(written) => Ok(written),
        PutOutcome::NoBucket => Err(StorageError::NoBucket),
        PutOutcome::NoUpload => Err(StorageError::NoUpload),
        PutOutcome::Refused(true) => {
            Err(StorageError::Precondition("the object is there, or has another ETag"))
        }
        PutOutcome::Refused(false) => Err(StorageError::NoObject),
        PutOutcome::OverQuota => Err(StorageError::OverQuota),
    }
}

pub(crate) fn check_meta(meta: &ObjectMeta, content_type: Option<&str>) -> Result<(), StorageError> {
    let pairs = meta.headers.iter().chain(&meta.metadata);
    let bytes: usize = pairs.map(|(name, value)| name.len() + value.len()).sum();
    let bytes = bytes + content_type.map_or(0, str::len);
    let has_nul = |text: &String| text.contains('\0');
    if bytes > META_BYTES_MAX || meta.metadata.iter().any(|(name, value)| has_nul(name) || has_nul(value)) {
        let message =
            format!("an object's headers and metadata have {META_BYTES_MAX} bytes at most, and no NUL");
        return Err(StorageError::Invalid(message));
    }
    Ok(())
}
