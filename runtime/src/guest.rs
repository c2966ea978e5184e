//! `Guest`: the guest's compiled code, ready to be put over any image, and what a sandbox is made with.

mod bytes;
mod config;
mod imports;
#[cfg(target_os = "linux")]
pub(crate) mod marked;
mod split;

use std::time::Instant;

use mayfly_abi::{MEMORY_EXPORT, STACK_POINTER_EXPORT, TABLE_EXPORT};
use wasmtime::{Extern, Instance, InstancePre, Linker, Memory, Module, ModuleExport, Store};

use crate::artifact::{Artifacts, COMPILED_PREFIX, IMAGE_PREFIX};
use crate::capability::completion::Completion;
use crate::capability::request::Incoming;
use crate::digest::sha256_hex;
use crate::image::{Image, snapshot};
use crate::limits::Limits;
use crate::meter::fuel;
use crate::providers::Grants;
use crate::sandbox::Sandbox;
pub(crate) use bytes::put;
use imports::GuestImports;

/// The guest's module, as `make guest` built it.
pub(crate) const MODULE: &[u8] = include_bytes!("../../guest-sdk/dist/engine.wasm");

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

/// The code that every sandbox runs, compiled.
pub(crate) struct Guest {
    wasmtime: wasmtime::Engine,
    code: Module,
    imports: GuestImports,
    artifacts: Artifacts,
    digest: String,
    /// What compiled functions share with the code beside its memory, in the order in which they import it.
    shared: Vec<ModuleExport>,
    /// The memory as the guest's data segments leave it: nothing has run in it.
    seed: Image,
    stack_bytes: usize,
}

impl Guest {
    /// Loads the code from the cache directory, or compiles it. `link` defines the host's functions.
    pub(crate) fn load(
        module: &[u8],
        cache_dir: &std::path::Path,
        cache_bytes_max: u64,
        slots: u32,
        link: impl FnOnce(&mut Linker<Sandbox>) -> wasmtime::Result<()>,
    ) -> Result<Self, EngineError> {
        let wasmtime = wasmtime::Engine::new(&config::wasmtime_config(slots))?;
        let digest = sha256_hex(MODULE);
        let build = build_name(&wasmtime, &digest);
        let artifacts = Artifacts::open(cache_dir, &build, cache_bytes_max)?;
        let halves = split::split(module).map_err(|error| EngineError::Guest(error.to_string()))?;
        let code = load_or_compile(&wasmtime, &artifacts, "engine", &halves.engine)?;
        let mut linker = Linker::new(&wasmtime);
        link(&mut linker)?;
        let seed = Module::new(&wasmtime, &halves.memory)?;
        Ok(Self {
            seed: Image::new("seed", linker.instantiate_pre(&seed)?),
            stack_bytes: halves.stack_bytes,
            imports: GuestImports::new(linker, &code),
            shared: shared(&code)?,
            wasmtime,
            code,
            artifacts,
            digest,
        })
    }

    /// Which build of the guest this is, in hexadecimal: images belong to one.
    pub(crate) fn digest(&self) -> &str {
        &self.digest
    }

    /// The image in which nothing has run.
    pub(crate) fn seed(&self) -> &Image {
        &self.seed
    }

    /// Where the stack ends at rest: everything below is garbage of finished calls.
    pub(crate) fn stack_bytes(&self) -> usize {
        self.stack_bytes
    }

