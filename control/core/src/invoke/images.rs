//! Gets the image of a version: with its compiled functions, where they are at hand; from memory or disk, else from the store, else by a new snapshot of its source.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use mayfly_runtime::{Engine, Image, Source};

use crate::functions::CachedFunction;
use crate::hot::HotCompiler;
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_store::{Store, StoredImage};

/// Gets images.
pub(super) struct Images {
    engine: Engine,
    hot: HotCompiler,
    store: Store,
    /// Versions whose image is being had: the others who want it wait for the first.
    under_way: Mutex<HashMap<Box<str>, Arc<tokio::sync::Mutex<()>>>>,
}

impl Images {
    pub(super) fn new(engine: Engine, hot: HotCompiler, store: Store) -> Self {
        Self { engine, hot, store, under_way: Mutex::default() }
    }

    pub(super) async fn get(&self, function: &CachedFunction) -> ApiResult<Image> {
        match self.hot.image(function).or_else(|| self.cached(function)) {
            Some(image) => Ok(image),
            None => self.load_once(function).await,
        }
    }

    fn cached(&self, function: &CachedFunction) -> Option<Image> {
        function.image_digest().and_then(|digest| self.engine.cached(digest))
    }

    async fn load_once(&self, function: &CachedFunction) -> ApiResult<Image> {
        let version = &*function.function.version_id;
        let lock = {
            let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(under_way.entry(version.into()).or_default())
        };
        let got = {
            let _guard = lock.lock().await;
            match self.cached(function) {
                Some(image) => Ok(image),
                None => self.load_or_rebuild(function).await,
            }
        };
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(version);
        got
    }

    async fn load_or_rebuild(&self, function: &CachedFunction) -> ApiResult<Image> {
        if let Some(digest) = function.image_digest()
            && let Some(bytes) = self.store.versions().image(digest).await?
        {
            return self.engine.load(digest, &bytes).await.map_err(ApiError::internal);
        }
        let image = self.rebuild(&function.function.version_id).await?;
        function.image_made(image.digest());
        Ok(image)
    }

    /// Another engine made the images there are, or the version is an old one whose image was dropped: the source is the
    /// same, so the snapshot means the same.
    async fn rebuild(&self, version: &str) -> ApiResult<Image> {
        let source = self.store.versions().source(version).await?;
        let source = source.ok_or_else(|| ApiError::not_found("the version"))?;
        tracing::info!(version, "making an image with this engine");
        let source = Source { file_name: source.file_name, code: source.code, source_map: None };
        let build = self.engine.build(&source).await.map_err(ApiError::internal)?;
        let image = StoredImage {
            digest: build.digest,
            engine_digest: build.engine_digest,
            bytes: build.image,
            init_fuel: build.init_fuel,
        };
        if let Err(error) = self.store.versions().put_image(version, &image).await {
            // It can be made again; the invocation need not wait for that.
            tracing::warn!(version, %error, "the new image is not stored");
        }
        self.engine.load(&image.digest, &image.bytes).await.map_err(ApiError::internal)
    }
}
