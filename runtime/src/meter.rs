//! What bounds a sandbox while it runs: CPU in fuel, and linear memory.

pub(crate) mod fuel;
mod memory;

pub(crate) use memory::{MemoryLimiter, PendingBytes, Refused};
