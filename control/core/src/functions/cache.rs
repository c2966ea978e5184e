//! `FunctionCache`: the functions that serve, by app and name or path; loaded in one query, invalidated by changes.

use std::sync::Arc;

use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::run::RUN_NAME;
use mayfly_common::cache::TtlCache;
use mayfly_store::{ActiveFunction, EngineBuild, Store, WebsocketHandler};

use super::cached::CachedFunction;

/// An app, and a name or path in it.
type Address = (Box<str>, Box<str>);

/// Finds function_cache. Cheap to clone.
#[derive(Clone)]
pub struct FunctionCache {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    engine_digest: String,
    /// Of the compiler of hot functions; empty where none are compiled.
    compiler_digest: String,
    /// By app and name, or by app and a path with its slash: a name has none.
    found: TtlCache<Address, Option<Arc<CachedFunction>>>,
    /// By app: which function handles which event of its sockets.
    handlers: TtlCache<Box<str>, Arc<Vec<WebsocketHandler>>>,
}

impl FunctionCache {
    /// A finder of what was built for this engine.
    pub fn new(store: Store, build: EngineBuild<'_>) -> Self {
        Self {
            shared: Arc::new(Shared {
                store,
                engine_digest: build.engine.to_owned(),
                compiler_digest: build.compiler.to_owned(),
                found: TtlCache::default(),
                handlers: TtlCache::default(),
            }),
        }
    }

    /// What serves under a name, paused or not, by whatever trigger.
    pub async fn by_name(&self, app: &str, name: &str) -> ApiResult<Option<Arc<CachedFunction>>> {
        let shared = &*self.shared;
        let ask = || async {
            let found = shared.store.functions().active(app, name, shared.build()).await?;
            Ok(found.map(|function| Arc::new(CachedFunction::new(function))))
        };
        shared.found.get(&(app.into(), name.into()), ask).await
    }

    /// One version of a function, whichever serves.
    pub async fn by_version(&self, app: &str, name: &str, version: u32) -> ApiResult<Arc<CachedFunction>> {
        let shared = &*self.shared;
        let ask =
            || async {
                let found = shared.store.functions().at_version(app, name, version, shared.build()).await?;
                ApiResult::Ok(found.map(|function| {
                    Arc::new(CachedFunction::new(ActiveFunction { canary: None, ..function }))
                }))
            };
        // No name and no path has such a letter in this place.
        let key = (app.into(), format!("{name}@{version}").into());
        shared.found.get(&key, ask).await?.ok_or_else(|| ApiError::not_found("the version"))
    }

    /// What stands for code of an app that runs once.
    ///
    /// # Errors
    /// 404 where there is no such app.
    pub async fn of_runs(&self, app: &str) -> ApiResult<Arc<CachedFunction>> {
        let shared = &*self.shared;
        let ask = || async {
            let found = shared.store.functions().of_runs(app).await?;
            ApiResult::Ok(found.map(|function| Arc::new(CachedFunction::new(function))))
        };
        let found = shared.found.get(&(app.into(), RUN_NAME.into()), ask).await?;
        found.ok_or_else(|| ApiError::not_found("the app"))
    }

    pub(super) async fn by_path(&self, app: &str, path: &str) -> ApiResult<Option<Arc<CachedFunction>>> {
        let shared = &*self.shared;
        let ask = || async {
            let found = shared.store.functions().active_by_path(app, path, shared.build()).await?;
            Ok(found.map(|function| Arc::new(CachedFunction::new(function))))
        };
        shared.found.get(&(app.into(), path.into()), ask).await
    }

    /// The name of the function that handles an event of the app's sockets: the one that names it, else the one that
    /// names none. Of several the first by name.
    pub async fn websocket_handler(&self, app: &str, event: Option<&str>) -> ApiResult<Option<Box<str>>> {
        let shared = &*self.shared;
        let ask =
            || async { ApiResult::Ok(Arc::new(shared.store.triggers().websocket_handlers(app).await?)) };
        let handlers = shared.handlers.get(&app.into(), ask).await?;
        let of = |wanted: Option<&str>| handlers.iter().find(|handler| handler.event.as_deref() == wanted);
        let found = event.and_then(|event| of(Some(event))).or_else(|| of(None));
        Ok(found.map(|handler| handler.function.as_str().into()))
    }

    /// The names of those functions of a version that are compiled.
    pub(crate) async fn compiled_names(&self, version_id: &str) -> ApiResult<Vec<String>> {
        Ok(self.shared.store.compiled().names(version_id, self.shared.build()).await?)
    }

    /// Something of this app changed: the next call asks for it afresh.
    pub fn invalidate(&self, app: &str) {
        self.shared.found.invalidate(|(of, _)| **of == *app);
        self.shared.handlers.invalidate(|of| **of == *app);
    }

    /// Anything may have changed.
    pub fn invalidate_all(&self) {
        self.shared.found.invalidate_all();
        self.shared.handlers.invalidate_all();
    }
}

impl Shared {
    fn build(&self) -> EngineBuild<'_> {
        EngineBuild { engine: &self.engine_digest, compiler: &self.compiler_digest }
    }
}

impl std::fmt::Debug for FunctionCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FunctionCache").finish_non_exhaustive()
    }
}
