//! `HotCompiler`: has the hot functions of versions compiled beside their calls, and finds the images that have them.
//!
//! Samples of invocations add up in profiles. What is hot is compiled by the engine's worker, one module at a time; the store
//! keeps which functions these were, so that every node makes the same of them, and the cache directory keeps the code.
//! No call waits for any of it: until the code is there, and where it cannot be had, functions are interpreted.

mod profiles;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use mayfly_api::error::{ApiError, Code};
use mayfly_api::health::CompileHot;
use mayfly_common::tasks::Tasks;
use mayfly_ledger::{PlaceBounds, Places, TooManyWait};
use mayfly_quota::Daily;
use mayfly_runtime::{Engine, HotFunctions, HotImage, Image, NativeError, Sample};
use mayfly_store::{CompiledFunctions, Store, StoreError};

use crate::functions::{CachedFunction, FunctionCache};
use profiles::{Due, Profiles};

/// Bytecode of one module, at most, in bytes: some 200 ms of a processor.
const BYTECODE_BYTES_MAX: usize = 4 << 10;
/// What compiling a byte of bytecode is charged, in fuel: 60 ms for a KiB.
const FUEL_PER_BYTECODE_BYTE: u64 = 60 * mayfly_runtime::FUEL_PER_CPU_MS / 1024;
/// Modules at once on this node, and those of an app that wait: apps take turns.
const MODULES: PlaceBounds = PlaceBounds { total: 1, per_app: 1, reserve: 0, waiting_per_app: 2 };
/// Code that is remembered to be missing, at most.
const MISSING_MAX: usize = 10_000;

/// Has hot functions compiled; or, where that is switched off, nothing. Cheap to clone.
#[derive(Clone)]
pub struct HotCompiler {
    shared: Option<Arc<Shared>>,
}

/// What it works with.
#[derive(Debug)]
pub struct HotCompilerParts {
    /// Compiles.
    pub engine: Engine,
    /// Says what of an image is compiled.
    pub store: Store,
    /// Told that there is something compiled.
    pub functions: FunctionCache,
    /// The daily quotas: apps pay for what is compiled of theirs.
    pub daily: Daily,
    /// Runs what happens beside the calls.
    pub tasks: Tasks,
}

struct Shared {
    parts: HotCompilerParts,
    modules: Places,
    profiles: Mutex<Profiles>,
    /// Code that is not at hand, by its digest.
    missing: Mutex<HashMap<Box<str>, Missing>>,
    counts: Counts,
}

/// Why code is not at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    /// It is being made.
    UnderWay,
    /// It could not be made; it will not be tried again.
    Failed,
}

#[derive(Debug, Default)]
struct Counts {
    samples: AtomicU64,
    compiled: AtomicU64,
    restored: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
}

/// Why nothing came of compiling.
enum NotCompiled {
    /// The image gets no calls any more.
    Gone,
    /// Too much of the app waits, another node was first, or the store cannot be reached: later, perhaps.
    Later,
    /// It cannot be compiled.
    Failed(NativeError),
}

/// Why an image cannot be had as it was recorded.
pub(crate) enum NotAtHand {
    /// On this server it never can.
    Never(&'static str),
    /// Now it cannot.
    Now(ApiError),
}

impl From<StoreError> for NotCompiled {
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "hot functions are not compiled now");
        Self::Later
    }
}

impl From<TooManyWait> for NotCompiled {
    fn from(TooManyWait: TooManyWait) -> Self {
        Self::Later
    }
}

impl HotCompiler {
    /// One that compiles nothing.
    pub fn off() -> Self {
        Self { shared: None }
    }

    /// One that works with these parts.
    pub fn new(parts: HotCompilerParts) -> Self {
        let shared = Shared {
            parts,
            modules: Places::new(MODULES),
            profiles: Mutex::default(),
            missing: Mutex::default(),
            counts: Counts::default(),
        };
        Self { shared: Some(Arc::new(shared)) }
    }

