//! The engine image and the Node image: what functions start from, made once for each build of the guest.

use std::ops::Range;

use wasmtime::{Instance, Store};

use super::guest_call::{contents, get, put, store};
use super::layout::{Allocation, AllocationLayout, logged};
use super::native::layout::Layout;
use crate::capability::nondeterminism::Nondeterminism;
use crate::guest::{EngineError, Guest};
use crate::image::Image;
use crate::image::snapshot::snapshot;
use crate::limits::Limits;
use crate::sandbox::Sandbox;

/// The engine image, and what was learned of the engine while it was made.
pub(crate) struct Initialized {
    /// The engine with its prelude, before any tenant's code.
    pub(crate) image: Vec<u8>,
    /// What the engine image consists of, where that was asked for.
    pub(crate) allocations: Vec<Allocation>,
    /// What the engine consists of.
    pub(crate) layout: Layout,
}

/// Makes the engine image. The prelude is compiled in one sandbox and evaluated in another, so that the image has no traces of
/// parsing.
pub(crate) async fn initialize(guest: &Guest, layout: AllocationLayout) -> Result<Initialized, EngineError> {
    let limits = Limits { memory_bytes: 64 << 20, ..Limits::default() };
    let (bytecode, engine_layout) = compile_prelude(guest, &limits).await?;
    let mut store = fixed_store(guest, &limits);
    let instance = instantiate_seed(guest, &mut store).await?;
    layout.announce(&instance, &mut store).await?;
    let (ptr, len) = put(&instance, &mut store, &bytecode).await?;
    let initialize = instance.get_typed_func::<(u32, u32), ()>(&mut store, "initialize_from")?;
    initialize.call_async(&mut store, (ptr, len)).await?;
    let text = prelude_text(&instance, &mut store).await?;
    let mut memory = contents(&store).map_err(|error| EngineError::Guest(error.to_string()))?;
    // A fifth of the memory, and never read again.
    if let Some(text) = memory.get_mut(text) {
        text.fill(0);
    }
    let allocations = match layout {
        AllocationLayout::Planned => Vec::new(),
        AllocationLayout::Logged => logged(&instance, &mut store).await?,
    };
    Ok(Initialized { image: snapshot(&memory, guest.stack_bytes()), allocations, layout: engine_layout })
}

/// What a store of the engine's own images is asked for is the same each time: so are their bytes, and images that are made of them on
/// one node are those of any other.
fn fixed_store(guest: &Guest, limits: &Limits) -> Store<Sandbox> {
    let (mut store, _) = store(guest, limits);
    store.data_mut().nondeterminism = Nondeterminism::Fixed;
    store
}

async fn prelude_text(instance: &Instance, store: &mut Store<Sandbox>) -> wasmtime::Result<Range<usize>> {
    let text = instance.get_typed_func::<(), u64>(&mut *store, "prelude_text")?;
    let packed = text.call_async(store, ()).await?;
    let start = packed as u32 as usize;
    Ok(start..start + (packed >> 32) as usize)
}

/// The prelude's bytecode, and the layout of the engine that compiled it.
async fn compile_prelude(guest: &Guest, limits: &Limits) -> Result<(Vec<u8>, Layout), EngineError> {
    let mut store = fixed_store(guest, limits);
    let instance = instantiate_seed(guest, &mut store).await?;
    let mut answer = async |name| -> wasmtime::Result<Vec<u8>> {
        let ask = instance.get_typed_func::<(), u64>(&mut store, name)?;
        let packed = ask.call_async(&mut store, ()).await?;
        get(&store, packed as u32, (packed >> 32) as u32)
    };
    let bytecode = answer("prelude_bytecode").await?;
    let layout = answer("native_layout").await?;
    let layout = Layout::read(&String::from_utf8_lossy(&layout));
    Ok((bytecode, layout.map_err(|error| EngineError::Guest(error.to_string()))?))
}

/// The Node image: the engine image with Node's modules, out of their script.
pub(crate) async fn add_library(guest: &Guest, base: &Image, script: &[u8]) -> Result<Vec<u8>, EngineError> {
    let limits = Limits { memory_bytes: 64 << 20, ..Limits::default() };
    let bytecode = compile_library(guest, script, &limits).await?;
    let mut store = fixed_store(guest, &limits);
    let instance = guest.instantiate(&mut store, base)?;
    let (ptr, len) = put(&instance, &mut store, &bytecode).await?;
    let load = instance.get_typed_func::<(u32, u32), u32>(&mut store, "load_library")?;
    if load.call_async(&mut store, (ptr, len)).await? != 0 {
        let said = store.data().completion.load_failure();
        return Err(EngineError::Guest(format!("Node's modules do not load: {said:?}")));
    }
    let memory = contents(&store).map_err(|error| EngineError::Guest(error.to_string()))?;
    Ok(snapshot(&memory, guest.stack_bytes()))
}

async fn compile_library(guest: &Guest, script: &[u8], limits: &Limits) -> wasmtime::Result<Vec<u8>> {
    let mut store = fixed_store(guest, limits);
    let instance = instantiate_seed(guest, &mut store).await?;
    let (ptr, len) = put(&instance, &mut store, script).await?;
    let compile = instance.get_typed_func::<(u32, u32), u64>(&mut store, "library_bytecode")?;
    let packed = compile.call_async(&mut store, (ptr, len)).await?;
    get(&store, packed as u32, (packed >> 32) as u32)
}

/// The engine over the memory that its data segments leave, its constructors run.
async fn instantiate_seed(guest: &Guest, store: &mut Store<Sandbox>) -> wasmtime::Result<Instance> {
    let instance = guest.instantiate(store, guest.seed())?;
    instance.get_typed_func::<(), ()>(&mut *store, "_initialize")?.call_async(store, ()).await?;
    Ok(instance)
}
