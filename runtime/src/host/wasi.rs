//! The three functions of WASI preview 1 that the guest imports, and no others: a clock, randomness, and an output for the
//! engine's panic messages.
//!
//! They are written here rather than linked from a whole WASI: each is a few lines, costs nothing to set up for an
//! invocation, and leaves nothing to attack. What the guest's C library asks for beside them, it answers itself. See
//! docs/decisions/0006-own-wasi-functions.md.

use wasmtime::{Caller, Error, Linker, Result};

use super::memory;
use crate::capability::nondeterminism::Clock;
use crate::sandbox::Sandbox;

const MODULE: &str = "wasi_snapshot_preview1";
const SUCCESS: i32 = 0;
const BAD_FILE: i32 = 8;
const INVALID: i32 = 28;

const REALTIME: i32 = 0;
const MONOTONIC: i32 = 1;

const STDOUT: i32 = 1;
const STDERR: i32 = 2;
// What a panicking engine says about itself, at most.
const DIAGNOSTIC_BYTES_MAX: usize = 4_096;
// Bytes that one call may ask for: seeds ask for a few.
const RANDOM_BYTES_MAX: u32 = 65_536;
const BUFFERS_MAX: u32 = 16;

pub(super) fn link(linker: &mut Linker<Sandbox>) -> Result<()> {
    linker.func_wrap(MODULE, "clock_time_get", clock_time_get)?;
    linker.func_wrap(MODULE, "random_get", random_get)?;
    linker.func_wrap(MODULE, "fd_write", fd_write)?;
    Ok(())
}

fn clock_time_get(mut caller: Caller<'_, Sandbox>, clock: i32, _precision: i64, result: u32) -> Result<i32> {
    memory::charge(&mut caller, 8);
    let clock = match clock {
        REALTIME => Clock::Real,
        MONOTONIC => Clock::Monotonic,
        _ => return Ok(INVALID),
    };
    let sandbox = caller.data_mut();
    let now = sandbox.nondeterminism.clock(clock, sandbox.started)?;
    put(&mut caller, result, &now.to_le_bytes())
}

fn random_get(mut caller: Caller<'_, Sandbox>, buffer: u32, len: u32) -> Result<i32> {
    if len > RANDOM_BYTES_MAX {
        return Ok(INVALID);
    }
    memory::charge(&mut caller, len as usize);
    let (bytes, sandbox) = memory::borrow(&mut caller, buffer, len)?;
    sandbox.nondeterminism.random(bytes)?;
    Ok(SUCCESS)
}

/// The engine writes only when it panics: tenants' consoles go another way.
fn fd_write(mut caller: Caller<'_, Sandbox>, fd: i32, vectors: u32, count: u32, written: u32) -> Result<i32> {
    if fd != STDOUT && fd != STDERR {
        return Ok(BAD_FILE);
    }
    if count > BUFFERS_MAX {
        return Ok(INVALID);
    }
    let mut total: u32 = 0;
    let mut text = Vec::new();
    for index in 0..count {
        let vector = vectors.checked_add(8 * index).ok_or_else(|| Error::msg("a pointer beyond memory"))?;
        let (entry, _) = memory::borrow(&mut caller, vector, 8)?;
        let [p0, p1, p2, p3, l0, l1, l2, l3] = *entry else { return Ok(INVALID) };
        let (ptr, len) = (u32::from_le_bytes([p0, p1, p2, p3]), u32::from_le_bytes([l0, l1, l2, l3]));
        memory::charge(&mut caller, len as usize);
        let (bytes, _) = memory::borrow(&mut caller, ptr, len)?;
        let room = DIAGNOSTIC_BYTES_MAX - text.len();
        text.extend_from_slice(&bytes[..bytes.len().min(room)]);
        total = total.saturating_add(len);
    }
    tracing::debug!(text = %String::from_utf8_lossy(&text), "the engine wrote to its standard output");
    put(&mut caller, written, &total.to_le_bytes())
}

fn put(caller: &mut Caller<'_, Sandbox>, ptr: u32, value: &[u8]) -> Result<i32> {
    let (bytes, _) = memory::borrow(caller, ptr, value.len() as u32)?;
    bytes.copy_from_slice(value);
    Ok(SUCCESS)
}
