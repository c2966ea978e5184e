//! Tokens that were found good, so that the next request with one costs a hash and a look.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ring::digest::{Context, SHA256};

use super::caller::EndUser;
use crate::app_cache::AppKeys;
use mayfly_jwt::token::KeySet;

/// Tokens per generation; there are two. A token that is not used is evicted with the older one.
const GENERATION_MAX: usize = 8_192;

type Hash = [u8; 32];

/// The tokens.
#[derive(Default)]
pub(super) struct Verified {
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<Hash, Entry>,
    old: HashMap<Hash, Entry>,
}

/// A good token: for how long, and with which keys that was found.
#[derive(Clone)]
pub(super) struct Entry {
    /// The app's keys and issuers as they were: any change makes others.
    pub(super) keys: Arc<AppKeys>,
    /// The published keys of an external issuer, where they were looked at, and where those stand.
    pub(super) published: Option<(Arc<KeySet>, Arc<str>)>,
    /// Seconds since 1970.
    pub(super) ends: f64,
    /// Whose it is.
    pub(super) user: Arc<EndUser>,
}

/// The key of a token in the cache: a hash, so that a dump of memory has no usable tokens.
pub(super) fn hash(app: &str, token: &str) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(app.as_bytes());
    context.update(&[0]);
    context.update(token.as_bytes());
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

impl Verified {
    /// The token, if it is known.
    pub(super) fn get(&self, hash: &Hash) -> Option<Entry> {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = generations.young.get(hash) {
            return Some(entry.clone());
        }
        let entry = generations.old.remove(hash)?;
        generations.keep(*hash, entry.clone());
        Some(entry)
    }

    /// Remember a token.
    pub(super) fn put(&self, hash: Hash, entry: Entry) {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner).keep(hash, entry);
    }
}

impl Generations {
    fn keep(&mut self, hash: Hash, entry: Entry) {
        if self.young.len() >= GENERATION_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(hash, entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry {
            keys: Arc::new(AppKeys::nothing("app_0123456789ab")),
            published: None,
            ends: 1.0,
            user: Arc::new(EndUser::new("alice", None, 1.0)),
        }
    }

    #[test]
    fn it_is_bounded_and_forgets_what_nobody_shows() {
        let verified = Verified::default();
        let (shown, entry) = (hash("app", "shown"), entry());
        verified.put(shown, entry.clone());
        for number in 0..5 * GENERATION_MAX {
            verified.put(hash("app", &number.to_string()), entry.clone());
            if number % 1_000 == 0 {
                assert!(verified.get(&shown).is_some(), "{number}");
            }
        }
        assert!(verified.get(&hash("app", "0")).is_none());
        let generations = verified.generations.lock().unwrap();
        assert!(generations.young.len() + generations.old.len() <= 2 * GENERATION_MAX);
    }

    #[test]
    fn a_token_of_one_app_is_none_of_another() {
        assert_ne!(hash("app_a", "t"), hash("app_b", "t"));
        assert_ne!(hash("app", "xt"), hash("appx", "t"));
    }
}
