//! Phase 3: the module's top level runs, once, and its memory is kept.

use std::ops::Range;

use wasmtime::{Instance, Store};

use super::Places;
use super::bytecode::{get, put, store};
use super::plan::{Allocation, Placing, logged};
use crate::engine::{EngineError, Inner};
use crate::error::{CompileError, Fault, Thrown};
use crate::image::Image;
use crate::image::snapshot::snapshot;
use crate::invoke::{Ended, drive};
use crate::limits::Limits;
use crate::sandbox::{Sandbox, fuel};

/// The memory after the top level, and the fuel that it took.
pub(super) async fn evaluate(
    inner: &Inner,
    base: &Image,
    bytecode: &[u8],
    places: &Places<'_>,
    limits: &Limits,
) -> Result<(Vec<u8>, u64), CompileError> {
    let (mut store, deadline) = store(inner, limits);
    let mut loaded = false;
    let ended = drive(
        async {
            loaded = load(inner, &mut store, base, bytecode).await?;
            Ok(())
        },
        &deadline,
    )
    .await;
    match ended {
        Ended::Returned if loaded => Ok((contents(&store)?, fuel::used(limits.fuel, fuel::left(&store)))),
        Ended::Returned => Err(reported(&store, places)),
        ended => Err(stopped(ended, &mut store, places, limits).await),
    }
}

async fn load(
    inner: &Inner,
    store: &mut Store<Sandbox>,
    base: &Image,
    bytecode: &[u8],
) -> wasmtime::Result<bool> {
    let instance = inner.instantiate(store, base)?;
    let (ptr, len) = put(&instance, store, bytecode).await?;
    let load = instance.get_typed_func::<(u32, u32), u32>(&mut *store, "load")?;
    Ok(load.call_async(store, (ptr, len)).await? == 0)
}

fn contents(store: &Store<Sandbox>) -> Result<Vec<u8>, CompileError> {
    match store.data().memory {
        Some(memory) => Ok(memory.data(store).to_vec()),
        None => Err(CompileError::Internal { reason: "the sandbox has no memory".to_owned() }),
    }
}

/// What the guest said of its own failure.
fn reported(store: &Store<Sandbox>, places: &Places<'_>) -> CompileError {
    match store.data().ending.report_of_load() {
        Some(Loading::NoHandler(message)) => CompileError::NoHandler { message },
        Some(Loading::Failed(Fault::Threw(thrown))) => CompileError::TopLevelThrew {
            place: places.first_of(&thrown.stack),
            thrown: Thrown { stack: places.map_stack(&thrown.stack), ..thrown },
        },
        Some(Loading::Failed(fault)) => limited(fault, places),
        None => CompileError::Internal { reason: "the guest gave no reason".to_owned() },
    }
}

/// Why a module was not loaded.
#[derive(Debug)]
pub(crate) enum Loading {
    /// It has no handler.
    NoHandler(String),
    /// Its top level failed.
    Failed(Fault),
}

/// The limit that a deploy ran into.
pub(super) async fn stopped(
    ended: Ended,
    store: &mut Store<Sandbox>,
    places: &Places<'_>,
    limits: &Limits,
) -> CompileError {
    let fault = match ended {
        Ended::Trapped(error) => crate::invoke::fault_of_trap(&error, store, limits).await,
        Ended::OutOfTime => {
            Fault::TimedOut { elapsed: store.data().started.elapsed(), limit: limits.timeout }
        }
        Ended::Returned => Fault::Hung,
    };
    match fault {
        Fault::Trapped { reason } => CompileError::Internal { reason },
        fault => limited(fault, places),
    }
}

fn limited(mut fault: Fault, places: &Places<'_>) -> CompileError {
    if let Some(stack) = fault.stack_mut() {
        *stack = places.map_stack(stack);
    }
    CompileError::TopLevelLimit { fault }
}

