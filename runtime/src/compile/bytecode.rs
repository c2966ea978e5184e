//! Phase 2: JavaScript to bytecode, by the guest's own `compile-src`, in a sandbox with limits.

use wasmtime::Store;

use super::evaluate::stopped;
use super::guest_call::{get, put, store, word};
use super::source::SourcePositions;
use super::source_map::MODULE_NAME;
use crate::error::CompileError;
use crate::guest::Guest;
use crate::image::Image;
use crate::invoke::{Ended, drive};
use crate::limits::Limits;
use crate::meter::fuel;
use crate::sandbox::{Sandbox, fuel_left};

/// The bytecode. `spent` grows by the fuel that it took, whatever comes of it.
pub(super) async fn compile(
    guest: &Guest,
    base: &Image,
    code: &str,
    positions: &SourcePositions<'_>,
    limits: &Limits,
    spent: &mut u64,
) -> Result<Vec<u8>, CompileError> {
    let (mut store, deadline) = store(guest, limits);
    let mut answer = None;
    let ended = drive(
        async {
            answer = Some(run(guest, &mut store, base, code).await?);
            Ok(())
        },
        &deadline,
    )
    .await;
    *spent += fuel::used(limits.fuel, fuel_left(&store));
    match (ended, answer) {
        (Ended::Returned, Some(Ok(bytecode))) => Ok(bytecode),
        (Ended::Returned, Some(Err(message))) => Err(refused(&message, positions)),
        (ended, _) => Err(stopped(ended, &mut store, positions, limits).await),
    }
}

async fn run(
    guest: &Guest,
    store: &mut Store<Sandbox>,
    base: &Image,
    code: &str,
) -> wasmtime::Result<Result<Vec<u8>, String>> {
    let instance = guest.instantiate(store, base)?;
    let (ptr, len) = put(&instance, store, code.as_bytes()).await?;
    let compile = instance.get_typed_func::<(u32, u32), u32>(&mut *store, "compile-src")?;
    let area = compile.call_async(&mut *store, (ptr, len)).await?;
    let [status, ptr, len] = [0, 4, 8].map(|offset| word(store, area + offset));
    let bytes = get(store, ptr?, len?)?;
    Ok(match status? {
        0 => Ok(bytes),
        _ => Err(String::from_utf8_lossy(&bytes).into_owned()),
    })
}

fn refused(message: &str, positions: &SourcePositions<'_>) -> CompileError {
    let first = message.lines().next().unwrap_or_default();
    let text = first.strip_prefix("SyntaxError: ").unwrap_or(first);
    // The engine names the position where it stopped, in the code that types were stripped from.
    let text = text.split(MODULE_NAME).next().unwrap_or(text).trim_end();
    CompileError::Syntax { message: text.to_owned(), place: positions.first_of(message) }
}
