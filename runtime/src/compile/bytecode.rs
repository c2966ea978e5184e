//! Phase 2: JavaScript to bytecode, by the guest's own `compile-src`, in a sandbox with limits.

use std::time::Instant;

use wasmtime::{Instance, Memory, Store};

use super::Places;
use super::source_map::MODULE_NAME;
use crate::engine::Inner;
use crate::error::CompileError;
use crate::host::ending::Deadline;
use crate::host::request::Incoming;
use crate::image::Image;
use crate::invoke::{Ended, drive, unattended};
use crate::limits::Limits;
use crate::providers::Grants;
use crate::sandbox::{Sandbox, fuel};

/// The bytecode, and the fuel that it took.
pub(super) async fn compile(
    inner: &Inner,
    base: &Image,
    code: &str,
    places: &Places<'_>,
    limits: &Limits,
) -> Result<(Vec<u8>, u64), CompileError> {
    let (mut store, deadline) = store(inner, limits);
    let mut answer = None;
    let ended = drive(
        async {
            answer = Some(run(inner, &mut store, base, code).await?);
            Ok(())
        },
        &deadline,
    )
    .await;
    let fuel = fuel::used(limits.fuel, fuel::left(&store));
    match (ended, answer) {
        (Ended::Returned, Some(Ok(bytecode))) => Ok((bytecode, fuel)),
        (Ended::Returned, Some(Err(message))) => Err(refused(&message, places)),
        (ended, _) => Err(super::evaluate::stopped(ended, &mut store, places, limits).await),
    }
}

/// A store for what happens at deploy: no capability is lent.
pub(super) fn store(inner: &Inner, limits: &Limits) -> (Store<Sandbox>, Deadline) {
    let started = Instant::now();
    let deadline = Deadline::new(started, limits.timeout);
    let ending = unattended(deadline.clone(), limits);
    (inner.store(started, Incoming::default(), ending, Grants::default(), limits), deadline)
}

async fn run(
    inner: &Inner,
    store: &mut Store<Sandbox>,
    base: &Image,
    code: &str,
) -> wasmtime::Result<Result<Vec<u8>, String>> {
    let instance = inner.instantiate(store, base)?;
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

/// Copies bytes into memory that the guest allocates for them.
pub(super) async fn put(
    instance: &Instance,
    store: &mut Store<Sandbox>,
    bytes: &[u8],
) -> wasmtime::Result<(u32, u32)> {
    let allocate = instance.get_typed_func::<(u32, u32, u32, u32), u32>(&mut *store, "cabi_realloc")?;
    let len = bytes.len() as u32;
    let ptr = allocate.call_async(&mut *store, (0, 0, 1, len)).await?;
    memory(store)?.write(store, ptr as usize, bytes)?;
    Ok((ptr, len))
}

fn memory(store: &Store<Sandbox>) -> wasmtime::Result<Memory> {
    store.data().memory.ok_or_else(|| wasmtime::Error::msg("the sandbox has no memory"))
}

fn word(store: &Store<Sandbox>, ptr: u32) -> wasmtime::Result<u32> {
    let mut bytes = [0; 4];
    memory(store)?.read(store, ptr as usize, &mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

/// Copies bytes out of the guest's memory.
pub(super) fn get(store: &Store<Sandbox>, ptr: u32, len: u32) -> wasmtime::Result<Vec<u8>> {
    let start = ptr as usize;
    let bytes = memory(store)?.data(store).get(start..start + len as usize);
    Ok(bytes
        .ok_or_else(|| wasmtime::Error::msg("the guest answered a pointer outside of its memory"))?
        .to_vec())
}

fn refused(message: &str, places: &Places<'_>) -> CompileError {
    let first = message.lines().next().unwrap_or_default();
    let text = first.strip_prefix("SyntaxError: ").unwrap_or(first);
    // The engine says the place where it stopped, in the code that types were stripped from.
    let text = text.split(MODULE_NAME).next().unwrap_or(text).trim_end();
    CompileError::Syntax { message: text.to_owned(), place: places.first_of(message) }
}
