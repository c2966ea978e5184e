//! The only reads and writes of guest memory, and what each costs the guest.

use wasmtime::{Caller, Error, Result};

use crate::meter::fuel::FUEL_BETWEEN_YIELDS;
use crate::sandbox::Sandbox;
use crate::yield_now::yield_now;

// What a host call costs beside its bytes: about what the host spends on the smallest of them.
const FUEL_PER_CALL: u64 = 1_000;
const FUEL_PER_BYTE: u64 = 1;

/// Charges the guest for a host call that moves `bytes` bytes. The fuel is taken by the next [`collect_debt`]: taking fuel
/// also puts the guest's next yield off, so that what does not yield itself must not take any.
pub(crate) fn charge(caller: &mut Caller<'_, Sandbox>, bytes: usize) {
    caller.data_mut().meter.debt += FUEL_PER_CALL + FUEL_PER_BYTE * bytes as u64;
}

/// Takes what was charged, and yields where the guest has run for long enough. Answers what is left.
pub(crate) async fn collect_debt(caller: &mut Caller<'_, Sandbox>) -> Result<u64> {
    let before = caller.get_fuel()?;
    let meter = &mut caller.data_mut().meter;
    // With nothing left the guest's next instruction is the one that traps.
    let left = before.saturating_sub(std::mem::take(&mut meter.debt));
    let is_due = meter.yielded_at.saturating_sub(left) >= FUEL_BETWEEN_YIELDS;
    if is_due {
        meter.yielded_at = left;
    }
    caller.set_fuel(left)?;
    if is_due {
        yield_now().await;
    }
    Ok(left)
}

/// The guest's bytes at `ptr`, and its sandbox.
pub(crate) fn borrow<'a>(
    caller: &'a mut Caller<'_, Sandbox>,
    ptr: u32,
    len: u32,
) -> Result<(&'a mut [u8], &'a mut Sandbox)> {
    let memory = caller.data().memory.ok_or_else(|| Error::msg("the sandbox has no memory"))?;
    let (bytes, sandbox) = memory.data_and_store_mut(caller);
    let start = ptr as usize;
    let bytes = start
        .checked_add(len as usize)
        .and_then(|end| bytes.get_mut(start..end))
        .ok_or_else(|| Error::msg("the guest passed a pointer outside of its memory"))?;
    Ok((bytes, sandbox))
}

/// Puts as much of `source` as fits into the guest's buffer; answers the whole length.
pub(crate) fn fill(buffer: &mut [u8], source: &[u8]) -> u64 {
    let length = buffer.len().min(source.len());
    buffer[..length].copy_from_slice(&source[..length]);
    source.len() as u64
}
