//! Policies of apps, compiled: compiling takes longer than deciding. Whether one is current is asked at each call.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use mayfly_api::error::ApiResult;
use mayfly_policy::CompiledPolicy;
use mayfly_store::Store;

/// Apps whose policies are kept; beyond, all are compiled once more.
const APPS_MAX: usize = 1_000;

type Kept = HashMap<String, (DateTime<Utc>, Arc<CompiledPolicy>)>;

/// Compiled policies by app.
#[derive(Debug, Clone, Default)]
pub(super) struct AppPolicies {
    kept: Arc<Mutex<Kept>>,
}

impl AppPolicies {
    /// An app's policy as it is now.
    pub(super) async fn find(&self, store: &Store, app: &str) -> ApiResult<Option<Arc<CompiledPolicy>>> {
        let Some((text, updated_at)) = store.agents().policy(app).await? else { return Ok(None) };
        let lock = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known_at, policy)) = lock().get(app)
            && *known_at == updated_at
        {
            return Ok(Some(Arc::clone(policy)));
        }
        let policy = Arc::new(CompiledPolicy::parse(text.as_bytes(), None)?);
        let mut kept = lock();
        if kept.len() >= APPS_MAX {
            kept.clear();
        }
        kept.insert(app.to_owned(), (updated_at, Arc::clone(&policy)));
        Ok(Some(policy))
    }
}
