//! Blobs as files of a directory: `<two last digits>/<id>`, written under another name first.

use std::io::{Error, ErrorKind, Result as IoResult, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};

use super::{BlobFuture, BlobStream, BlobWriter, Blobs, MARK, OLD, shard};
use crate::StorageError;

/// Bytes written and read at once: each block goes to another thread and back.
const BLOCK: usize = 512 << 10;
/// What is being written.
const TEMPORARY: &str = "unfinished";

/// A directory of blobs.
#[derive(Debug, Clone)]
pub struct Directory {
    root: PathBuf,
}

impl Directory {
    /// In this directory, which is made.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(root: PathBuf) -> IoResult<Self> {
        std::fs::create_dir_all(root.join(TEMPORARY))?;
        for shard in 0..=u8::MAX {
            std::fs::create_dir_all(root.join(format!("{shard:02x}")))?;
        }
        Ok(Self { root })
    }

    fn path(&self, id: &str) -> PathBuf {
        self.root.join(shard(id)).join(id)
    }
}

impl Blobs for Directory {
    fn create<'a>(&'a self, id: &'a str) -> BlobFuture<'a, Box<dyn BlobWriter>> {
        Box::pin(async move {
            let temporary = self.root.join(TEMPORARY).join(id);
            let created = fs::OpenOptions::new().write(true).create_new(true).open(&temporary).await;
            let mut file = created.map_err(failed)?;
            file.set_max_buf_size(BLOCK);
            let (path, block) = (self.path(id), BytesMut::new());
            let writer = Writer { file, temporary: Temporary(temporary), path, block };
            Ok(Box::new(writer) as Box<dyn BlobWriter>)
        })
    }

    fn read<'a>(&'a self, id: &'a str, range: Range<u64>) -> BlobFuture<'a, BlobStream> {
        Box::pin(async move {
            let mut file = match File::open(self.path(id)).await {
                Err(error) if error.kind() == ErrorKind::NotFound => return Err(StorageError::Replaced),
                opened => opened.map_err(failed)?,
            };
            file.set_max_buf_size(BLOCK);
            if range.start > 0 {
                file.seek(SeekFrom::Start(range.start)).await.map_err(failed)?;
            }
            let left = range.end.saturating_sub(range.start);
            let blocks = stream::try_unfold((file, left), |(mut file, left)| async move {
                if left == 0 {
                    return Ok(None);
                }
                let want = usize::try_from(left).unwrap_or(BLOCK).min(BLOCK);
                let mut block = BytesMut::with_capacity(want);
                let read = (&mut file).take(want as u64).read_buf(&mut block).await.map_err(failed)?;
                if read == 0 {
                    return Err(failed(Error::from(ErrorKind::UnexpectedEof)));
                }
                Ok(Some((block.freeze(), (file, left - read as u64))))
            });
            Ok(Box::pin(blocks) as BlobStream)
        })
    }

    fn delete<'a>(&'a self, id: &'a str) -> BlobFuture<'a, ()> {
        Box::pin(async move {
            match fs::remove_file(self.path(id)).await {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(error)),
                _ => Ok(()),
            }
        })
    }

    fn old(&self, shard: u8) -> BlobFuture<'_, Vec<String>> {
        Box::pin(async move {
            if shard == 0 {
                for id in old_files(&self.root.join(TEMPORARY)).await.map_err(failed)? {
                    // Another node may have done so.
                    let _ = fs::remove_file(self.root.join(TEMPORARY).join(id)).await;
                }
            }
            old_files(&self.root.join(format!("{shard:02x}"))).await.map_err(failed)
        })
    }

    fn mark(&self) -> BlobFuture<'_, Option<String>> {
        Box::pin(async move {
            match fs::read_to_string(self.root.join(MARK)).await {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                read => Ok(Some(read.map_err(failed)?.trim().to_owned())),
            }
        })
    }

    fn set_mark<'a>(&'a self, mark: &'a str) -> BlobFuture<'a, ()> {
        Box::pin(async move { fs::write(self.root.join(MARK), mark).await.map_err(failed) })
    }
}

async fn old_files(directory: &Path) -> IoResult<Vec<String>> {
    let (mut entries, mut old) = (fs::read_dir(directory).await?, Vec::new());
    while let Some(entry) = entries.next_entry().await? {
        // A file may be gone by now.
        let Ok(modified) = entry.metadata().await.and_then(|metadata| metadata.modified()) else { continue };
        if age(modified) > OLD
            && let Ok(name) = entry.file_name().into_string()
        {
            old.push(name);
        }
    }
    Ok(old)
}

