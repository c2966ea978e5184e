//! Canary rollouts: starts them, changes their share of the calls, and ends them when too many invocations fail.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::cache::FunctionCache;
use super::cached::CachedFunction;
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::rollouts::{RolloutInfo, RolloutSpec, RolloutState};
use mayfly_api::value::Number;
use mayfly_common::tasks::Tasks;
use mayfly_store::{Rollout, RolloutTerms, Store, StoreError};

/// The default of `maxErrorPercent`: more failures end the canary.
const MAX_ERROR_PERCENT: u32 = 5;
/// The default of `minInvocations`: fewer are not judged.
const MIN_INVOCATIONS: u32 = 20;

/// Use cases of roll-outs. Cheap to clone.
#[derive(Clone)]
pub struct Rollouts {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    function_cache: FunctionCache,
    tasks: Tasks,
    counts: Mutex<HashMap<Key, Counts>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    app: String,
    function: String,
    version: String,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    invocations: u64,
    errors: u64,
}

/// The terms of a version that is just being deployed: it has no number yet, and serves a part of the calls.
///
/// # Errors
/// When a version is named, or the share is no part.
pub(crate) fn deploy_terms(spec: &RolloutSpec) -> ApiResult<RolloutTerms> {
    if spec.version.is_some() {
        return Err(ApiError::invalid("rollout.version", "is the one that is deployed"));
    }
    if !(1..=99).contains(&spec.percent.get()) {
        return Err(ApiError::invalid("rollout.percent", "must be a whole number from 1 to 99"));
    }
    Ok(terms(spec, None))
}

/// What is not named stays as it was.
fn terms(spec: &RolloutSpec, before: Option<&Rollout>) -> RolloutTerms {
    let before = before.map(|rollout| rollout.terms);
    RolloutTerms {
        percent: spec.percent.get(),
        max_error_percent: spec
            .max_error_percent
            .map(Number::get)
            .unwrap_or_else(|| before.map_or(MAX_ERROR_PERCENT, |terms| terms.max_error_percent)),
        min_invocations: spec
            .min_invocations
            .map(Number::get)
            .unwrap_or_else(|| before.map_or(MIN_INVOCATIONS, |terms| terms.min_invocations)),
    }
}

/// A roll-out as the API shows it.
pub(crate) fn info(rollout: &Rollout) -> RolloutInfo {
    RolloutInfo {
        version: rollout.version,
        percent: rollout.terms.percent,
        max_error_percent: rollout.terms.max_error_percent,
        min_invocations: rollout.terms.min_invocations,
        state: if rollout.running { RolloutState::Running } else { RolloutState::RolledBack },
        invocations: rollout.invocations,
        errors: rollout.errors,
        started_at: rollout.started_at.into(),
        ended_at: rollout.ended_at.map(Into::into),
    }
}

impl Rollouts {
    /// The use cases over these parts.
    pub fn new(store: Store, function_cache: FunctionCache, tasks: Tasks) -> Self {
        Self { shared: Arc::new(Shared { store, function_cache, tasks, counts: Mutex::default() }) }
    }

    /// The last roll-out of a function.
    pub async fn get(&self, app: &str, name: &str) -> ApiResult<Option<Rollout>> {
        Ok(self.shared.store.rollouts().get(app, name).await?)
    }

    /// Begin, move on, end or complete a roll-out.
    pub async fn change(&self, app: &str, name: &str, change: &RolloutSpec) -> ApiResult<()> {
        let before = self.get(app, name).await?.filter(|rollout| rollout.running);
        let version = change.version.map(Number::get).or(before.as_ref().map(|rollout| rollout.version));
        let store = &self.shared.store;
        let changed = match (change.percent.get(), version) {
            (0, _) => store.rollouts().end(app, name).await.map(|_| ()),
            (_, None) => {
                return Err(ApiError::new(
                    Code::StatePrerequisiteMissing,
                    "no version is being rolled out: name one in rollout.version",
                ));
            }
            (100, Some(version)) => store.functions().rollback(app, name, Some(version)).await.map(|_| ()),
            (_, Some(version)) => {
                store.rollouts().set(app, name, version, terms(change, before.as_ref())).await
            }
        };
        self.shared.function_cache.invalidate(app);
        changed.map_err(|error| match error {
            StoreError::Conflict(text) => ApiError::new(Code::ResourceConflict, text),
            error => error.into(),
        })
    }

    /// A version that is rolled out ran. Counted in the background, many at once where many come.
    pub(crate) fn observe(&self, target: &CachedFunction, failed: bool) {
        let function = &target.function;
        let key = Key {
            app: function.app_id.to_string(),
            function: function.function_name.to_string(),
            version: function.version_id.to_string(),
        };
        let first = {
            let mut counts = self.counts();
            let first = !counts.contains_key(&key);
            let count = counts.entry(key.clone()).or_default();
            count.invocations += 1;
            count.errors += u64::from(failed);
            first
        };
        if first {
            let this = self.clone();
            drop(self.shared.tasks.work(async move { this.keep(key).await }));
        }
    }

    /// Write the counts, and those of calls that end during the write.
    async fn keep(&self, key: Key) {
        loop {
            let Some(count) = self.take(&key) else { return };
            let rollouts = self.shared.store.rollouts();
            let kept =
                rollouts.count(&key.app, &key.function, &key.version, count.invocations, count.errors).await;
            match kept {
                Ok(false) => {}
                Ok(true) => {
                    tracing::warn!(
                        app = key.app,
                        function = key.function,
                        version = key.version,
                        "taken back: it fails too often"
                    );
                    self.shared.function_cache.invalidate(&key.app);
                }
                Err(error) => {
                    tracing::warn!(%error, app = key.app, function = key.function, "a roll-out's count is lost");
                }
            }
        }
    }

    /// What was counted since; the entry stays for as long as there is something, so that one task keeps it.
    fn take(&self, key: &Key) -> Option<Counts> {
        let mut counts = self.counts();
        let count = counts.get_mut(key)?;
        if count.invocations == 0 {
            counts.remove(key);
            return None;
        }
        Some(std::mem::take(count))
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Counts>> {
        self.shared.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Rollouts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rollouts").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_is_read_strictly() {
        let read = |value| {
            mayfly_api::decode::value::<RolloutSpec>(value, "rollout")
                .map_err(|error| error.message().to_owned())
        };
        let terms = deploy_terms(&read(json!({"percent": 10})).unwrap()).unwrap();
        assert_eq!(terms, RolloutTerms { percent: 10, max_error_percent: 5, min_invocations: 20 });
        for (value, path) in [
            (json!({}), "rollout.percent: is required"),
            (json!({"percent": 101}), "rollout.percent: must be"),
            (json!({"percent": 10, "version": 0}), "rollout.version: must be"),
            (json!({"percent": 10, "max_error_percent": 101}), "rollout.max_error_percent: must be"),
            (json!({"percent": 10, "min_invocations": 0}), "rollout.min_invocations: must be"),
            (json!({"percent": 10, "to": 1}), "rollout.to: is not"),
            (json!(10), "rollout: expected"),
        ] {
            assert!(read(value.clone()).unwrap_err().starts_with(path), "{value}");
        }
        assert!(deploy_terms(&read(json!({"percent": 100})).unwrap()).is_err());
        assert!(deploy_terms(&read(json!({"percent": 10, "version": 2})).unwrap()).is_err());
    }
}
