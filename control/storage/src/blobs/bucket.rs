//! Blobs as objects of a bucket of another S3 server: `<prefix>/<two last digits>/<id>`.

use std::io::Error;
use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::{TryStreamExt as _, stream};
use mayfly_common::clock;
use mayfly_common::tasks::Tasks;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore as _, ObjectStoreExt as _, WriteMultipart};

use super::{BlobFuture, BlobStream, BlobWriter, Blobs, MARK, OLD, shard};
use crate::StorageError;

/// Bytes of a part. A blob that is not longer is one request.
const PART: usize = 8 << 20;
/// Parts of a blob that are sent at once: with the one that fills, the memory of a writer.
const PARTS_AT_ONCE: usize = 2;

/// Where a bucket is cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// The URL is none of a bucket.
    #[error("{0}: must be s3://BUCKET or s3://BUCKET/PREFIX")]
    Url(String),
    /// What the environment says of the server.
    #[error("{0}")]
    Settings(#[from] object_store::Error),
}

/// A bucket of blobs.
#[derive(Debug, Clone)]
pub struct Bucket {
    server: Arc<AmazonS3>,
    prefix: Path,
    tasks: Tasks,
}

impl Bucket {
    /// At `s3://BUCKET/PREFIX`. The server, the region and the credentials come from the environment, by the names that all
    /// clients of AWS read (`AWS_ENDPOINT_URL`, `AWS_REGION`, `AWS_ACCESS_KEY_ID`, ...).
    ///
    /// # Errors
    /// When the URL is none of a bucket, or the environment says too little.
    pub fn open(url: &str, tasks: Tasks) -> Result<Self, BucketError> {
        // Who came first has set the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self::with(AmazonS3Builder::from_env(), url, tasks)
    }

    fn with(builder: AmazonS3Builder, url: &str, tasks: Tasks) -> Result<Self, BucketError> {
        let wrong = || BucketError::Url(url.to_owned());
        let rest = url.strip_prefix("s3://").ok_or_else(wrong)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(wrong());
        }
        let prefix = Path::parse(prefix.trim_matches('/')).map_err(|_| wrong())?;
        let server = builder.with_bucket_name(bucket).build()?;
        Ok(Self { server: Arc::new(server), prefix, tasks })
    }

    fn path(&self, id: &str) -> Path {
        self.prefix.clone().join(shard(id)).join(id)
    }
}

impl Blobs for Bucket {
    fn create<'a>(&'a self, id: &'a str) -> BlobFuture<'a, Box<dyn BlobWriter>> {
        let writer =
            Writer { bucket: self.clone(), path: self.path(id), part: BytesMut::new(), upload: None };
        Box::pin(async move { Ok(Box::new(writer) as Box<dyn BlobWriter>) })
    }

    fn read<'a>(&'a self, id: &'a str, range: Range<u64>) -> BlobFuture<'a, BlobStream> {
        Box::pin(async move {
            if range.is_empty() {
                return Ok(Box::pin(stream::empty()) as BlobStream);
            }
            let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
            match self.server.get_opts(&self.path(id), options).await {
                Err(object_store::Error::NotFound { .. }) => Err(StorageError::Replaced),
                Err(error) => Err(failed(error)),
                Ok(found) => Ok(Box::pin(found.into_stream().map_err(failed)) as BlobStream),
            }
        })
    }

    fn delete<'a>(&'a self, id: &'a str) -> BlobFuture<'a, ()> {
        Box::pin(async move {
            match self.server.delete(&self.path(id)).await {
                Err(object_store::Error::NotFound { .. }) | Ok(()) => Ok(()),
                Err(error) => Err(failed(error)),
            }
        })
    }

