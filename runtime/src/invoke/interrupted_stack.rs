//! The interrupted stack: where a guest was when it was stopped, or what in it waited. The engine's own frames are still there
//! to be walked.

use mayfly_abi::EMPTY_ANSWER;
use wasmtime::{Store, WasmParams};

use crate::sandbox::Sandbox;

/// For walking the frames: a hostile heap may make that endless.
const FUEL: u64 = 10_000_000;
const STACK_BYTES_MAX: usize = 16 << 10;

/// The stack of a guest that has trapped; empty where it cannot be had.
pub(crate) async fn interrupted_stack(store: &mut Store<Sandbox>) -> String {
    let left = store.get_fuel().unwrap_or(0);
    let stack = ask(store, "interrupted_stack", ()).await.unwrap_or_default();
    // The walk is not charged to the function.
    let _ = store.set_fuel(left);
    stack
}

/// The functions of a guest that wait for an operation; empty where they cannot be had.
pub(crate) async fn awaiting_stack(store: &mut Store<Sandbox>, operation: u32) -> String {
    let left = store.get_fuel().unwrap_or(0);
    let stack = ask(store, "awaiting_stack", operation).await.unwrap_or_default();
    let _ = store.set_fuel(left);
    stack
}

async fn ask<P: WasmParams + Sync>(store: &mut Store<Sandbox>, export: &str, params: P) -> Option<String> {
    let (instance, memory) = (store.data().instance?, store.data().memory?);
    store.set_fuel(FUEL).ok()?;
    let walk = instance.get_typed_func::<P, u64>(&mut *store, export).ok()?;
    let packed = walk.call_async(&mut *store, params).await.ok()?;
    if packed == EMPTY_ANSWER {
        return None;
    }
    let (ptr, len) = (packed as u32 as usize, (packed >> 32) as usize);
    let bytes = memory.data(&*store).get(ptr..ptr.checked_add(len.min(STACK_BYTES_MAX))?)?;
    Some(String::from_utf8_lossy(bytes).into_owned())
}
