//! `Engine`: one a process; the compiled guest, the linker, and the images that are in memory.

pub(crate) mod config;
mod imports;
pub(crate) mod split;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mayfly_abi::MEMORY_EXPORT;
use tokio::sync::OnceCell;
use wasmtime::{Instance, InstancePre, Linker, Module, Store};

use crate::artifact::{Artifacts, IMAGE_PREFIX};
use crate::compile::{Allocation, Compiler, Placing};
use crate::digest::sha256_hex;
use crate::image::{Image, ImageCache, snapshot};
use crate::sandbox::Sandbox;
use imports::Imports;

/// The guest's module, as `make guest` built it.
const GUEST: &[u8] = include_bytes!("../../guest-sdk/dist/engine.wasm");

/// How an engine is set up.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Where compiled modules are kept between runs. Private to this user: native code is mapped from it.
    pub cache_dir: PathBuf,
    /// What `cache_dir` may hold, in bytes. Beyond it, the modules go that were not used for longest; those of functions
    /// are compiled again when they are called.
    pub cache_bytes_max: u64,
    /// Sandboxes at once, background work included. Keep it near the concurrency that is really there: a slot that
    /// has been used holds on to some memory.
    pub slots: u32,
    /// Images held in memory at once; others are mapped again from `cache_dir` when they are called.
    pub images: usize,
    /// The program and arguments that run [`crate::compile_worker`], so that hostile source is parsed in a process
    /// that may die. `None` parses in this process, on a thread of its own: for sources that you trust.
    pub compile_worker: Option<Vec<std::ffi::OsString>>,
}

impl EngineConfig {
    /// The defaults: 8 GiB of cache, 64 slots, 10,000 images, no compile worker.
    pub fn new(cache_dir: impl Into<PathBuf>) -> Self {
        Self {
            cache_dir: cache_dir.into(),
            cache_bytes_max: 8 << 30,
            slots: 64,
            images: 10_000,
            compile_worker: None,
        }
    }
}

/// Why the engine cannot do what it was asked. Never a tenant's doing.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The cache directory cannot be used.
    #[error("the engine's cache directory: {0}")]
    Cache(#[from] std::io::Error),
    /// The guest's module is not what this runtime was built for.
    #[error("the guest module: {0}")]
    Guest(String),
    /// An image's bytes are not an image of this engine.
    #[error("the image: {0}")]
    Image(String),
    /// The sandbox could not be made.
    #[error("the sandbox: {0}")]
    Sandbox(#[from] wasmtime::Error),
}

/// Compiles and runs functions. Cheap to clone; one a process.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) wasmtime: wasmtime::Engine,
    code: Module,
    imports: Imports,
    images: ImageCache,
    artifacts: Artifacts,
    digest: String,
    /// The memory as the guest's data segments leave it: nothing has run in it.
    pub(crate) seed: Image,
    pub(crate) base: Image,
    /// The same with Node's modules, made when the first function imports one.
    node_base: OnceCell<Image>,
    pub(crate) stack_bytes: usize,
    pub(crate) compiler: Compiler,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("digest", &self.inner.digest).finish_non_exhaustive()
    }
}

impl Engine {
    /// Makes the engine: from the cache directory in some milliseconds, for the first time in about a second.
    pub async fn new(config: EngineConfig) -> Result<Self, EngineError> {
        Ok(Self::start(config, Placing::Planned).await?.0)
    }

    /// An engine whose first picture is as the allocator makes it, and what it consists of: for planning better ones.
    #[doc(hidden)]
    pub async fn unplanned(config: EngineConfig) -> Result<(Self, Vec<Allocation>), EngineError> {
        Self::start(config, Placing::Logged).await
    }

    async fn start(config: EngineConfig, placing: Placing) -> Result<(Self, Vec<Allocation>), EngineError> {
        let wasmtime = wasmtime::Engine::new(&config::wasmtime_config(config.slots))?;
        let digest = sha256_hex(GUEST);
        let build = build_name(&wasmtime, &digest);
        let artifacts = Artifacts::open(&config.cache_dir, &build, config.cache_bytes_max)?;
        let halves = split::split(GUEST).map_err(|error| EngineError::Guest(error.to_string()))?;
        let code = load_or_compile(&wasmtime, &artifacts, "engine", &halves.engine)?;
        let mut linker = Linker::new(&wasmtime);
        crate::host::link(&mut linker)?;
        let seed = Module::new(&wasmtime, &halves.memory)?;
        let mut inner = Inner {
            seed: Image::new("seed", linker.instantiate_pre(&seed)?),
            base: Image::new("base", linker.instantiate_pre(&seed)?),
            node_base: OnceCell::new(),
            images: ImageCache::new(config.images),
            compiler: Compiler::new(config.compile_worker),
            stack_bytes: halves.stack_bytes,
            imports: Imports::new(linker, &code),
            wasmtime,
            code,
            artifacts,
            digest,
        };
        let (memory, allocations) = crate::compile::initialize(&inner, placing).await?;
        let base = load_or_compile(&inner.wasmtime, &inner.artifacts, "base", &memory)?;
        inner.base = Image::new("base", inner.imports.linker().instantiate_pre(&base)?);
        Ok((Self { inner: Arc::new(inner) }, allocations))
    }

