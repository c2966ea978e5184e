//! Reading an object: found first, then its bytes, blob by blob.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use mayfly_store::{BlobRow, ObjectRow};

use crate::blobs::Blobs;
use crate::{Bytestream, Objects, Place, StorageError};

/// How often an object is looked for again that was replaced while it was opened.
const TRIES: u32 = 3;

/// An object that was found.
#[derive(Debug, Clone)]
pub struct FoundObject {
    /// The object.
    pub object: ObjectRow,
    /// Its blobs.
    pub blobs: Vec<BlobRow>,
}

/// Which bytes of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// All of them.
    All,
    /// From one on, up to and with another or the end.
    From(u64, Option<u64>),
    /// A number of them at the end.
    Last(u64),
    /// Those of a part, from 1 on.
    Part(u32),
}

impl FoundObject {
    /// The bytes of a piece, from the first to behind the last.
    ///
    /// # Errors
    /// [`StorageError::Range`] where there are none.
    pub fn range(&self, piece: Piece) -> Result<Range<u64>, StorageError> {
        let size = self.object.size;
        let outside = || StorageError::Range(size);
        match piece {
            Piece::All => Ok(0..size),
            Piece::From(first, _) if first >= size => Err(outside()),
            Piece::From(first, last) => Ok(first..last.map_or(size, |last| last.saturating_add(1).min(size))),
            Piece::Last(0) => Err(outside()),
            Piece::Last(_) if size == 0 => Err(outside()),
            Piece::Last(count) => Ok(size.saturating_sub(count)..size),
            Piece::Part(number) => {
                let place = (number as usize).checked_sub(1).ok_or_else(outside)?;
                let part = self.blobs.get(place).ok_or_else(outside)?;
                let first: u64 = self.blobs[..place].iter().map(|blob| blob.size).sum();
                Ok(first..first + part.size)
            }
        }
    }

    /// Whether it was written in parts: its ETag says so.
    pub fn parts(&self) -> Option<usize> {
        self.object.etag.contains('-').then_some(self.blobs.len())
    }
}

impl Objects {
    /// An object without its bytes.
    ///
    /// # Errors
    /// Without the bucket or the object.
    pub async fn find(&self, place: Place<'_>) -> Result<FoundObject, StorageError> {
        place.check()?;
        let tables = self.store.storage();
        for _ in 0..TRIES {
            let Some(object) = tables.object(place.app, place.bucket, place.key).await? else {
                self.bucket(place.app, place.bucket).await?;
                return Err(StorageError::NoObject);
            };
            let blobs = tables.blobs(&object.version_id).await?;
            // Between the two another one may have been written.
            if blobs.iter().map(|blob| blob.size).sum::<u64>() == object.size {
                return Ok(FoundObject { object, blobs });
            }
        }
        Err(StorageError::Replaced)
    }

    /// Its bytes. The first of them is there when this returns.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn read(&self, found: &FoundObject, range: Range<u64>) -> Result<Bytestream, StorageError> {
        let mut wanted = VecDeque::new();
        let mut start = 0;
        for blob in &found.blobs {
            let (first, end) = (start, start + blob.size);
            start = end;
            if end > range.start && first < range.end {
                wanted
                    .push_back((blob.id.clone(), range.start.max(first) - first..range.end.min(end) - first));
            }
        }
        let Some((id, part)) = wanted.pop_front() else { return Ok(Box::pin(stream::empty())) };
        let first = self.blobs.read(&id, part).await?;
        let blobs: Arc<dyn Blobs> = Arc::clone(&self.blobs);
        let rest = stream::iter(wanted).map(Ok).and_then(move |(id, part)| {
            let blobs = Arc::clone(&blobs);
            async move { blobs.read(&id, part).await }
        });
        Ok(Box::pin(first.chain(rest.try_flatten())))
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn ranges_at_their_bounds() {
        let blob = |size| BlobRow { id: String::new(), size };
        let object = ObjectRow {
            key: "k".to_owned(),
            version_id: "v".to_owned(),
            size: 10,
            etag: "e-2".to_owned(),
            content_type: None,
            meta: mayfly_store::ObjectMeta::default(),
            created_at: DateTime::UNIX_EPOCH,
        };
        let found = FoundObject { object, blobs: vec![blob(6), blob(4)] };
        for (piece, range) in [
            (Piece::All, 0..10),
            (Piece::From(0, Some(0)), 0..1),
            (Piece::From(9, None), 9..10),
            (Piece::From(5, Some(u64::MAX)), 5..10),
            (Piece::Last(3), 7..10),
            (Piece::Last(99), 0..10),
            (Piece::Part(2), 6..10),
        ] {
            assert_eq!(found.range(piece).unwrap(), range, "{piece:?}");
        }
        for piece in [Piece::From(10, None), Piece::Last(0), Piece::Part(0), Piece::Part(3)] {
            assert!(matches!(found.range(piece), Err(StorageError::Range(10))), "{piece:?}");
        }
    }
}
