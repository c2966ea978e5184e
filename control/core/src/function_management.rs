//! Functions as their owner manages them: list, show, change settings, delete, versions.

use std::collections::BTreeMap;

use mayfly_api::apps::Success;
use mayfly_api::endpoint::{ApiCall, Handler, Json};
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::functions::{
    DeployFunction, DeployedFunction, FunctionDetails, FunctionList, FunctionSettingsInfo, FunctionState,
    FunctionSummary, RollBack, SettingsChange, SettingsUpdated, TriggerState, VersionInfo, VersionList,
};
use mayfly_api::routes::{
    FunctionSettingsPatch, FunctionsDelete, FunctionsDeploy, FunctionsGet, FunctionsList, FunctionsRollback,
    VersionsList,
};
use mayfly_api::triggers::{Trigger, TriggerKind};
use mayfly_store::{Deployed, Function, FunctionStats, Sink, Store, Version};

use crate::deploy::Deploy;
use crate::env::Env;
use crate::functions::{FunctionCache, Rollouts, check_tool, rollout_info};
use crate::schema::Schemas;
use crate::triggers;

/// Failures beyond this share of the last day's invocations make a function's status `error`.
const ERROR_RATE: f64 = 0.1;

/// Use cases of functions.
#[derive(Debug, Clone)]
pub struct Functions {
    /// The platform's tables.
    pub store: Store,
    /// For the names of variables.
    pub env: Env,
    /// Invalidated by every change.
    pub cache: FunctionCache,
    /// Canaries.
    pub rollouts: Rollouts,
    /// For figures that count what has just run.
    pub sink: Sink,
    /// Builds versions.
    pub deploy: Deploy,
    /// Says whether an older version fits the schema.
    pub schemas: Schemas,
}

impl Functions {
    async fn find(&self, app: &str, name: &str) -> ApiResult<Function> {
        self.store.functions().get(app, name).await?.ok_or_else(|| ApiError::not_found("the function"))
    }

    async fn stats(&self, app: &str) -> ApiResult<BTreeMap<String, FunctionStats>> {
        self.sink.caught_up().await?;
        Ok(self.store.functions().stats(app).await?)
    }
}

impl Handler<FunctionsList> for Functions {
    async fn handle(&self, call: ApiCall<FunctionsList>) -> ApiResult<FunctionList> {
        let app = &call.context.app;
        let functions = self.store.functions().list(app).await?;
        let mut stats = self.stats(app).await?;
        let base = call.context.api_base(app);
        let functions = functions
            .into_iter()
            .map(|function| {
                let stats = stats.remove(&function.id).unwrap_or_default();
                summary(&base, function, &stats)
            })
            .collect();
        Ok(FunctionList { functions })
    }
}

impl Handler<FunctionsGet> for Functions {
    async fn handle(&self, call: ApiCall<FunctionsGet>) -> ApiResult<FunctionDetails> {
        let app = &call.context.app;
        let function = self.find(app, call.context.name()).await?;
        let source = match &function.active_version_id {
            Some(version) => self.store.versions().source(version).await?,
            None => None,
        };
        let compiled_functions = match &function.active_version_id {
            Some(version) => self.cache.compiled_names(version).await?,
            None => Vec::new(),
        };
        let env_keys = self.env.function_names(&function).await?;
        let stats = self.stats(app).await?.remove(&function.id).unwrap_or_default();
        let settings = function.settings.clone();
        Ok(FunctionDetails {
            code: source.map(|source| source.code),
            env_keys,
            timeout_ms: settings.timeout_ms,
            cpu_limit_ms: settings.cpu_limit_ms,
            memory_limit_mb: settings.memory_limit_mb,
            record_percent: settings.record_percent,
            compiled_functions,
            error_count: stats.error_count,
            schema_fingerprint: function.schema_fingerprint.clone(),
            created_at: function.created_at.into(),
            updated_at: function.updated_at.into(),
            summary: FunctionSummary {
                avg_duration: Some(stats.duration_ms),
                ..summary(&call.context.api_base(app), function, &stats)
            },
        })
    }
}

impl Handler<FunctionsDelete> for Functions {
    async fn handle(&self, call: ApiCall<FunctionsDelete>) -> ApiResult<Success> {
        let app = &call.context.app;
        self.store.functions().delete(app, call.context.name()).await?;
        self.cache.invalidate(app);
        Ok(Success::DONE)
    }
}

