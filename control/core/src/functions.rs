//! Functions as their owner manages them: list, show, change settings, delete, versions.

use std::collections::BTreeMap;

use super::env::Env;
use super::invoke::Targets;
use super::rollouts::{RolloutChange, Rollouts};
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_store::{Function, FunctionStats, SettingsPatch, Sink, Store, Version, VersionSource};

/// Use cases of functions.
#[derive(Debug, Clone)]
pub struct Functions {
    /// The platform's tables.
    pub store: Store,
    /// For the names of variables.
    pub env: Env,
    /// Told of what changed.
    pub targets: Targets,
    /// Versions that serve a part of the calls.
    pub rollouts: Rollouts,
    /// For figures that count what has just run.
    pub sink: Sink,
}

/// Everything about one function but its variables' values.
#[derive(Debug)]
pub struct Whole {
    /// The row.
    pub function: Function,
    /// The source that serves.
    pub source: Option<VersionSource>,
    /// Names of its variables.
    pub env_names: Vec<String>,
    /// How it did so far.
    pub stats: FunctionStats,
}

impl Functions {
    /// All functions of an app, with how they did.
    pub async fn list(&self, app: &str) -> ApiResult<Vec<(Function, FunctionStats)>> {
        let functions = self.store.functions().list(app).await?;
        let mut stats = self.stats(app).await?;
        Ok(functions
            .into_iter()
            .map(|function| {
                let stats = stats.remove(&function.id).unwrap_or_default();
                (function, stats)
            })
            .collect())
    }

    /// One function's row.
    pub async fn find(&self, app: &str, name: &str) -> ApiResult<Function> {
        self.store.functions().get(app, name).await?.ok_or_else(|| ApiError::not_found("the function"))
    }

    /// One function with everything about it.
    pub async fn get(&self, app: &str, name: &str) -> ApiResult<Whole> {
        let function = self.find(app, name).await?;
        let source = match &function.active_version_id {
            Some(version) => self.store.versions().source(version).await?,
            None => None,
        };
        let env_names = self.env.function_names(&function).await?;
        let stats = self.stats(app).await?.remove(&function.id).unwrap_or_default();
        Ok(Whole { function, source, env_names, stats })
    }

    /// Change settings.
    pub async fn patch_settings(
        &self,
        app: &str,
        name: &str,
        patch: &SettingsPatch,
        rollout: Option<RolloutChange>,
    ) -> ApiResult<Function> {
        // First what may be refused for its state.
        if let Some(change) = rollout {
            self.find(app, name).await?;
            self.rollouts.change(app, name, change).await?;
        }
        let changed = self.store.functions().patch_settings(app, name, patch).await?;
        self.targets.invalidate(app);
        changed.ok_or_else(|| ApiError::not_found("the function"))
    }

    /// Delete a function and its environment. Deleting what is not there is fine.
    pub async fn delete(&self, app: &str, name: &str) -> ApiResult<()> {
        self.store.functions().delete(app, name).await?;
        self.targets.invalidate(app);
        Ok(())
    }

    /// A function's versions, newest first.
    pub async fn versions(&self, app: &str, name: &str) -> ApiResult<Vec<Version>> {
        self.find(app, name).await?;
        Ok(self.store.versions().list(app, name).await?)
    }

    async fn stats(&self, app: &str) -> ApiResult<BTreeMap<String, FunctionStats>> {
        self.sink.caught_up().await?;
        Ok(self.store.functions().stats(app).await?)
    }
}
