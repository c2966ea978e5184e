//! The LRU cache of images in memory: bounded in number, and idle ones are evicted.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Image;

#[derive(Debug)]
struct CachedImage {
    image: Image,
    used_at: Instant,
}

/// A map from digest to image that holds at most `capacity`.
#[derive(Debug)]
pub(crate) struct ImageCache {
    capacity: usize,
    entries: Mutex<HashMap<String, CachedImage>>,
}

impl ImageCache {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), entries: Mutex::default() }
    }

    pub(crate) fn get(&self, digest: &str) -> Option<Image> {
        let mut entries = self.entries();
        let entry = entries.get_mut(digest)?;
        entry.used_at = Instant::now();
        Some(entry.image.clone())
    }

    pub(crate) fn put(&self, image: Image) {
        let mut entries = self.entries();
        if entries.len() >= self.capacity && !entries.contains_key(image.key()) {
            let oldest = entries.iter().min_by_key(|(_, entry)| entry.used_at);
            if let Some(digest) = oldest.map(|(digest, _)| digest.clone()) {
                entries.remove(&digest);
            }
        }
        entries.insert(image.key().to_owned(), CachedImage { image, used_at: Instant::now() });
    }

    /// Evicts those that were not used for `idle`. Answers how many.
    pub(crate) fn release(&self, idle: Duration) -> usize {
        let mut entries = self.entries();
        let before = entries.len();
        entries.retain(|_, entry| entry.used_at.elapsed() < idle);
        before - entries.len()
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<String, CachedImage>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
