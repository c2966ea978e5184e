//! `CachedFunction`: a function as it serves now, with what its first call worked out and later calls reuse.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_egress::EgressLists;
use mayfly_runtime::providers::Environment;
use mayfly_runtime::{FUEL_PER_CPU_MS, Limits, SourceMap};
use mayfly_secrets::SecretRedactor;
use mayfly_store::{ActiveFunction, Store};
use tokio::sync::OnceCell;

use super::http_trigger::HttpTrigger;
use super::tool::ToolSchemas;
use crate::app_config::AppConfig;

/// A function's environment, decrypted, and what hides its values where they are shown.
#[derive(Debug)]
pub(crate) struct DecryptedEnv {
    pub(crate) variables: Arc<Environment>,
    pub(crate) mask: SecretRedactor,
}

/// A function as it serves now, with what was worked out for its first call and serves the next ones.
#[derive(Debug)]
pub struct CachedFunction {
    /// The row.
    pub function: ActiveFunction,
    /// Its enabled http trigger.
    pub http: Option<HttpTrigger>,
    /// The limits of its invocations.
    pub limits: Limits,
    /// The canary that is rolled out beside it, and its share of the calls in percent.
    pub(crate) canary: Option<(Arc<Self>, u32)>,
    /// Whether it is a canary itself.
    pub(crate) is_canary: bool,
    /// The app's own lists of hosts that functions may reach.
    pub(crate) egress: Arc<EgressLists>,
    /// Its environment, decrypted on the first call.
    pub(crate) env: OnceCell<DecryptedEnv>,
    /// What it takes and answers as a tool, compiled with its first call.
    tool_schemas: OnceLock<ToolSchemas>,
    source_map: OnceCell<Option<SourceMap>>,
    /// The image that was made since the row was read: the row had none for this engine.
    made_image: OnceLock<String>,
}

impl PartialEq for CachedFunction {
    fn eq(&self, other: &Self) -> bool {
        self.function == other.function
    }
}

impl CachedFunction {
    pub(crate) fn new(function: ActiveFunction) -> Self {
        let canary = function.canary.as_ref().map(|canary| {
            let other = ActiveFunction {
                version_id: canary.version_id.clone(),
                version: canary.version,
                image_digest: canary.image_digest.clone(),
                compiled: canary.compiled.clone(),
                canary: None,
                ..function.clone()
            };
            (Arc::new(Self { is_canary: true, ..Self::new(other) }), canary.percent)
        });
        let settings = &function.settings;
        let limits = Limits {
            fuel: u64::from(settings.cpu_limit_ms) * FUEL_PER_CPU_MS,
            timeout: Duration::from_millis(settings.timeout_ms.into()),
            memory_bytes: (settings.memory_limit_mb as usize) << 20,
            ..Limits::default()
        };
        let http = HttpTrigger::of(&function.triggers);
        let egress = Arc::new(AppConfig::of(&function.app_settings).egress);
        Self {
            function,
            http,
            limits,
            canary,
            is_canary: false,
            egress,
            env: OnceCell::new(),
            tool_schemas: OnceLock::new(),
            source_map: OnceCell::new(),
            made_image: OnceLock::new(),
        }
    }

    /// The digest of its image, where there is one.
    pub(crate) fn image_digest(&self) -> Option<&str> {
        self.function.image_digest.as_deref().or_else(|| self.made_image.get().map(String::as_str))
    }

    /// Its image was made.
    pub(crate) fn image_made(&self, digest: &str) {
        self.made_image.get_or_init(|| digest.to_owned());
    }

    /// Hides the values of its environment. Nothing to hide where nothing was opened: then nothing ran.
    pub(crate) fn mask(&self) -> &SecretRedactor {
        self.env.get().map_or(SecretRedactor::NOTHING, |env| &env.mask)
    }

    /// What it takes and answers as a tool.
    ///
    /// # Errors
    /// When its schemas cannot be compiled.
    pub(crate) fn tool(&self) -> ApiResult<&ToolSchemas> {
        if let Some(known) = self.tool_schemas.get() {
            return Ok(known);
        }
        let made = ToolSchemas::compile(&self.function.settings)?;
        Ok(self.tool_schemas.get_or_init(|| made))
    }

    /// The version's source map; `None` when it has none, or it cannot be read now.
    pub(crate) async fn source_map(&self, store: &Store) -> Option<&SourceMap> {
        let read = || async {
            let source = store.versions().source(&self.function.version_id).await?;
            Ok::<_, mayfly_store::StoreError>(source.and_then(|source| SourceMap::parse(&source.source_map)))
        };
        match self.source_map.get_or_try_init(read).await {
            Ok(map) => map.as_ref(),
            Err(error) => {
                tracing::warn!(%error, version = %self.function.version_id, "a stack stays unmapped");
                None
            }
        }
    }
}

impl CachedFunction {
    /// Refuse when the app is switched off or closed.
    ///
    /// # Errors
    /// `APP_PAUSED`, with the reason where one was given; `APP_CLOSED`, whose reason is the operator's to know.
    pub fn check_paused(&self) -> ApiResult<()> {
        if self.function.closed {
            return Err(ApiError::app_closed());
        }
        let Some(reason) = &self.function.paused else { return Ok(()) };
        let error = ApiError::new(Code::AppPaused, "the app is paused by its owner");
        Err(match reason {
            Some(reason) => error.with_details(serde_json::json!({ "paused_reason": reason })),
            None => error,
        })
    }
}
