//! Calls into the guest at deploy: a sandbox without capabilities, and bytes into its memory and out of it.

use std::time::Instant;

use wasmtime::{Memory, Store};

use crate::capability::completion::Completion;
use crate::capability::deadline::Deadline;
use crate::capability::request::Incoming;
use crate::error::CompileError;
use crate::guest::Guest;
pub(super) use crate::guest::put;
use crate::limits::Limits;
use crate::providers::Grants;
use crate::sandbox::Sandbox;

/// A store for what happens at deploy: without any capability.
pub(super) fn store(guest: &Guest, limits: &Limits) -> (Store<Sandbox>, Deadline) {
    let started = Instant::now();
    let deadline = Deadline::new(started, limits.timeout);
    let completion = Completion::unattended(deadline.clone(), limits);
    (guest.store(started, Incoming::default(), completion, Grants::default(), limits), deadline)
}

fn memory(store: &Store<Sandbox>) -> wasmtime::Result<Memory> {
    store.data().memory.ok_or_else(|| wasmtime::Error::msg("the sandbox has no memory"))
}

pub(super) fn word(store: &Store<Sandbox>, ptr: u32) -> wasmtime::Result<u32> {
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

/// Copies the whole of the guest's memory.
pub(super) fn contents(store: &Store<Sandbox>) -> Result<Vec<u8>, CompileError> {
    match store.data().memory {
        Some(memory) => Ok(memory.data(store).to_vec()),
        None => Err(CompileError::Internal { reason: "the sandbox has no memory".to_owned() }),
    }
}
