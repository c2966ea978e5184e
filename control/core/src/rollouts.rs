//! Versions that serve a part of the calls: begun, moved on, ended, and taken back when they fail too often.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::invoke::{Target, Targets};
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::fields::Fields;
use mayfly_common::tasks::Tasks;
use mayfly_store::{Rollout, RolloutTerms, Store, StoreError};

/// Failures beyond this share take a version back, where nobody says.
const MAX_ERROR_PERCENT: u32 = 5;
/// Of at least so many invocations.
const MIN_INVOCATIONS: u32 = 20;

/// Use cases of roll-outs. Cheap to clone.
#[derive(Clone)]
pub struct Rollouts {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    targets: Targets,
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

/// What `rollout` of a deploy or of `PATCH .../settings` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RolloutChange {
    /// Which version; `None`: the one that is deployed, or rolled out already.
    pub version: Option<u32>,
    /// Its share of the calls: 0 ends it, 100 lets it serve all.
    pub percent: u32,
    max_error_percent: Option<u32>,
    min_invocations: Option<u32>,
}

impl RolloutChange {
    /// Read `{version?, percent, max_error_percent?, min_invocations?}`.
    pub fn read(value: Value) -> ApiResult<Self> {
        let mut fields = Fields::of(value, "rollout")?;
        let change = Self {
            version: fields.number("version", 1, i32::MAX as u32)?,
            percent: fields.number("percent", 0, 100)?.ok_or_else(|| fields.missing("percent"))?,
            max_error_percent: fields.number("max_error_percent", 0, 100)?,
            min_invocations: fields.number("min_invocations", 1, 1_000_000)?,
        };
        fields.finish()?;
        Ok(change)
    }

    /// The same for a version that is just being deployed: it has no number yet, and serves a part of the calls.
    pub fn for_deploy(self) -> ApiResult<RolloutTerms> {
        if self.version.is_some() {
            return Err(ApiError::invalid("rollout.version", "is the one that is deployed"));
        }
        if !(1..=99).contains(&self.percent) {
            return Err(ApiError::invalid("rollout.percent", "must be a whole number from 1 to 99"));
        }
        Ok(self.terms(None))
    }

    /// What is not said stays as it was.
    fn terms(self, before: Option<&Rollout>) -> RolloutTerms {
        let before = before.map(|rollout| rollout.terms);
        RolloutTerms {
            percent: self.percent,
            max_error_percent: self
                .max_error_percent
                .unwrap_or_else(|| before.map_or(MAX_ERROR_PERCENT, |terms| terms.max_error_percent)),
            min_invocations: self
                .min_invocations
                .unwrap_or_else(|| before.map_or(MIN_INVOCATIONS, |terms| terms.min_invocations)),
        }
    }
}

impl Rollouts {
    /// The use cases over these parts.
    pub fn new(store: Store, targets: Targets, tasks: Tasks) -> Self {
        Self { inner: Arc::new(Inner { store, targets, tasks, counts: Mutex::default() }) }
    }

    /// The last roll-out of a function.
    pub async fn get(&self, app: &str, name: &str) -> ApiResult<Option<Rollout>> {
        Ok(self.inner.store.rollouts().get(app, name).await?)
    }

    /// Begin, move on, end or complete a roll-out.
    pub async fn change(&self, app: &str, name: &str, change: RolloutChange) -> ApiResult<()> {
        let before = self.get(app, name).await?.filter(|rollout| rollout.running);
        let version = change.version.or(before.as_ref().map(|rollout| rollout.version));
        let store = &self.inner.store;
        let changed = match (change.percent, version) {
            (0, _) => store.rollouts().end(app, name).await.map(|_| ()),
            (_, None) => {
                return Err(ApiError::new(
                    Code::StatePrerequisiteMissing,
                    "no version is being rolled out: name one in rollout.version",
                ));
            }
            (100, Some(version)) => store.functions().rollback(app, name, Some(version)).await.map(|_| ()),
            (_, Some(version)) => {
                store.rollouts().set(app, name, version, change.terms(before.as_ref())).await
            }
        };
        self.inner.targets.invalidate(app);
        changed.map_err(|error| match error {
            StoreError::Conflict(text) => ApiError::new(Code::ResourceConflict, text),
            error => error.into(),
        })
    }

    /// A version that is rolled out ran. Counted in the background, many at once where many come.
    pub(super) fn observe(&self, target: &Target, failed: bool) {
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
            drop(self.inner.tasks.work(async move { this.keep(key).await }));
        }
    }

    /// Keep what was counted, and what is counted meanwhile.
    async fn keep(&self, key: Key) {
        loop {
            let Some(count) = self.take(&key) else { return };
            let rollouts = self.inner.store.rollouts();
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
                    self.inner.targets.invalidate(&key.app);
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
        self.inner.counts.lock().unwrap_or_else(PoisonError::into_inner)
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
        let read = |value| RolloutChange::read(value).map_err(|error| error.message().to_owned());
        let terms = read(json!({"percent": 10})).unwrap().for_deploy().unwrap();
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
        assert!(read(json!({"percent": 100})).unwrap().for_deploy().is_err());
        assert!(read(json!({"percent": 10, "version": 2})).unwrap().for_deploy().is_err());
    }
}
