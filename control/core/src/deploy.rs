//! A deploy: check, build in a sandbox, keep in one transaction. Until the last step the old version serves.

mod manifest;

use std::sync::Arc;

use mayfly_ledger::{PlaceBounds, Places, TooManyWait};
use mayfly_runtime::{Build, CompileError, Engine, Source};
use serde_json::json;

use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::functions::DeployFunction;
use mayfly_api::triggers::TriggerKind;
use mayfly_common::tasks::Tasks;
use mayfly_quota::Daily;
use mayfly_store::{DeployRow, Deployed, Store, StoredImage};

use crate::env::Env;
use crate::functions::FunctionCache;
use crate::schema::Schemas;
use crate::triggers::webhook;

use manifest::Manifest;

/// Builds at once: each may use a CPU for as long as its limits allow. An app that builds already leaves the last place
/// to others.
const BUILDS: PlaceBounds = PlaceBounds { total: 3, per_app: 2, reserve: 1, waiting_per_app: 32 };

/// The use case. Cheap to clone.
#[derive(Clone)]
pub struct Deploy {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    engine: Engine,
    env: Env,
    function_cache: FunctionCache,
    schemas: Schemas,
    tasks: Tasks,
    daily: Daily,
    builds: Places,
}

/// What a deploy made.
#[derive(Debug)]
pub struct DeployedVersion {
    /// What the store says.
    pub deployed: Deployed,
    /// The function's name.
    pub name: String,
    /// The image's size.
    pub image_bytes: usize,
    /// Fuel that the top level used.
    pub init_fuel: u64,
}

impl Deploy {
    /// The use case over these parts.
    pub fn new(
        store: Store,
        engine: Engine,
        env: Env,
        function_cache: FunctionCache,
        schemas: Schemas,
        tasks: Tasks,
        daily: Daily,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                store,
                engine,
                env,
                function_cache,
                schemas,
                tasks,
                daily,
                builds: Places::new(BUILDS),
            }),
        }
    }

    /// Deploy a function. Runs to its end even if the client disconnects.
    pub async fn run(&self, app: &str, wanted: DeployFunction) -> ApiResult<DeployedVersion> {
        let mut manifest = Manifest::of(wanted)?;
        self.seal_webhook(app, &mut manifest).await?;
        let (this, app) = (self.clone(), app.to_owned());
        let deployed = self.shared.tasks.work(async move { this.build_and_keep(&app, manifest).await }).await;
        deployed.map_err(ApiError::internal)?
    }

    /// From here on a webhook's secrets are encrypted.
    async fn seal_webhook(&self, app: &str, manifest: &mut Manifest) -> ApiResult<()> {
        let name = manifest.name.clone();
        let Some((trigger, path)) = manifest.webhook() else { return Ok(()) };
        let known = self.shared.store.functions().get(app, &name).await?;
        let known = known.as_ref().and_then(|function| {
            function.triggers.iter().find(|trigger| trigger.kind == TriggerKind::Webhook)
        });
        webhook::seal(&self.shared.env.keyring, app, &name, trigger, known, &path)
    }

    async fn build_and_keep(&self, app: &str, manifest: Manifest) -> ApiResult<DeployedVersion> {
        let file_name = format!("{}.ts", manifest.name);
        let source = Source {
            file_name: file_name.clone(),
            code: manifest.code.clone(),
            source_map: manifest.source_map,
        };
        let (build, schema_fingerprint) = self.build(app, source).await?;
        let env =
            manifest.env.map(|env| self.shared.env.encrypt_all(app, &manifest.name, env)).transpose()?;
        let image_bytes = build.image.len();
        let row = DeployRow {
            name: manifest.name,
            file_name,
            code: manifest.code,
            source_map: build.source_map,
            image: StoredImage {
                digest: build.digest,
                engine_digest: build.engine_digest,
                bytes: build.image,
                init_fuel: build.init_fuel,
            },
            description: manifest.description,
            settings: manifest.settings,
            triggers: manifest.triggers,
            env,
            schema_fingerprint,
            rollout: manifest.rollout,
        };
        let deployed = self.shared.store.functions().deploy(app, &row).await?;
        self.shared.function_cache.invalidate(app);
        // A first call need not wait for what is at hand now. Never a condition of success.
        if let Err(error) = self.shared.engine.load(&row.image.digest, &row.image.bytes).await {
            tracing::warn!(%error, "a new image is not cached");
        }
        Ok(DeployedVersion { deployed, name: row.name, image_bytes, init_fuel: row.image.init_fuel })
    }

    /// The image; and beside it, which schema it is deployed against.
    async fn build(&self, app: &str, source: Source) -> ApiResult<(Build, Option<String>)> {
        let _place = self.shared.builds.take(app).await.map_err(|TooManyWait| {
            ApiError::new(Code::Overloaded, "too many deploys of this app are waiting on this node")
        })?;
        let built = async {
            let mut spent = 0;
            let built = self.shared.engine.build_counted(&source, &mut spent).await;
            // Also what does not compile: a build is the app's own work.
            self.shared.daily.spend(&app.into(), spent, 0);
            built.map_err(|error| refuse(error, spent))
        };
        let fingerprint = async { Ok(self.shared.schemas.known_fingerprint(app).await) };
        // Code that does not build is not kept waiting for the other.
        tokio::try_join!(built, fingerprint)
    }

    /// Let an older version serve again: the one named, or the one before the present one.
    pub async fn rollback(&self, app: &str, name: &str, version: Option<u32>) -> ApiResult<Deployed> {
        let deployed = self.shared.store.functions().rollback(app, name, version).await?;
        self.shared.function_cache.invalidate(app);
        Ok(deployed)
    }
}

