//! What bounds a sandbox while it runs: CPU in fuel, and linear memory.

pub(crate) mod fuel;
mod memory;
pub(crate) mod samples;

pub use samples::Sample;

pub(crate) use memory::{MemoryLimiter, PendingBytes, Refused};
