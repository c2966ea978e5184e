//! What a call reaches: the version that serves, found in memory and never old for long.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use mayfly_runtime::{FUEL_PER_CPU_MS, Limits, SourceMap};
use tokio::sync::OnceCell;

use super::grants::OpenedEnv;
use super::http_trigger::{HttpAuth, HttpTrigger};
use crate::app_config::AppConfig;
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::names;
use mayfly_common::cache::TtlCache;
use mayfly_egress::EgressLists;
use mayfly_secrets::SecretRedactor;
use mayfly_store::{ActiveFunction, Store};

/// The longest path that a trigger can have of its own.
pub const TRIGGER_PATH_BYTES_MAX: usize = 255;

/// A function as it serves now, with what was worked out for its first call and serves the next ones.
#[derive(Debug)]
pub struct Target {
    /// The row.
    pub function: ActiveFunction,
    /// Its enabled http trigger.
    pub http: Option<HttpTrigger>,
    /// What its invocations may use up.
    pub limits: Limits,
    /// The version that is rolled out beside it, and its share of the calls.
    pub(super) candidate: Option<(Arc<Self>, u32)>,
    /// Whether it is such a version itself.
    pub(super) is_candidate: bool,
    /// Where it may go: the app's own lists of hosts.
    pub(super) egress: Arc<EgressLists>,
    /// Its environment, opened.
    pub(super) env: OnceCell<OpenedEnv>,
    source_map: OnceCell<Option<SourceMap>>,
}

impl PartialEq for Target {
    fn eq(&self, other: &Self) -> bool {
        self.function == other.function
    }
}

impl Target {
    pub(crate) fn new(function: ActiveFunction) -> Self {
        let candidate = function.canary.as_ref().map(|candidate| {
            let other = ActiveFunction {
                version_id: candidate.version_id.clone(),
                version: candidate.version,
                image_digest: candidate.image_digest.clone(),
                canary: None,
                ..function.clone()
            };
            (Arc::new(Self { is_candidate: true, ..Self::new(other) }), candidate.percent)
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
            candidate,
            is_candidate: false,
            egress,
            env: OnceCell::new(),
            source_map: OnceCell::new(),
        }
    }

    /// Hides the values of its environment. Nothing to hide where nothing was opened: then nothing ran.
    pub(super) fn mask(&self) -> &SecretRedactor {
        self.env.get().map_or(SecretRedactor::NOTHING, |env| &env.mask)
    }

    /// The version's source map; `None` when it has none, or it cannot be read now.
    pub(super) async fn source_map(&self, store: &Store) -> Option<&SourceMap> {
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

/// An app, and a name or path in it.
type Address = (Box<str>, Box<str>);

/// Finds targets. Cheap to clone.
#[derive(Clone)]
pub struct Targets {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    engine_digest: String,
    /// By app and name, or by app and a path with its slash: a name has none.
    found: TtlCache<Address, Option<Arc<Target>>>,
}

impl Targets {
    /// A finder of what was built for this engine.
    pub fn new(store: Store, engine_digest: &str) -> Self {
        let engine_digest = engine_digest.to_owned();
        Self { inner: Arc::new(Inner { store, engine_digest, found: TtlCache::default() }) }
    }

    /// What serves under a name, paused or not, by whatever trigger.
    pub async fn by_name(&self, app: &str, name: &str) -> ApiResult<Option<Arc<Target>>> {
        let inner = &*self.inner;
        let ask = || async {
            let found = inner.store.functions().active(app, name, &inner.engine_digest).await?;
            Ok(found.map(|function| Arc::new(Target::new(function))))
        };
        inner.found.get(&(app.into(), name.into()), ask).await
    }

    /// One version of a function, whichever serves.
    pub async fn by_version(&self, app: &str, name: &str, version: u32) -> ApiResult<Arc<Target>> {
        let inner = &*self.inner;
        let ask = || async {
            let found = inner.store.functions().at_version(app, name, version, &inner.engine_digest).await?;
            ApiResult::Ok(
                found.map(|function| Arc::new(Target::new(ActiveFunction { canary: None, ..function }))),
            )
        };
        // No name and no path has such a letter in this place.
        let key = (app.into(), format!("{name}@{version}").into());
        inner.found.get(&key, ask).await?.ok_or_else(|| ApiError::not_found("the version"))
    }

    /// What a call reaches, when it may be reached: by its name or by its trigger's own path, over http, not paused,
    /// with this method.
    pub async fn by_call(
        &self,
        app: &str,
        path: &str,
        method: &Method,
    ) -> ApiResult<(Arc<Target>, HttpAuth)> {
        let name = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        let mut found = None;
        if path.starts_with('/') && !path.starts_with("//") && names::is_function_name(name) {
            found = self.by_name(app, name).await?;
        }
        if found.is_none() && path.len() <= TRIGGER_PATH_BYTES_MAX {
            found = self.by_path(app, path).await?;
        }
        let target = found.ok_or_else(|| ApiError::not_found("the function"))?;
        check_paused(&target)?;
        // A function without an http trigger is not to be told from one that is not there.
        let Some(http) = &target.http else { return Err(ApiError::not_found("the function")) };
        if let Some(allow) = http.refuses(method) {
            return Err(ApiError::method_not_allowed(allow));
        }
        let auth = http.auth;
        Ok((target, auth))
    }

    async fn by_path(&self, app: &str, path: &str) -> ApiResult<Option<Arc<Target>>> {
        let inner = &*self.inner;
        let ask = || async {
            let found = inner.store.functions().active_by_path(app, path, &inner.engine_digest).await?;
            Ok(found.map(|function| Arc::new(Target::new(function))))
        };
        inner.found.get(&(app.into(), path.into()), ask).await
    }

    /// Something of this app changed: the next call asks for it afresh.
    pub fn invalidate(&self, app: &str) {
        self.inner.found.invalidate(|(of, _)| **of == *app);
    }

    /// Anything may have changed.
    pub fn invalidate_all(&self) {
        self.inner.found.invalidate_all();
    }
}

/// The kill switch.
pub fn check_paused(target: &Target) -> ApiResult<()> {
    match &target.function.paused {
        None => Ok(()),
        Some(reason) => {
            let error = ApiError::new(Code::AppPaused, "the app is paused by its owner");
            Err(match reason {
                Some(reason) => error.with_details(serde_json::json!({ "paused_reason": reason })),
                None => error,
            })
        }
    }
}

impl std::fmt::Debug for Targets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Targets").finish_non_exhaustive()
    }
}
