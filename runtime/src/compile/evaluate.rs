//! Phase 3: the module's top level runs, once, and its memory is kept.

use wasmtime::Store;

use super::guest_call::{contents, put, store};
use super::source::SourcePositions;
use crate::capability::completion::LoadFailure;
use crate::error::{CompileError, Fault, Thrown};
use crate::guest::Guest;
use crate::image::Image;
use crate::invoke::{Ended, drive, fault_of_trap, timed_out};
use crate::limits::Limits;
use crate::meter::fuel;
use crate::sandbox::{Sandbox, fuel_left};

/// The memory after the top level. `spent` grows by the fuel that it took, whatever comes of it.
pub(super) async fn evaluate(
    guest: &Guest,
    base: &Image,
    bytecode: &[u8],
    positions: &SourcePositions<'_>,
    limits: &Limits,
    spent: &mut u64,
) -> Result<Vec<u8>, CompileError> {
    let (mut store, deadline) = store(guest, limits);
    let mut loaded = false;
    let ended = drive(
        async {
            loaded = load(guest, &mut store, base, bytecode).await?;
            Ok(())
        },
        &deadline,
    )
    .await;
    *spent += fuel::used(limits.fuel, fuel_left(&store));
    match ended {
        Ended::Returned if loaded => Ok(contents(&store)?),
        Ended::Returned => Err(reported(&store, positions)),
        ended => Err(stopped(ended, &mut store, positions, limits).await),
    }
}

async fn load(
    guest: &Guest,
    store: &mut Store<Sandbox>,
    base: &Image,
    bytecode: &[u8],
) -> wasmtime::Result<bool> {
    let instance = guest.instantiate(store, base)?;
    let (ptr, len) = put(&instance, store, bytecode).await?;
    let load = instance.get_typed_func::<(u32, u32), u32>(&mut *store, "load")?;
    Ok(load.call_async(store, (ptr, len)).await? == 0)
}

/// The failure that the guest reported.
fn reported(store: &Store<Sandbox>, positions: &SourcePositions<'_>) -> CompileError {
    match store.data().completion.load_failure() {
        Some(LoadFailure::NoHandler(message)) => CompileError::NoHandler { message },
        Some(LoadFailure::Failed(Fault::Threw(thrown))) => CompileError::TopLevelThrew {
            place: positions.first_of(&thrown.stack),
            thrown: Thrown { stack: positions.map_stack(&thrown.stack), ..thrown },
        },
        Some(LoadFailure::Failed(fault)) => limited(fault, positions),
        None => CompileError::Internal { reason: "the guest gave no reason".to_owned() },
    }
}

/// The limit that a deploy ran into.
pub(super) async fn stopped(
    ended: Ended,
    store: &mut Store<Sandbox>,
    positions: &SourcePositions<'_>,
    limits: &Limits,
) -> CompileError {
    let fault = match ended {
        Ended::Trapped(error) => fault_of_trap(&error, store, limits).await,
        Ended::OutOfTime => {
            let elapsed = store.data().started.elapsed();
            timed_out(store, elapsed, limits.timeout).await
        }
        Ended::Returned => Fault::Hung,
    };
    match fault {
        Fault::Internal { reason } => CompileError::Internal { reason },
        fault => limited(fault, positions),
    }
}

fn limited(mut fault: Fault, positions: &SourcePositions<'_>) -> CompileError {
    if let Some(stack) = fault.stack_mut() {
        *stack = positions.map_stack(stack);
    }
    CompileError::TopLevelLimit { fault }
}
