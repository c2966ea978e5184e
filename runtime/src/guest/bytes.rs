//! Bytes into the guest's memory, where the guest allocates them.

use wasmtime::{Instance, Store};

use crate::sandbox::Sandbox;

/// Copies bytes into memory that the guest allocates for them.
pub(crate) async fn put(
    instance: &Instance,
    store: &mut Store<Sandbox>,
    bytes: &[u8],
) -> wasmtime::Result<(u32, u32)> {
    let allocate = instance.get_typed_func::<(u32, u32, u32, u32), u32>(&mut *store, "cabi_realloc")?;
    let len = bytes.len() as u32;
    let ptr = allocate.call_async(&mut *store, (0, 0, 1, len)).await?;
    let memory = store.data().memory.ok_or_else(|| wasmtime::Error::msg("the sandbox has no memory"))?;
    memory.write(&mut *store, ptr as usize, bytes)?;
    Ok((ptr, len))
}
