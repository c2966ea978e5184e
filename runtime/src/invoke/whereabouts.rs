//! Where a guest was when it was stopped: the engine's own frames are still there, and can be asked.

use mayfly_abi::EMPTY_ANSWER;
use wasmtime::Store;

use crate::sandbox::Sandbox;

/// For walking the frames. What a hostile heap makes of that ends here.
const FUEL: u64 = 10_000_000;
const STACK_BYTES_MAX: usize = 16 << 10;

/// The stack of a guest that has trapped; empty where it cannot be had.
pub(crate) async fn whereabouts(store: &mut Store<Sandbox>) -> String {
    let left = store.get_fuel().unwrap_or(0);
    let stack = ask(store).await.unwrap_or_default();
    // Whatever that took is not the function's.
    let _ = store.set_fuel(left);
    stack
}

async fn ask(store: &mut Store<Sandbox>) -> Option<String> {
    let (instance, memory) = (store.data().instance?, store.data().memory?);
    store.set_fuel(FUEL).ok()?;
    let whereabouts = instance.get_typed_func::<(), u64>(&mut *store, "whereabouts").ok()?;
    let packed = whereabouts.call_async(&mut *store, ()).await.ok()?;
    if packed == EMPTY_ANSWER {
        return None;
    }
    let (ptr, len) = (packed as u32 as usize, (packed >> 32) as usize);
    let bytes = memory.data(&*store).get(ptr..ptr.checked_add(len.min(STACK_BYTES_MAX))?)?;
    Some(String::from_utf8_lossy(bytes).into_owned())
}
