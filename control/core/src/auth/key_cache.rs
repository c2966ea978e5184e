//! `KeyCache`: API keys by their hash, in memory.

use std::sync::Arc;

use mayfly_api::error::ApiResult;
use mayfly_common::cache::TtlCache;
use mayfly_store::{ApiKey, Store};

use super::key::{self, KeyHash};

/// Finds keys. Cheap to clone.
#[derive(Clone)]
pub struct KeyCache {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    keys: TtlCache<KeyHash, Option<Arc<ApiKey>>>,
}

impl KeyCache {
    /// A cache of what is in this store.
    pub fn new(store: Store) -> Self {
        Self { shared: Arc::new(Shared { store, keys: TtlCache::default() }) }
    }

    /// The row of a key, revoked or not.
    pub(super) async fn find(&self, bearer: &str) -> ApiResult<Option<Arc<ApiKey>>> {
        let hash = key::hash(bearer);
        let Shared { store, keys } = &*self.shared;
        keys.get(&hash, || async { Ok(store.keys().find_by_hash(&hash).await?.map(Arc::new)) }).await
    }

    /// A key changed: the next request looks it up again. Which one it was is not known by its hash.
    pub fn invalidate_all(&self) {
        self.shared.keys.invalidate_all();
    }
}

impl std::fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyCache").finish_non_exhaustive()
    }
}
