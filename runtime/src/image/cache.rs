//! Images in memory, bounded: the one that was used longest ago gives way.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::Image;

#[derive(Debug)]
struct Entry {
    image: Image,
    used_at: u64,
}

#[derive(Debug, Default)]
struct State {
    entries: HashMap<String, Entry>,
    clock: u64,
}

/// A map from digest to image that holds at most `capacity`.
#[derive(Debug)]
pub(crate) struct ImageCache {
    capacity: usize,
    state: Mutex<State>,
}

impl ImageCache {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), state: Mutex::default() }
    }

    pub(crate) fn get(&self, digest: &str) -> Option<Image> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.clock += 1;
        let now = state.clock;
        let entry = state.entries.get_mut(digest)?;
        entry.used_at = now;
        Some(entry.image.clone())
    }

    pub(crate) fn put(&self, image: Image) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.entries.len() >= self.capacity && !state.entries.contains_key(image.digest()) {
            let oldest = state.entries.iter().min_by_key(|(_, entry)| entry.used_at);
            if let Some(digest) = oldest.map(|(digest, _)| digest.clone()) {
                state.entries.remove(&digest);
            }
        }
        state.clock += 1;
        let used_at = state.clock;
        state.entries.insert(image.digest().to_owned(), Entry { image, used_at });
    }
}