/// The first picture: the engine with its prelude, before any tenant's code.
///
/// The prelude is compiled in one sandbox and evaluated in another, so that the picture has no traces of parsing.
pub(crate) async fn initialize(
    inner: &Inner,
    placing: Placing,
) -> Result<(Vec<u8>, Vec<Allocation>), EngineError> {
    let limits = Limits { memory_bytes: 64 << 20, ..Limits::default() };
    let bytecode = compile_prelude(inner, &limits).await?;
    let (mut store, _) = store(inner, &limits);
    let instance = fresh(inner, &mut store).await?;
    placing.announce(&instance, &mut store).await?;
    let (ptr, len) = put(&instance, &mut store, &bytecode).await?;
    let initialize = instance.get_typed_func::<(u32, u32), ()>(&mut store, "initialize_from")?;
    initialize.call_async(&mut store, (ptr, len)).await?;
    let text = prelude_text(&instance, &mut store).await?;
    let mut memory = contents(&store).map_err(|error| EngineError::Guest(error.to_string()))?;
    // A fifth of the memory, and nobody reads it any more.
    if let Some(text) = memory.get_mut(text) {
        text.fill(0);
    }
    let allocations = match placing {
        Placing::Planned => Vec::new(),
        Placing::Logged => logged(&instance, &mut store).await?,
    };
    Ok((snapshot(&memory, inner.stack_bytes), allocations))
}

async fn prelude_text(instance: &Instance, store: &mut Store<Sandbox>) -> wasmtime::Result<Range<usize>> {
    let text = instance.get_typed_func::<(), u64>(&mut *store, "prelude_text")?;
    let packed = text.call_async(store, ()).await?;
    let start = packed as u32 as usize;
    Ok(start..start + (packed >> 32) as usize)
}

async fn compile_prelude(inner: &Inner, limits: &Limits) -> wasmtime::Result<Vec<u8>> {
    let (mut store, _) = store(inner, limits);
    let instance = fresh(inner, &mut store).await?;
    let compile = instance.get_typed_func::<(), u64>(&mut store, "prelude_bytecode")?;
    let packed = compile.call_async(&mut store, ()).await?;
    get(&store, packed as u32, (packed >> 32) as u32)
}

/// The second picture: the first one with Node's modules, out of their script.
pub(crate) async fn add_library(inner: &Inner, script: &[u8]) -> Result<Vec<u8>, EngineError> {
    let limits = Limits { memory_bytes: 64 << 20, ..Limits::default() };
    let bytecode = compile_library(inner, script, &limits).await?;
    let (mut store, _) = store(inner, &limits);
    let instance = inner.instantiate(&mut store, &inner.base)?;
    let (ptr, len) = put(&instance, &mut store, &bytecode).await?;
    let load = instance.get_typed_func::<(u32, u32), u32>(&mut store, "load_library")?;
    if load.call_async(&mut store, (ptr, len)).await? != 0 {
        let said = store.data().ending.report_of_load();
        return Err(EngineError::Guest(format!("Node's modules do not load: {said:?}")));
    }
    let memory = contents(&store).map_err(|error| EngineError::Guest(error.to_string()))?;
    Ok(snapshot(&memory, inner.stack_bytes))
}

async fn compile_library(inner: &Inner, script: &[u8], limits: &Limits) -> wasmtime::Result<Vec<u8>> {
    let (mut store, _) = store(inner, limits);
    let instance = fresh(inner, &mut store).await?;
    let (ptr, len) = put(&instance, &mut store, script).await?;
    let compile = instance.get_typed_func::<(u32, u32), u64>(&mut store, "library_bytecode")?;
    let packed = compile.call_async(&mut store, (ptr, len)).await?;
    get(&store, packed as u32, (packed >> 32) as u32)
}

/// The engine over the memory that its data segments leave, its constructors run.
async fn fresh(inner: &Inner, store: &mut Store<Sandbox>) -> wasmtime::Result<Instance> {
    let instance = inner.instantiate(store, &inner.seed)?;
    instance.get_typed_func::<(), ()>(&mut *store, "_initialize")?.call_async(store, ()).await?;
    Ok(instance)
}