fn age(modified: SystemTime) -> Duration {
    // A file of the future is new.
    let since = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Duration::from_millis(mayfly_common::clock::now_ms()).saturating_sub(since)
}

/// A file that is removed when it is dropped.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // After it was renamed there is none.
        let _ = std::fs::remove_file(&self.0);
    }
}

struct Writer {
    file: File,
    temporary: Temporary,
    path: PathBuf,
    block: BytesMut,
}

impl Writer {
    async fn write_block(&mut self) -> Result<(), StorageError> {
        self.file.write_all(&self.block).await.map_err(failed)?;
        self.block.clear();
        Ok(())
    }
}

impl BlobWriter for Writer {
    fn write(&mut self, mut bytes: Bytes) -> BlobFuture<'_, ()> {
        Box::pin(async move {
            while !bytes.is_empty() {
                let room = BLOCK - self.block.len();
                self.block.extend_from_slice(&bytes.split_to(room.min(bytes.len())));
                if self.block.len() == BLOCK {
                    self.write_block().await?;
                }
            }
            Ok(())
        })
    }

    fn finish(mut self: Box<Self>) -> BlobFuture<'static, ()> {
        Box::pin(async move {
            self.write_block().await?;
            self.file.flush().await.map_err(failed)?;
            self.file.sync_all().await.map_err(failed)?;
            fs::rename(&self.temporary.0, &self.path).await.map_err(failed)?;
            // The name has to be durable, too.
            if let Some(directory) = self.path.parent() {
                let directory = File::open(directory).await.map_err(failed)?;
                directory.sync_all().await.map_err(failed)?;
            }
            Ok(())
        })
    }
}

fn failed(error: Error) -> StorageError {
    match error.kind() {
        // The last one: the file is larger than the process may write.
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => StorageError::Full,
        _ => StorageError::Blobs(error),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt as _;

    use super::*;

    async fn read(blobs: &Directory, id: &str, range: Range<u64>) -> Result<Vec<u8>, StorageError> {
        let blocks: Vec<Bytes> = blobs.read(id, range).await?.try_collect().await?;
        Ok(blocks.concat())
    }

    #[tokio::test]
    async fn a_blob_is_there_once_it_is_finished_and_else_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let blobs = Directory::open(root.path().join("blobs")).unwrap();
        let all: Vec<u8> = (0..BLOCK * 2 + 7).map(|place| (place % 251) as u8).collect();
        let mut writer = blobs.create("blob_0a").await.unwrap();
        for piece in all.chunks(100_000) {
            writer.write(Bytes::copy_from_slice(piece)).await.unwrap();
        }
        assert!(matches!(read(&blobs, "blob_0a", 0..1).await, Err(StorageError::Replaced)));
        writer.finish().await.unwrap();
        assert_eq!(read(&blobs, "blob_0a", 0..all.len() as u64).await.unwrap(), all);
        assert_eq!(read(&blobs, "blob_0a", 524_000..525_000).await.unwrap(), all[524_000..525_000]);
        // Shorter than a row says: an error, and no silent end.
        assert!(read(&blobs, "blob_0a", 0..all.len() as u64 + 1).await.is_err());
        assert_eq!(blobs.old(0x0a).await.unwrap(), [""; 0], "it is new");

        let mut writer = blobs.create("blob_0b").await.unwrap();
        writer.write(Bytes::from_static(b"half")).await.unwrap();
        drop(writer);
        assert_eq!(std::fs::read_dir(root.path().join("blobs").join(TEMPORARY)).unwrap().count(), 0);
        blobs.delete("blob_0a").await.unwrap();
        blobs.delete("blob_0a").await.unwrap();
        assert!(matches!(read(&blobs, "blob_0a", 0..1).await, Err(StorageError::Replaced)));
    }

    #[tokio::test]
    async fn what_is_old_is_told_and_what_was_abandoned_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let blobs = Directory::open(root.path().to_owned()).unwrap();
        let before = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        for path in ["00/blob_00", "unfinished/blob_11"] {
            let file = std::fs::File::create(root.path().join(path)).unwrap();
            file.set_modified(before).unwrap();
        }
        assert_eq!(blobs.old(0).await.unwrap(), ["blob_00"]);
        assert!(!root.path().join("unfinished/blob_11").exists());
    }
}
