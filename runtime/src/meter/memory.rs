//! The memory limit: growth past it, or past what the ledger lets the app hold, is refused and remembered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mayfly_ledger::{Account, Held, Shortage};
use wasmtime::{ResourceLimiter, Result};

/// What is allowed beyond the limit once that was hit, so that an error with its stack can still be made.
const RESERVE_BYTES: usize = 256 << 10;
/// How often the guest's allocator asks before it gives up: only what is asked for after that is the error.
const ATTEMPTS: u32 = 2;

/// What a memory has before a function adds to it: the engine's own, which sandboxes share until they write to it. It is
/// not counted in the ledger.
const ENGINE_BYTES: usize = 6 << 20;
/// What every sandbox is counted with at least: about what an invocation that does little writes to.
const SANDBOX_BYTES: usize = 256 << 10;

/// Why the host holds nothing more for a sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The sandbox's own memory limit.
    Limit,
    /// The app's share, or the node.
    Ledger(Shortage),
}

/// Bounds one sandbox's linear memory, and with it what the host holds for the sandbox.
#[derive(Debug)]
pub(crate) struct MemoryLimiter {
    limit: usize,
    current: usize,
    peak: usize,
    denials: u32,
    account: Account,
    held: Held,
    /// The size that was counted last.
    counted: usize,
    shortage: Option<Shortage>,
    /// Bytes of operations that are under way.
    pending: Arc<AtomicUsize>,
}

/// What the host holds for an operation that is under way. Dropping it gives it back.
#[derive(Debug)]
pub(crate) struct PendingBytes {
    bytes: usize,
    of: Arc<AtomicUsize>,
    _held: Held,
}

impl Drop for PendingBytes {
    fn drop(&mut self) {
        self.of.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl MemoryLimiter {
    /// At most `limit` bytes, which are taken from the app's account.
    pub(crate) fn new(limit: usize, account: Account) -> Self {
        Self {
            limit,
            current: 0,
            peak: 0,
            denials: 0,
            held: account.nothing(),
            account,
            counted: 0,
            shortage: None,
            pending: Arc::default(),
        }
    }

    /// Takes what the host is to hold for an operation: within the sandbox's own limit, and from the app's account.
    pub(crate) fn hold(&self, bytes: usize) -> Result<PendingBytes, Refused> {
        let pending = self.pending.load(Ordering::Relaxed).saturating_add(bytes);
        if pending.saturating_add(self.current) > self.limit {
            return Err(Refused::Limit);
        }
        let held = self.account.take(bytes).map_err(Refused::Ledger)?;
        self.pending.store(pending, Ordering::Relaxed);
        Ok(PendingBytes { bytes, of: Arc::clone(&self.pending), _held: held })
    }

    /// The account of the app.
    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    /// Why growth within the limit was refused, where it was.
    pub(crate) fn shortage(&self) -> Option<Shortage> {
        self.shortage
    }

    /// Takes what a memory of this size counts from the account.
    fn count(&mut self, size: usize) -> bool {
        let bytes = size.saturating_sub(ENGINE_BYTES).saturating_add(SANDBOX_BYTES) as u64;
        let more = bytes.saturating_sub(self.held.amount());
        match self.held.grow(more as usize) {
            Ok(()) => {
                self.counted = size;
                true
            }
            Err(shortage) => {
                self.shortage = Some(shortage);
                false
            }
        }
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
        // What was refused twice is an error that has to be told: a little more for that, counted nowhere.
        let reserve = if self.denials >= ATTEMPTS { RESERVE_BYTES } else { 0 };
        let limit = self.limit.saturating_sub(self.pending.load(Ordering::Relaxed));
        let allowed = if desired > limit {
            desired <= limit.saturating_add(reserve)
        } else {
            self.count(desired) || desired <= self.counted.saturating_add(reserve)
        };
        if allowed {
            self.current = desired;
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

#[cfg(test)]
mod tests {
    use mayfly_ledger::Ledger;

    use super::*;

    fn grow(limiter: &mut MemoryLimiter, to: usize) -> bool {
        limiter.memory_growing(0, to, None).unwrap()
    }

    #[test]
    fn growth_is_counted_beyond_the_engine_and_goes_back_with_the_sandbox() {
        let ledger = Ledger::new(64 << 20);
        let mut limiter = MemoryLimiter::new(128 << 20, ledger.account("a"));
        assert!(grow(&mut limiter, ENGINE_BYTES) && ledger.held() == SANDBOX_BYTES as u64);
        assert!(grow(&mut limiter, ENGINE_BYTES + (30 << 20)));
        assert!(!grow(&mut limiter, ENGINE_BYTES + (33 << 20)), "an app has a half");
        assert_eq!((limiter.shortage(), limiter.denied()), (Some(Shortage::Account), true));
        assert!(grow(&mut limiter, ENGINE_BYTES + (31 << 20)), "what fits is had after a refusal, too");
        assert_eq!(ledger.held(), (31 << 20) + SANDBOX_BYTES as u64);
        drop(limiter);
        assert_eq!(ledger.held(), 0);
    }

    #[test]
    fn after_two_refusals_there_is_a_little_for_the_error() {
        let ledger = Ledger::new(2 << 20);
        let mut limiter = MemoryLimiter::new(128 << 20, ledger.account("a"));
        assert!(grow(&mut limiter, ENGINE_BYTES));
        let beyond = ENGINE_BYTES + (2 << 20);
        assert!(!grow(&mut limiter, beyond) && !grow(&mut limiter, beyond) && !grow(&mut limiter, beyond));
        assert!(grow(&mut limiter, ENGINE_BYTES + RESERVE_BYTES));
        let mut small = MemoryLimiter::new(1 << 20, Account::default());
        assert!(!grow(&mut small, (1 << 20) + 1) && !grow(&mut small, (1 << 20) + 1));
        assert!(grow(&mut small, (1 << 20) + RESERVE_BYTES) && !grow(&mut small, 2 << 20));
        assert_eq!(small.shortage(), None);
    }

    #[test]
    fn what_operations_hold_counts_against_the_sandbox_and_the_app() {
        let ledger = Ledger::new(64 << 20);
        let mut limiter = MemoryLimiter::new(20 << 20, ledger.account("a"));
        assert!(grow(&mut limiter, 10 << 20));
        let held = limiter.hold(8 << 20).unwrap();
        assert_eq!(limiter.hold(3 << 20).unwrap_err(), Refused::Limit);
        assert!(!grow(&mut limiter, 13 << 20), "both together are bounded");
        drop(held);
        let _held = limiter.hold(3 << 20).unwrap();
        let _others = ledger.account("a").take(22 << 20).unwrap();
        assert_eq!(limiter.hold(4 << 20).unwrap_err(), Refused::Ledger(Shortage::Account));
    }
}
