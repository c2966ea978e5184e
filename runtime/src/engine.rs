//! `Engine`: one a process. Compiles functions, keeps their images in memory, and runs and replays invocations.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OnceCell, oneshot};

use crate::blocking::apart;
use crate::compile::native::layout::Layout;
use crate::compile::native::{HotFunctions, NativeError};
use crate::compile::{self, Allocation, AllocationLayout, Build, Compiler, ScriptSource, Source, Uncompiled};
use crate::digest::sha256_hex;
use crate::error::{CompileError, Fault};
#[cfg(target_os = "linux")]
use crate::guest::marked::Touched;
use crate::guest::{EngineError, Guest, MODULE};
use crate::image::{Image, ImageCache};
use crate::invocation::{Call, Outcome, Response};
use crate::invoke;
#[cfg(target_os = "linux")]
use crate::invoke::footprint::Footprint;
use crate::limits::Limits;
use crate::recording::{InvalidRecording, Recording};
use crate::replay::{self, Replay};
use crate::script::Script;

/// How an engine is set up.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Where compiled modules are kept between runs. Private to this user: native code is mapped from it.
    pub cache_dir: PathBuf,
    /// What `cache_dir` may hold, in bytes. Beyond it, the least recently used modules are evicted; those of functions
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

/// An image with compiled functions.
#[derive(Debug, Clone)]
pub struct HotImage {
    /// The image, ready to be invoked.
    pub image: Image,
    /// The names of the functions that were compiled.
    pub functions: Vec<String>,
    /// Those that were not, with the reason.
    pub refused: Vec<(String, NativeError)>,
    /// The bytecode that was compiled, in bytes.
    pub bytecode_bytes: usize,
    /// The WebAssembly that it became, in bytes.
    pub code_bytes: usize,
}

/// Compiles and runs functions. Cheap to clone; one a process.
#[derive(Clone)]
pub struct Engine {
    state: Arc<EngineState>,
}

struct EngineState {
    guest: Guest,
    images: ImageCache,
    compiler: Compiler,
    /// The engine image: what functions without Node's modules start from.
    base: Image,
    /// What the engine consists of, for functions that are compiled.
    layout: Layout,
    compiler_digest: String,
    /// The Node image, made when the first function imports one of Node's modules.
    node_base: OnceCell<Image>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("digest", &self.digest()).finish_non_exhaustive()
    }
}

impl Engine {
    /// Makes the engine: from the cache directory in some milliseconds, for the first time in about a second.
    pub async fn new(config: EngineConfig) -> Result<Self, EngineError> {
        Ok(Self::start(config, MODULE, AllocationLayout::Planned).await?.0)
    }

    /// An engine whose engine image is as the allocator makes it, and what that consists of; its guest marks what it touches: for
    /// planning better layouts.
    #[doc(hidden)]
    #[cfg(target_os = "linux")]
    pub async fn unplanned(config: EngineConfig) -> Result<(Self, Vec<Allocation>), EngineError> {
        let module =
            crate::guest::marked::marked(MODULE).map_err(|error| EngineError::Guest(error.to_string()))?;
        Self::start(config, &module, AllocationLayout::Logged).await
    }

    async fn start(
        config: EngineConfig,
        module: &[u8],
        layout: AllocationLayout,
    ) -> Result<(Self, Vec<Allocation>), EngineError> {
        let guest =
            Guest::load(module, &config.cache_dir, config.cache_bytes_max, config.slots, crate::host::link)?;
        let made = compile::initialize(&guest, layout).await?;
        let state = EngineState {
            base: guest.own_image("base", &made.image)?,
            layout: made.layout,
            compiler_digest: compile::native::compiler_digest(),
            node_base: OnceCell::new(),
            images: ImageCache::new(config.images),
            compiler: Compiler::new(config.compile_worker),
            guest,
        };
        Ok((Self { state: Arc::new(state) }, made.allocations))
    }

    /// Which build of the guest this is, in hexadecimal: images belong to one.
    pub fn digest(&self) -> &str {
        self.state.guest.digest()
    }

    /// Compiles a function and runs its top level, under limits of their own and without any capability.
    pub async fn build(&self, source: &Source) -> Result<Build, CompileError> {
        self.build_counted(source, &mut 0).await
    }

