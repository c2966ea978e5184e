//! The memory limit: growth past it is refused, and remembered.

use wasmtime::{ResourceLimiter, Result};

/// Bounds one sandbox's linear memory.
#[derive(Debug)]
pub(crate) struct MemoryLimiter {
    limit: usize,
    peak: usize,
    denied: bool,
}

impl MemoryLimiter {
    /// At most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, peak: 0, denied: false }
    }

    /// The most that was held, in bytes.
    pub(crate) fn peak(&self) -> usize {
        self.peak
    }

    /// The limit, in bytes.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Whether growth was ever refused.
    pub(crate) fn denied(&self) -> bool {
        self.denied
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        let allowed = desired <= self.limit;
        if allowed {
            self.peak = self.peak.max(desired);
        } else {
            self.denied = true;
        }
        Ok(allowed)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        // The engine's table is made once and never grows; `split` has checked that.
        Ok(current == 0 || desired <= current)
    }
}