impl Handler<FunctionSettingsPatch> for Functions {
    async fn handle(&self, call: ApiCall<FunctionSettingsPatch>) -> ApiResult<SettingsUpdated> {
        let (app, name) = (&call.context.app, call.context.name());
        let Json(patch) = &call.body;
        let (settings, rollout) = (patch.settings(), patch.rollout);
        if settings == SettingsChange::default() && rollout.is_none() {
            return Err(ApiError::invalid("", "name at least one setting"));
        }
        check_tool(name, &settings)?;
        // First what may be refused for its state.
        if let Some(change) = rollout {
            self.find(app, name).await?;
            self.rollouts.change(app, name, &change).await?;
        }
        let changed = self.store.functions().patch_settings(app, name, &settings).await?;
        self.cache.invalidate(app);
        let function = changed.ok_or_else(|| ApiError::not_found("the function"))?;
        let rollout = self.rollouts.get(app, name).await?;
        let settings = function.settings;
        Ok(SettingsUpdated {
            message: "Settings updated".to_owned(),
            function: FunctionSettingsInfo {
                id: function.id,
                name: function.name,
                timeout_ms: settings.timeout_ms,
                cpu_limit_ms: settings.cpu_limit_ms,
                memory_limit_mb: settings.memory_limit_mb,
                record_percent: settings.record_percent,
                agent_tool: settings.agent_tool,
                agent_tool_description: settings.agent_tool_description,
                agent_tool_mode: settings.agent_tool_mode,
                agent_tool_exposed_to: settings.agent_tool_exposed_to,
                agent_tool_input: settings.agent_tool_input,
                agent_tool_output: settings.agent_tool_output,
                allow_service_key_impersonation: settings.allow_service_key_impersonation,
                transaction: settings.transaction,
                idempotency_key: settings.idempotency_key,
                rollout: rollout.as_ref().map(rollout_info),
                updated_at: function.updated_at.into(),
            },
        })
    }
}

impl Handler<VersionsList> for Functions {
    async fn handle(&self, call: ApiCall<VersionsList>) -> ApiResult<VersionList> {
        let (app, name) = (&call.context.app, call.context.name());
        self.find(app, name).await?;
        let versions = self.store.versions().list(app, name).await?.into_iter().map(version).collect();
        let rollout = self.rollouts.get(app, name).await?;
        Ok(VersionList { versions, rollout: rollout.as_ref().map(rollout_info) })
    }
}

impl Handler<FunctionsDeploy> for Functions {
    async fn handle(&self, call: ApiCall<FunctionsDeploy>) -> ApiResult<DeployedFunction> {
        let app = &call.context.app;
        let Json::<DeployFunction>(wanted) = call.body;
        let made = self.deploy.run(app, wanted).await?;
        let base = call.context.api_base(app);
        Ok(DeployedFunction {
            image_bytes: Some(made.image_bytes as u64),
            init_fuel: Some(made.init_fuel),
            ..deployed(&base, &made.name, made.deployed)
        })
    }
}

impl Handler<FunctionsRollback> for Functions {
    async fn handle(&self, call: ApiCall<FunctionsRollback>) -> ApiResult<DeployedFunction> {
        let (app, name) = (&call.context.app, call.context.name());
        let RollBack { version } = call.body.0;
        let rolled_back = self.deploy.rollback(app, name, version.map(|version| version.get())).await?;
        let then = rolled_back.schema_fingerprint.as_deref();
        let warnings = self.schemas.version_warnings(app, rolled_back.version, then).await;
        let base = call.context.api_base(app);
        Ok(DeployedFunction { warnings: Some(warnings), ..deployed(&base, name, rolled_back) })
    }
}

fn deployed(api_base: &str, name: &str, deployed: Deployed) -> DeployedFunction {
    DeployedFunction {
        id: deployed.function_id.clone(),
        function_id: deployed.function_id,
        name: name.to_owned(),
        url: function_url(api_base, name, &deployed.triggers),
        status: "deployed".to_owned(),
        version: deployed.version,
        triggers: deployed
            .triggers
            .iter()
            .map(|trigger| TriggerState { kind: trigger.kind, enabled: trigger.enabled })
            .collect(),
        deployed_at: deployed.deployed_at.into(),
        schema_fingerprint: deployed.schema_fingerprint,
        image_bytes: None,
        init_fuel: None,
        warnings: None,
    }
}

fn summary(api_base: &str, function: Function, stats: &FunctionStats) -> FunctionSummary {
    let settings = function.settings;
    FunctionSummary {
        url: function_url(api_base, &function.name, &function.triggers),
        id: function.id,
        name: function.name,
        description: function.description,
        version: function.active_version,
        triggers: function.triggers.into_iter().map(triggers::shown).collect(),
        status: if stats.error_rate_24h > ERROR_RATE { FunctionState::Error } else { FunctionState::Active },
        deployed_at: function.deployed_at.map(Into::into),
        last_invoked: stats.last_invoked_at.map(Into::into),
        last_status: stats.last_status,
        invocation_count: stats.invocation_count,
        error_rate: stats.error_rate_24h,
        avg_duration: Some(stats.duration_ms_24h),
        agent_tool: settings.agent_tool,
        agent_tool_description: settings.agent_tool_description,
        agent_tool_mode: settings.agent_tool_mode,
        agent_tool_exposed_to: settings.agent_tool_exposed_to,
        agent_tool_input: settings.agent_tool_input,
        agent_tool_output: settings.agent_tool_output,
        allow_service_key_impersonation: settings.allow_service_key_impersonation,
        transaction: settings.transaction,
        idempotency_key: settings.idempotency_key,
    }
}

fn version(version: Version) -> VersionInfo {
    VersionInfo {
        id: version.id,
        version: version.number,
        active: version.active,
        file_name: version.file_name,
        code_bytes: version.code_bytes,
        created_at: version.created_at.into(),
        schema_fingerprint: version.schema_fingerprint,
    }
}

/// Where a function is called; nothing without an http trigger.
pub fn function_url(api_base: &str, name: &str, triggers: &[Trigger]) -> Option<String> {
    let has_http = triggers.iter().any(|trigger| trigger.kind == TriggerKind::Http);
    has_http.then(|| format!("{api_base}/fn/{name}"))
}
