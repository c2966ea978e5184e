//! What the guest may call: the four functions of `mayfly`, and three of WASI.
//!
//! Here the capabilities are joined to the sandbox: each of their files knows its own part of it alone.

mod call;
mod compute;
mod memory;
mod submit;
mod wasi;

use mayfly_abi::IMPORT_MODULE;
use wasmtime::{Linker, Result};

use crate::sandbox::Sandbox;

/// Defines every function that the engine module may import.
pub(crate) fn link(linker: &mut Linker<Sandbox>) -> Result<()> {
    linker.func_wrap_async(IMPORT_MODULE, "call", |caller, (op, ptr, len)| {
        Box::new(call::call(caller, op, ptr, len))
    })?;
    linker.func_wrap(IMPORT_MODULE, "submit", submit::submit)?;
    linker.func_wrap_async(IMPORT_MODULE, "compute", |caller, (ptr, len): (u32, u32)| {
        Box::new(compute::compute(caller, ptr, len))
    })?;
    linker.func_wrap_async(IMPORT_MODULE, "poll", |caller, ()| Box::new(submit::poll(caller)))?;
    wasi::link(linker)
}
