//! `AppCache`: what requests have to know of an app, in memory: its row, its settings, and the keys of its tokens.

mod keys;

use std::sync::Arc;

use mayfly_api::apps::AppState;
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_common::cache::TtlCache;
use mayfly_quota::EffectiveLimits;
use mayfly_secrets::KeyRing;
use mayfly_store::Store;

use crate::app_config::AppConfig;

pub(crate) use keys::Signer;
pub use keys::{AppKeys, signing_key_name};

/// An app that is ready, as it was at most a second ago.
#[derive(Debug, PartialEq)]
pub struct CachedApp {
    /// Whether it is switched off, and why.
    pub paused: Option<Option<String>>,
    /// Whether the platform has closed it.
    pub closed: bool,
    /// What it is set to.
    pub config: AppConfig,
    /// The limits that hold.
    pub limits: EffectiveLimits,
    /// What its end users' tokens are verified with.
    pub keys: Arc<AppKeys>,
}

/// Finds apps. Cheap to clone.
#[derive(Clone)]
pub struct AppCache {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    keyring: Arc<KeyRing>,
    apps: TtlCache<Box<str>, Option<Arc<CachedApp>>>,
}

impl AppCache {
    /// A cache of what is in this store.
    pub fn new(store: Store, keyring: Arc<KeyRing>) -> Self {
        Self { shared: Arc::new(Shared { store, keyring, apps: TtlCache::default() }) }
    }

    /// An app; `None`: it does not exist, or is not ready.
    ///
    /// # Errors
    /// When the store cannot be reached, and the app was not seen in the last five minutes.
    pub async fn find(&self, app: &str) -> ApiResult<Option<Arc<CachedApp>>> {
        self.shared.apps.get(&app.into(), || self.load(app)).await
    }

    /// An app that has to be there.
    ///
    /// # Errors
    /// As [`find`](Self::find), and when it is not there.
    pub async fn get(&self, app: &str) -> ApiResult<Arc<CachedApp>> {
        self.find(app).await?.ok_or_else(|| ApiError::not_found("the app"))
    }

    /// An app as it is in memory; nothing is asked of the store.
    pub fn peek(&self, app: &str) -> Option<Arc<CachedApp>> {
        self.shared.apps.peek(&app.into()).flatten()
    }

    /// An app changed: its row, its settings or its keys.
    pub fn invalidate(&self, app: &str) {
        self.shared.apps.invalidate(|of| **of == *app);
    }

    /// Any app may have changed.
    pub fn invalidate_all(&self) {
        self.shared.apps.invalidate_all();
    }

    async fn load(&self, app: &str) -> ApiResult<Option<Arc<CachedApp>>> {
        let Shared { store, keyring, .. } = &*self.shared;
        let found = store.apps().get(app).await?;
        let Some(row) = found.filter(|row| row.state == AppState::Ready) else { return Ok(None) };
        let config = AppConfig::of(&row.settings);
        let limits = config.effective_limits();
        let signing_keys = store.signing_keys().list(app).await?;
        let keys = AppKeys::open(app, signing_keys, config.issuers.clone(), keyring)?;
        let paused = row.paused.then_some(row.paused_reason);
        let closed = row.closed_reason.is_some();
        Ok(Some(Arc::new(CachedApp { paused, closed, config, limits, keys: Arc::new(keys) })))
    }
}

impl std::fmt::Debug for AppCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppCache").finish_non_exhaustive()
    }
}