    /// The script of Node's modules.
    pub(crate) fn library() -> &'static [u8] {
        split::library(MODULE)
    }

    /// An image of the engine's own, loaded from the cache directory where it is there.
    pub(crate) fn own_image(&self, kind: &str, memory: &[u8]) -> Result<Image, EngineError> {
        let module = load_or_compile(&self.wasmtime, &self.artifacts, kind, memory)?;
        self.image(kind, &module)
    }

    /// A function's image of this digest, where the cache directory has it.
    pub(crate) fn cached_image(&self, digest: &str) -> Option<Image> {
        let module = self.artifacts.load(&self.wasmtime, &image_name(digest)?)?;
        self.image(digest, &module).ok()
    }

    /// Makes a function's image of its bytes, and keeps it in the cache directory.
    pub(crate) fn load_image(&self, digest: &str, bytes: &[u8]) -> Result<Image, EngineError> {
        if sha256_hex(bytes) != digest {
            return Err(EngineError::Image("the bytes are not those of this digest".to_owned()));
        }
        snapshot::check(bytes).map_err(|reason| EngineError::Image(reason.to_owned()))?;
        let name =
            image_name(digest).ok_or_else(|| EngineError::Image("the digest is malformed".to_owned()))?;
        let module = Module::new(&self.wasmtime, bytes)?;
        // The mapped file is what makes idle functions cheap; without it this image still works.
        let mapped = match self.artifacts.save(&name, &module) {
            Ok(()) => self.artifacts.load(&self.wasmtime, &name),
            Err(error) => {
                tracing::warn!(%error, "an image could not be kept in the cache directory");
                None
            }
        };
        self.image(digest, &mapped.unwrap_or(module))
    }

    /// An image with compiled functions, where the cache directory has both.
    pub(crate) fn cached_compiled(&self, digest: &str, pair_digest: &str) -> Option<Image> {
        let [memory, code] = compiled_names(pair_digest)?;
        let memory = self.artifacts.load(&self.wasmtime, &memory)?;
        let code = self.artifacts.load(&self.wasmtime, &code)?;
        self.compiled(digest, pair_digest, &memory, code).ok()
    }

    /// Makes an image with compiled functions of its bytes and their machine code, and keeps it in the cache directory.
    pub(crate) fn load_compiled(
        &self,
        digest: &str,
        pair_digest: &str,
        bytes: &[u8],
        machine_code: &[u8],
    ) -> Result<Image, EngineError> {
        snapshot::check(bytes).map_err(|reason| EngineError::Image(reason.to_owned()))?;
        let names = compiled_names(pair_digest);
        let [memory_name, code_name] =
            names.ok_or_else(|| EngineError::Image("the digest is malformed".to_owned()))?;
        // Machine code comes from the directory alone: there it has a MAC.
        self.artifacts.save_bytes(&code_name, machine_code)?;
        let code = self.artifacts.load(&self.wasmtime, &code_name);
        let code = code.ok_or_else(|| EngineError::Image("its code is not this engine's".to_owned()))?;
        let memory = Module::new(&self.wasmtime, bytes)?;
        self.artifacts.save(&memory_name, &memory)?;
        let mapped = self.artifacts.load(&self.wasmtime, &memory_name);
        self.compiled(digest, pair_digest, &mapped.unwrap_or(memory), code)
    }

    fn compiled(
        &self,
        digest: &str,
        pair_digest: &str,
        memory: &Module,
        code: Module,
    ) -> Result<Image, EngineError> {
        let memory: InstancePre<Sandbox> = self.imports.linker().instantiate_pre(memory)?;
        Ok(Image::with_code(digest, pair_digest, memory, code))
    }

    /// How many modules of the cache directory were not what was kept there.
    pub(crate) fn artifacts_refused(&self) -> u64 {
        self.artifacts.refused()
    }

    /// Puts compiled functions beside the code: they write themselves into its table.
    fn add_code(
        &self,
        store: &mut Store<Sandbox>,
        instance: &Instance,
        memory: Memory,
        code: &Module,
    ) -> wasmtime::Result<()> {
        let mut imports = vec![Extern::Memory(memory)];
        for export in &self.shared {
            let export = instance.get_module_export(&mut *store, export);
            imports.push(export.ok_or_else(|| wasmtime::Error::msg("the guest lacks an export"))?);
        }
        Instance::new(store, code, &imports)?;
        Ok(())
    }

    fn image(&self, digest: &str, module: &Module) -> Result<Image, EngineError> {
        let memory: InstancePre<Sandbox> = self.imports.linker().instantiate_pre(module)?;
        Ok(Image::new(digest, memory))
    }

    /// A store for one sandbox, with its limits set.
    pub(crate) fn store(
        &self,
        started: Instant,
        incoming: Incoming,
        completion: Completion,
        grants: Grants,
        limits: &Limits,
    ) -> Store<Sandbox> {
        let sandbox = Sandbox::new(started, incoming, completion, grants, limits);
        let mut store = Store::new(&self.wasmtime, sandbox);
        store.limiter(|sandbox| &mut sandbox.limiter);
        // This cannot fail: the configuration has fuel.
        let _ = store.set_fuel(fuel::with_reserve(limits.fuel));
        store
    }

    /// Instantiates an image and the engine's code over it, on this thread's own stack: neither runs any code of the
    /// guest's, and a fiber for each would cost more than the rest. From here on the guest yields.
    pub(crate) fn instantiate(
        &self,
        store: &mut Store<Sandbox>,
        image: &Image,
    ) -> wasmtime::Result<Instance> {
        let memory = image.memory().instantiate(&mut *store)?;
        let memory = memory
            .get_memory(&mut *store, MEMORY_EXPORT)
            .ok_or_else(|| wasmtime::Error::msg("an image without memory"))?;
        store.data_mut().memory = Some(memory);
        let imports = self.imports.over(store, memory)?;
        let instance = Instance::new(&mut *store, &self.code, &imports)?;
        if let Some(code) = image.code() {
            self.add_code(store, &instance, memory, code)?;
        }
        store.data_mut().instance = Some(instance);
        store.fuel_async_yield_interval(Some(fuel::FUEL_BETWEEN_YIELDS))?;
        Ok(instance)
    }
}

/// Where the code has its stack pointer and its table.
fn shared(code: &Module) -> Result<Vec<ModuleExport>, EngineError> {
    let export = |name| {
        let export = code.get_export_index(name);
        export.ok_or_else(|| EngineError::Guest(format!("the guest module does not export {name}")))
    };
    Ok(vec![export(STACK_POINTER_EXPORT)?, export(TABLE_EXPORT)?])
}

/// Compiled modules belong to one guest, one build of wasmtime, one configuration and one kind of machine.
fn build_name(wasmtime: &wasmtime::Engine, digest: &str) -> String {
    use std::hash::{Hash, Hasher};
    let mut hasher = std::hash::DefaultHasher::new();
    wasmtime.precompile_compatibility_hash().hash(&mut hasher);
    format!("{}-{:016x}", &digest[..16.min(digest.len())], hasher.finish())
}

fn image_name(digest: &str) -> Option<String> {
    is_digest(digest).then(|| format!("{IMAGE_PREFIX}{digest}"))
}

/// The names of the two modules of an image with compiled functions: its memory and its code.
fn compiled_names(digest: &str) -> Option<[String; 2]> {
    is_digest(digest).then(|| ["memory", "code"].map(|part| format!("{COMPILED_PREFIX}{part}-{digest}")))
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Compiles a module for the engine of any process that is configured alike; a pool for more than one sandbox is nothing to it.
pub(crate) fn precompile(wasm: &[u8]) -> wasmtime::Result<Vec<u8>> {
    let mut config = config::wasmtime_config(1);
    // One core at a time: the others belong to calls.
    config.parallel_compilation(false);
    wasmtime::Engine::new(&config)?.precompile_module(wasm)
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
