//! The memory limit: growth past it is refused, and remembered.

use wasmtime::{ResourceLimiter, Result};

/// What is allowed beyond the limit once that was hit, so that an error with its stack can still be made.
const RESERVE_BYTES: usize = 256 << 10;
/// How often the guest's allocator asks before it gives up: only what is asked for after that is the error.
const ATTEMPTS: u32 = 2;

/// Bounds one sandbox's linear memory.
#[derive(Debug)]
pub(crate) struct MemoryLimiter {
    limit: usize,
    peak: usize,
    denials: u32,
}

impl MemoryLimiter {
    /// At most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, peak: 0, denials: 0 }
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
        self.denials > 0
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        let limit =
            if self.denials >= ATTEMPTS { self.limit.saturating_add(RESERVE_BYTES) } else { self.limit };
        let allowed = desired <= limit;
        if allowed {
            self.peak = self.peak.max(desired);
        } else {
            self.denials = self.denials.saturating_add(1);
        }
        Ok(allowed)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        // The engine's table is made once and never grows; `split` has checked that.
        Ok(current == 0 || desired <= current)
    }
}