    /// The version's image with its compiled functions, where it has some and they are at hand. Where they should be and are not,
    /// they are made beside this call.
    pub(crate) fn image(&self, function: &CachedFunction) -> Option<Image> {
        let shared = self.shared.as_ref()?;
        let compiled = function.function.compiled.as_ref()?;
        let image_digest = function.image_digest()?;
        if shared.missing().contains_key(&*compiled.digest) {
            return None;
        }
        let found = shared.parts.engine.cached_compiled(image_digest, &compiled.digest);
        if found.is_none() && shared.begin(&compiled.digest) {
            let (shared, app) = (Arc::clone(shared), Arc::clone(&function.function.app_id));
            let (image_digest, compiled) = (image_digest.to_owned(), compiled.clone());
            let tasks = shared.parts.tasks.clone();
            tasks.service(async move { shared.restore_beside(&app, &image_digest, &compiled).await });
        }
        found
    }

    /// Adds what an invocation of a version was seen in; what is hot by now is compiled beside the calls.
    pub(crate) fn sampled(&self, function: &CachedFunction, samples: &[Sample]) {
        let Some(shared) = &self.shared else { return };
        let Some(image_digest) = function.image_digest().filter(|_| !samples.is_empty()) else { return };
        let seen = samples.iter().map(|sample| u64::from(sample.count)).sum();
        shared.counts.samples.fetch_add(seen, Ordering::Relaxed);
        let due = shared.profiles().add(image_digest, function.function.compiled.as_ref(), samples);
        if let Some(due) = due {
            let (shared, app) = (Arc::clone(shared), Arc::clone(&function.function.app_id));
            let image_digest = image_digest.to_owned();
            let tasks = shared.parts.tasks.clone();
            tasks.service(async move { shared.compile_beside(&app, &image_digest, &due).await });
        }
    }

    /// The image with those compiled functions that it had when something was recorded: made again where they are not at hand.
    ///
    /// # Errors
    /// Why they cannot be had.
    pub(crate) async fn as_recorded(
        &self,
        app: &str,
        image_digest: &str,
        digest: &str,
    ) -> Result<Image, NotAtHand> {
        let Some(shared) = &self.shared else {
            let why = "its hot functions were compiled, and this server compiles none (--compile-hot)";
            return Err(NotAtHand::Never(why));
        };
        if let Some(image) = shared.parts.engine.cached_compiled(image_digest, digest) {
            return Ok(image);
        }
        let HotCompilerParts { engine, store, .. } = &shared.parts;
        let found = store.compiled().find(image_digest, engine.compiler_digest(), digest).await;
        let found = found.map_err(|error| NotAtHand::Now(error.into()))?;
        let compiled = found.ok_or(NotAtHand::Never("its compiled functions are another compiler's"))?;
        shared.restore(app, image_digest, &compiled).await.map_err(|why| match why {
            NotCompiled::Gone => NotAtHand::Never("its version is gone"),
            NotCompiled::Later => {
                let waits = "too much is waiting to be compiled on this node";
                NotAtHand::Now(ApiError::new(Code::Overloaded, waits))
            }
            NotCompiled::Failed(error) => NotAtHand::Now(ApiError::internal(error)),
        })
    }

    /// How it does; `None` where it is switched off.
    pub fn state(&self) -> Option<CompileHot> {
        let shared = self.shared.as_ref()?;
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Some(CompileHot {
            samples: count(&shared.counts.samples),
            compiled: count(&shared.counts.compiled),
            restored: count(&shared.counts.restored),
            failed: count(&shared.counts.failed),
            dropped: count(&shared.counts.dropped),
            refused: shared.parts.engine.artifacts_refused(),
        })
    }
}

impl Shared {
    /// Compiles what has become hot of an image.
    async fn compile_beside(&self, app: &Arc<str>, image_digest: &str, due: &Due) {
        let begun = Instant::now();
        match self.compile(app, image_digest, due).await {
            Ok(made) => {
                self.profiles().settled(image_digest, &due.addresses);
                self.counts.compiled.fetch_add(1, Ordering::Relaxed);
                self.parts.functions.invalidate(app);
                tracing::info!(
                    app = &**app,
                    functions = ?made.functions,
                    bytecode_bytes = made.bytecode_bytes,
                    code_bytes = made.code_bytes,
                    ms = begun.elapsed().as_millis() as u64,
                    "compiled hot functions"
                );
            }
            Err(NotCompiled::Gone) => {
                self.profiles().settled(image_digest, &due.addresses);
                self.counts.dropped.fetch_add(1, Ordering::Relaxed);
            }
            Err(NotCompiled::Later) => {
                self.profiles().put_off(image_digest);
                self.counts.dropped.fetch_add(1, Ordering::Relaxed);
            }
            Err(NotCompiled::Failed(error)) => {
                self.profiles().settled(image_digest, &due.addresses);
                self.counts.failed.fetch_add(1, Ordering::Relaxed);
                tracing::info!(app = &**app, %error, "hot functions could not be compiled");
            }
        }
    }