    fn old(&self, shard: u8) -> BlobFuture<'_, Vec<String>> {
        Box::pin(async move {
            let now = clock::now();
            let folder = self.prefix.clone().join(format!("{shard:02x}"));
            let old = self.server.list(Some(&folder)).try_filter_map(async |object| {
                let is_old = (now - object.last_modified).to_std().is_ok_and(|age| age > OLD);
                Ok(is_old.then(|| object.location.filename().map(str::to_owned)).flatten())
            });
            old.try_collect().await.map_err(failed)
        })
    }

    fn mark(&self) -> BlobFuture<'_, Option<String>> {
        Box::pin(async move {
            match self.server.get(&self.prefix.clone().join(MARK)).await {
                Err(object_store::Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(failed(error)),
                Ok(found) => {
                    let bytes = found.bytes().await.map_err(failed)?;
                    Ok(Some(String::from_utf8_lossy(&bytes).trim().to_owned()))
                }
            }
        })
    }

    fn set_mark<'a>(&'a self, mark: &'a str) -> BlobFuture<'a, ()> {
        Box::pin(async move {
            let put = self.server.put(&self.prefix.clone().join(MARK), mark.to_owned().into()).await;
            put.map(|_| ()).map_err(failed)
        })
    }
}

/// Writes a blob: in one request, or in parts once it is longer than one.
struct Writer {
    bucket: Bucket,
    path: Path,
    part: BytesMut,
    upload: Option<WriteMultipart>,
}

impl Writer {
    async fn send_part(&mut self) -> Result<(), StorageError> {
        let part = self.part.split().freeze();
        let mut upload = match self.upload.take() {
            Some(upload) => upload,
            None => {
                let begun = self.bucket.server.put_multipart(&self.path).await.map_err(failed)?;
                WriteMultipart::new_with_chunk_size(begun, PART)
            }
        };
        let room = upload.wait_for_capacity(PARTS_AT_ONCE).await;
        upload.put(part);
        self.upload = Some(upload);
        room.map_err(failed)
    }
}

impl BlobWriter for Writer {
    fn write(&mut self, mut bytes: Bytes) -> BlobFuture<'_, ()> {
        Box::pin(async move {
            while !bytes.is_empty() {
                let room = PART - self.part.len();
                self.part.extend_from_slice(&bytes.split_to(room.min(bytes.len())));
                if self.part.len() == PART {
                    self.send_part().await?;
                }
            }
            Ok(())
        })
    }

    fn finish(mut self: Box<Self>) -> BlobFuture<'static, ()> {
        Box::pin(async move {
            let part = self.part.split().freeze();
            let Some(mut upload) = self.upload.take() else {
                return self.bucket.server.put(&self.path, part.into()).await.map(|_| ()).map_err(failed);
            };
            if !part.is_empty() {
                upload.put(part);
            }
            upload.finish().await.map(|_| ()).map_err(failed)
        })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Parts of an upload that is not finished would be kept, and paid for.
        if let Some(upload) = self.upload.take() {
            self.bucket.tasks.work(async move {
                if let Err(error) = upload.abort().await {
                    tracing::warn!(%error, "an unfinished upload to the bucket was not aborted");
                }
            });
        }
    }
}

fn failed(error: object_store::Error) -> StorageError {
    StorageError::Blobs(Error::other(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_bucket_and_perhaps_a_prefix() {
        let open = |url: &str| {
            let _ = rustls::crypto::ring::default_provider().install_default();
            Bucket::with(AmazonS3Builder::new().with_region("auto"), url, Tasks::new())
        };
        for (url, path) in
            [("s3://blobs", "ef/abcdef"), ("s3://blobs/", "ef/abcdef"), ("s3://blobs/a/b/", "a/b/ef/abcdef")]
        {
            assert_eq!(open(url).unwrap().path("abcdef").as_ref(), path, "{url}");
        }
        for url in ["", "blobs", "s3://", "s3:///a", "https://host/bucket", "s3://blobs/a//b"] {
            assert!(matches!(open(url), Err(BucketError::Url(_))), "{url}");
        }
    }
}
