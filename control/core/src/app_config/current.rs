//! The settings of apps as they are now, in memory and never old for long.

use std::sync::Arc;

use super::AppConfig;
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_common::cache::TtlCache;
use mayfly_quota::EffectiveLimits;
use mayfly_store::{AppState, Store};

/// What requests have to know of an app.
#[derive(Debug, PartialEq)]
pub struct AppView {
    /// What it is set to.
    pub config: AppConfig,
    /// The limits that hold.
    pub limits: EffectiveLimits,
}

/// Finds settings. Cheap to clone.
#[derive(Clone)]
pub struct Configs {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    found: TtlCache<Box<str>, Option<Arc<AppView>>>,
}

impl Configs {
    /// A finder of what is in this store.
    pub fn new(store: Store) -> Self {
        Self { inner: Arc::new(Inner { store, found: TtlCache::default() }) }
    }

    /// The settings of an app; `None`: it does not exist, or is not ready.
    pub async fn find(&self, app: &str) -> ApiResult<Option<Arc<AppView>>> {
        let ask = || async {
            let found = self.inner.store.apps().get(app).await?;
            Ok(found.filter(|app| app.state == AppState::Ready).map(|app| {
                let config = AppConfig::of(&app.settings);
                let limits = config.effective_limits();
                Arc::new(AppView { config, limits })
            }))
        };
        self.inner.found.get(&app.into(), ask).await
    }

    /// The settings of an app that is there.
    pub async fn get(&self, app: &str) -> ApiResult<Arc<AppView>> {
        self.find(app).await?.ok_or_else(|| ApiError::not_found("the app"))
    }

    /// They changed: the next request asks for them afresh.
    pub fn invalidate(&self, app: &str) {
        self.inner.found.invalidate(|of| **of == *app);
    }

    /// Anything may have changed.
    pub fn invalidate_all(&self) {
        self.inner.found.invalidate_all();
    }
}

impl std::fmt::Debug for Configs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Configs").finish_non_exhaustive()
    }
}