    /// As `build`; `spent` grows by the fuel that it took, also where it failed.
    ///
    /// # Errors
    /// As [`Engine::build`].
    pub async fn build_counted(&self, source: &Source, spent: &mut u64) -> Result<Build, CompileError> {
        compile::check_size(source)?;
        let script = self.state.compiler.to_javascript(Uncompiled::Function(source)).await?;
        // For both phases: the engine resolves imports while it compiles.
        let base = self.state.base_for(script.imports_node).await;
        let base = base.map_err(|error| CompileError::Internal { reason: error.to_string() })?;
        compile::build(&self.state.guest, base, source, script, spent).await
    }

    /// Compiles code that runs once, within `limits`. Nothing of it is evaluated. `spent` grows by the fuel that it took, also
    /// where it failed.
    ///
    /// # Errors
    /// What is wrong with the code; a limit that compiling it reached is [`CompileError::TopLevelLimit`].
    pub async fn compile_script(
        &self,
        source: &ScriptSource,
        limits: &Limits,
        spent: &mut u64,
    ) -> Result<Script, CompileError> {
        compile::check_size(&source.0)?;
        let script = self.state.compiler.to_javascript(Uncompiled::Script(source)).await?;
        let base = self.state.base_for(script.imports_node).await;
        let base = base.map_err(|error| CompileError::Internal { reason: error.to_string() })?;
        compile::compile_script(&self.state.guest, base, source, script, limits, spent).await
    }

    /// The image, when it is in memory or in this machine's cache directory.
    pub fn cached(&self, digest: &str) -> Option<Image> {
        if let Some(image) = self.state.images.get(digest) {
            return Some(image);
        }
        Some(self.keep(self.state.guest.cached_image(digest)?))
    }

    /// Makes an image of the bytes that [`Engine::build`] answered, and keeps it in the cache directory.
    pub async fn load(&self, digest: &str, bytes: &[u8]) -> Result<Image, EngineError> {
        if let Some(image) = self.cached(digest) {
            return Ok(image);
        }
        let (state, digest, bytes) = (Arc::clone(&self.state), digest.to_owned(), bytes.to_vec());
        let loaded = apart(move || state.guest.load_image(&digest, &bytes)).await;
        Ok(self.keep(loaded.map_err(|failed| EngineError::Image(failed.to_string()))??))
    }

    /// Evicts images that were not used for `idle`; answers how many. They come back from the cache directory, in less
    /// than a millisecond, when they are called again.
    pub fn release_idle(&self, idle: Duration) -> usize {
        self.state.images.release(idle)
    }

    fn keep(&self, image: Image) -> Image {
        self.state.images.put(image.clone());
        image
    }

    #[cfg(test)]
    pub(crate) fn layout(&self) -> &Layout {
        &self.state.layout
    }

    /// Compiles hot functions of an image to machine code, and makes an image that runs them so, kept in the cache directory. Its other
    /// functions, and what the compiler does not know, are interpreted. The work is done in a compile worker, one at a time.
    ///
    /// # Errors
    /// [`NativeError`] where nothing of the image can be compiled.
    pub async fn compile_hot(&self, bytes: &[u8], hot: &HotFunctions) -> Result<HotImage, NativeError> {
        let guest = &self.state.guest;
        let request = compile::hot::request(&self.state.layout, guest.stack_bytes(), bytes, hot)?;
        let code = self.state.compiler.compile_hot(request).await?;
        let (state, bytes) = (Arc::clone(&self.state), bytes.to_vec());
        let kept = apart(move || {
            let digest = sha256_hex(&bytes);
            let image = state.guest.load_compiled(&digest, &code.digest, &code.image, &code.machine_code);
            image.map(|image| (image, code)).map_err(|error| NativeError::Cache(error.to_string()))
        });
        let (image, code) = kept.await.map_err(|failed| NativeError::Cache(failed.to_string()))??;
        Ok(HotImage {
            image: self.keep(image),
            functions: code.functions,
            refused: code.refused,
            bytecode_bytes: code.bytecode_bytes as usize,
            code_bytes: code.code_bytes as usize,
        })
    }