    async fn compile(&self, app: &Arc<str>, image_digest: &str, due: &Due) -> Result<HotImage, NotCompiled> {
        let HotCompilerParts { engine, store, daily, .. } = &self.parts;
        let _place = self.modules.take(app).await?;
        if !store.compiled().serves(image_digest).await? {
            return Err(NotCompiled::Gone);
        }
        let image = store.versions().image(image_digest).await?.ok_or(NotCompiled::Gone)?;
        let made = engine.compile_hot(&image, &hot(&due.addresses)).await;
        // What took a worker to its limits is charged as the most that a module may have.
        let bytes = made.as_ref().map_or(BYTECODE_BYTES_MAX, |made| made.bytecode_bytes);
        daily.spend(app, bytes as u64 * FUEL_PER_BYTECODE_BYTE, 0);
        let made = made.map_err(NotCompiled::Failed)?;
        let compiled = CompiledFunctions {
            digest: made.image.compiled_digest().unwrap_or_default().to_owned(),
            generation: due.generation,
            addresses: due.addresses.clone(),
        };
        let table = store.compiled();
        let stored = table.put(image_digest, engine.compiler_digest(), &compiled, &made.functions).await?;
        if stored.ok_or(NotCompiled::Gone)?.digest == compiled.digest {
            Ok(made)
        } else {
            // Another node was first, with other functions: with the next call they are made here, too.
            Err(NotCompiled::Later)
        }
    }

    /// Makes compiled functions again that this node has not.
    async fn restore_beside(&self, app: &Arc<str>, image_digest: &str, compiled: &CompiledFunctions) {
        match self.restore(app, image_digest, compiled).await {
            Ok(_) | Err(NotCompiled::Later) => {
                self.missing().remove(&*compiled.digest);
            }
            Err(failed) => {
                let reason = match failed {
                    NotCompiled::Failed(error) => error.to_string(),
                    NotCompiled::Gone | NotCompiled::Later => "its image is gone".to_owned(),
                };
                self.counts.failed.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(app = &**app, reason, "compiled functions could not be made again");
                self.missing().insert(compiled.digest.as_str().into(), Missing::Failed);
            }
        }
    }

    async fn restore(
        &self,
        app: &str,
        image_digest: &str,
        compiled: &CompiledFunctions,
    ) -> Result<Image, NotCompiled> {
        let _place = self.modules.take(app).await?;
        if let Some(image) = self.parts.engine.cached_compiled(image_digest, &compiled.digest) {
            return Ok(image);
        }
        let image = self.parts.store.versions().image(image_digest).await?.ok_or(NotCompiled::Gone)?;
        let made = self.parts.engine.compile_hot(&image, &hot(&compiled.addresses)).await;
        let made = made.map_err(NotCompiled::Failed)?;
        if made.image.compiled_digest() != Some(&*compiled.digest) {
            return Err(NotCompiled::Failed(NativeError::Internal("the same functions became other code")));
        }
        self.counts.restored.fetch_add(1, Ordering::Relaxed);
        Ok(made.image)
    }

    /// Whether this caller is to make code that is missing.
    fn begin(&self, digest: &str) -> bool {
        let mut missing = self.missing();
        if missing.contains_key(digest) {
            return false;
        }
        if missing.len() >= MISSING_MAX {
            missing.retain(|_, why| *why == Missing::UnderWay);
        }
        missing.insert(digest.into(), Missing::UnderWay);
        true
    }

    fn profiles(&self) -> MutexGuard<'_, Profiles> {
        self.profiles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn missing(&self) -> MutexGuard<'_, HashMap<Box<str>, Missing>> {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hot(addresses: &[u32]) -> HotFunctions {
    HotFunctions { all: false, addresses: addresses.to_vec(), bytecode_max: BYTECODE_BYTES_MAX }
}

impl std::fmt::Debug for HotCompiler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HotCompiler").field("is_on", &self.shared.is_some()).finish_non_exhaustive()
    }
}