/// What is wrong with the code, for its author; and the fuel that finding it took.
pub(crate) fn refuse(error: CompileError, spent: u64) -> ApiError {
    if let CompileError::TooLarge { limit, .. } = error {
        return ApiError::invalid("code", format!("may have {limit} bytes at most"));
    }
    if let CompileError::SourceMap { message } = error {
        return ApiError::invalid("sourceMap", message);
    }
    if let CompileError::Internal { reason } = &error {
        return ApiError::internal(format!("a build failed: {reason}"));
    }
    let reason = match &error {
        CompileError::Syntax { .. } => "syntax",
        CompileError::Unsupported { .. } => "unsupported",
        CompileError::NoHandler { .. } => "no_handler",
        CompileError::TopLevelThrew { .. } => "top_level_threw",
        CompileError::TopLevelLimit { .. } => "top_level_limit",
        CompileError::TooLarge { .. } | CompileError::SourceMap { .. } | CompileError::Internal { .. } => {
            "internal"
        }
    };
    let place = error.place();
    let mut details = json!({
        "path": "code",
        // What clients of older tools look for.
        "aliases": [Code::ValidationInvalidSchema.as_str()],
        "reason": reason,
        "line": place.map(|place| place.line),
        "column": place.map(|place| place.column),
        "source_line": place.map(|place| place.text.as_str()),
        "fuel": spent,
    });
    if let CompileError::TopLevelLimit { fault } = &error {
        details["limit"] = fault.code().into();
    }
    let stack = match &error {
        CompileError::TopLevelThrew { thrown, .. } => Some(thrown.stack.clone()).filter(|s| !s.is_empty()),
        CompileError::TopLevelLimit { fault } => fault.stack().map(str::to_owned),
        _ => None,
    };
    ApiError::new(Code::ValidationInvalidCode, error.to_string()).with_details(details).with_stack(stack)
}

impl std::fmt::Debug for Deploy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deploy").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use mayfly_runtime::{Fault, SourcePlace};

    use super::*;

    #[test]
    fn a_refusal_says_where_and_why() {
        let place = SourcePlace { line: 3, column: 7, text: "let = 1".into() };
        let error =
            refuse(CompileError::Syntax { message: "Unexpected token".into(), place: Some(place) }, 5);
        assert_eq!(error.code(), Code::ValidationInvalidCode);
        assert_eq!(error.message(), "Unexpected token (line 3, column 7)");
        assert_eq!(
            *error.details().unwrap(),
            json!({"path": "code", "aliases": ["VALIDATION_INVALID_SCHEMA"], "reason": "syntax", "line": 3, "column": 7,
                "source_line": "let = 1", "fuel": 5})
        );
        let error = refuse(
            CompileError::TopLevelLimit {
                fault: Fault::CpuLimit { used: 2, limit: 1, stack: String::new() },
            },
            0,
        );
        assert_eq!(error.details().unwrap()["limit"], "FUNCTION_CPU_LIMIT");
        let error = refuse(CompileError::Internal { reason: "secret".into() }, 0);
        assert_eq!(error.code(), Code::InternalError);
        assert!(!error.message().contains("secret"));
    }
}