    /// An image with compiled functions, when it is in memory or in this machine's cache directory: of the image with the first
    /// digest, known by the second ([`Image::compiled_digest`]).
    pub fn cached_compiled(&self, digest: &str, compiled_digest: &str) -> Option<Image> {
        if let Some(image) = self.state.images.get(compiled_digest) {
            return Some(image);
        }
        Some(self.keep(self.state.guest.cached_compiled(digest, compiled_digest)?))
    }

    /// Which compiler of hot functions this is, in hexadecimal: the same one makes the same code of the same functions.
    pub fn compiler_digest(&self) -> &str {
        &self.state.compiler_digest
    }

    /// How many modules in the cache directory were not what this directory's key vouches for, and were not used.
    pub fn artifacts_refused(&self) -> u64 {
        self.state.guest.artifacts_refused()
    }

    /// Runs one invocation in a sandbox of its own.
    ///
    /// `reply` gets the response, or the fault, as soon as there is one; the future goes on until the background
    /// (`waitUntil`) phase has ended too. Dropping it ends the guest where it stands.
    pub fn invoke(
        &self,
        image: &Image,
        call: Call,
        reply: oneshot::Sender<Result<Response, Fault>>,
    ) -> impl Future<Output = Outcome> + Send {
        // Not async itself: its future would hold the call a second time.
        invoke::invoke(&self.state.guest, image, call, reply)
    }

    /// Runs compiled code in a sandbox of its own, as [`Engine::invoke`] runs a function: first its top level, without any
    /// capability, then its handler.
    pub async fn run_script(
        &self,
        script: &Script,
        call: Call,
        reply: oneshot::Sender<Result<Response, Fault>>,
    ) -> Outcome {
        // Making the Node image for the first time can fail; the script was compiled over it.
        let base = self.state.base_for(script.imports_node).await.unwrap_or(&self.state.base);
        invoke::run_script(&self.state.guest, base, script, call, reply).await
    }

    /// Makes a sandbox for an image and throws it away: what an invocation pays before its first instruction. For
    /// measuring.
    #[doc(hidden)]
    pub fn instantiate_only(&self, image: &Image) -> wasmtime::Result<()> {
        invoke::instantiate_only(&self.state.guest, image)
    }

    /// Runs one invocation, and answers how many objects live in its heap afterwards. For tests: compiled functions that lose a
    /// reference, or keep one, are found so.
    #[doc(hidden)]
    pub async fn live_objects(&self, image: &Image, call: Call) -> wasmtime::Result<u32> {
        invoke::live_objects(&self.state.guest, image, call).await
    }

    /// Runs one invocation, and answers which pages of 4 KiB of its memory it has used. For measuring, in an engine that nothing
    /// ran in before: an earlier invocation's pages stay.
    #[doc(hidden)]
    #[cfg(target_os = "linux")]
    pub async fn footprint(&self, image: &Image, call: Call) -> wasmtime::Result<Footprint> {
        invoke::footprint::footprint(&self.state.guest, image, call).await
    }

    /// Runs one invocation of an [`Engine::unplanned`], and answers what it touched of its memory.
    #[doc(hidden)]
    #[cfg(target_os = "linux")]
    pub async fn touched(&self, image: &Image, call: Call) -> wasmtime::Result<Touched> {
        invoke::footprint::touched(&self.state.guest, image, call).await
    }

    /// Runs a recorded invocation again, without anything outside: every value that the host gave to it then, it gets now.
    ///
    /// # Errors
    /// [`InvalidRecording`] when the recording cannot be read.
    pub async fn replay(&self, image: &Image, recording: &Recording) -> Result<Replay, InvalidRecording> {
        replay::replay(&self.state.guest, image, recording).await
    }
}

impl EngineState {
    /// What a function's top level starts from.
    async fn base_for(&self, imports_node: bool) -> Result<&Image, EngineError> {
        if !imports_node {
            return Ok(&self.base);
        }
        self.node_base
            .get_or_try_init(async || {
                let memory = compile::add_library(&self.guest, &self.base, Guest::library()).await?;
                self.guest.own_image("node-base", &memory)
            })
            .await
    }
}