    /// Which build of the guest this is, in hexadecimal: images belong to one.
    pub fn digest(&self) -> &str {
        &self.inner.digest
    }

    /// The image, when it is in memory or in this machine's cache directory.
    pub fn cached(&self, digest: &str) -> Option<Image> {
        if let Some(image) = self.inner.images.get(digest) {
            return Some(image);
        }
        let module = self.inner.artifacts.load(&self.inner.wasmtime, &image_name(digest)?)?;
        self.keep(digest, &module).ok()
    }

    /// Makes an image of the bytes that [`Engine::build`] answered, and keeps it in the cache directory.
    pub async fn load(&self, digest: &str, bytes: &[u8]) -> Result<Image, EngineError> {
        if let Some(image) = self.cached(digest) {
            return Ok(image);
        }
        if sha256_hex(bytes) != digest {
            return Err(EngineError::Image("the bytes are not those of this digest".to_owned()));
        }
        snapshot::check(bytes).map_err(|reason| EngineError::Image(reason.to_owned()))?;
        let name =
            image_name(digest).ok_or_else(|| EngineError::Image("the digest is malformed".to_owned()))?;
        let module = Module::new(&self.inner.wasmtime, bytes)?;
        // The mapped file is what makes idle functions cheap; without it this image still works.
        let mapped = match self.inner.artifacts.save(&name, &module) {
            Ok(()) => self.inner.artifacts.load(&self.inner.wasmtime, &name),
            Err(error) => {
                tracing::warn!(%error, "an image could not be kept in the cache directory");
                None
            }
        };
        self.keep(digest, &mapped.unwrap_or(module))
    }

    /// Lets go of images that nobody has used for so long; how many they were. They come back from the cache directory, in
    /// less than a millisecond, when they are called again.
    pub fn release_idle(&self, idle: Duration) -> usize {
        self.inner.images.release(idle)
    }

    fn keep(&self, digest: &str, module: &Module) -> Result<Image, EngineError> {
        let memory: InstancePre<Sandbox> = self.inner.imports.linker().instantiate_pre(module)?;
        let image = Image::new(digest, memory);
        self.inner.images.put(image.clone());
        Ok(image)
    }
}

impl Inner {
    /// What a function's top level starts from.
    pub(crate) async fn base_for(&self, imports_node: bool) -> Result<&Image, EngineError> {
        if !imports_node {
            return Ok(&self.base);
        }
        self.node_base
            .get_or_try_init(async || {
                let memory = crate::compile::add_library(self, split::library(GUEST)).await?;
                let base = load_or_compile(&self.wasmtime, &self.artifacts, "node-base", &memory)?;
                Ok(Image::new("node-base", self.imports.linker().instantiate_pre(&base)?))
            })
            .await
    }

    /// Instantiates an image and the engine's code over it, on this thread's own stack: neither runs any code of the
    /// guest's, and a fiber for each would cost more than the rest. From here on the guest yields.
    pub(crate) fn instantiate(
        &self,
        store: &mut Store<Sandbox>,
        image: &Image,
    ) -> wasmtime::Result<Instance> {
        let picture = image.memory().instantiate(&mut *store)?;
        let memory = picture
            .get_memory(&mut *store, MEMORY_EXPORT)
            .ok_or_else(|| wasmtime::Error::msg("an image without memory"))?;
        store.data_mut().memory = Some(memory);
        let imports = self.imports.over(store, memory)?;
        let instance = Instance::new(&mut *store, &self.code, &imports)?;
        store.data_mut().instance = Some(instance);
        store.fuel_async_yield_interval(Some(config::FUEL_BETWEEN_YIELDS))?;
        Ok(instance)
    }
}

/// Compiled modules belong to one guest, one build of wasmtime, one configuration and one kind of machine.
fn build_name(wasmtime: &wasmtime::Engine, digest: &str) -> String {
    use std::hash::{Hash, Hasher};
    let mut hasher = std::hash::DefaultHasher::new();
    wasmtime.precompile_compatibility_hash().hash(&mut hasher);
    format!("{}-{:016x}", &digest[..16.min(digest.len())], hasher.finish())
}

fn image_name(digest: &str) -> Option<String> {
    let valid = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    valid.then(|| format!("{IMAGE_PREFIX}{digest}"))
}

fn load_or_compile(
    wasmtime: &wasmtime::Engine,
    artifacts: &Artifacts,
    kind: &str,
    wasm: &[u8],
) -> Result<Module, EngineError> {
    let name = format!("{kind}-{}", sha256_hex(wasm));
    if let Some(module) = artifacts.load(wasmtime, &name) {
        return Ok(module);
    }
    let module = Module::new(wasmtime, wasm)?;
    artifacts.save(&name, &module)?;
    Ok(artifacts.load(wasmtime, &name).unwrap_or(module))
}
