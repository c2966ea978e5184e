//! The wall clock of one invocation: it starts again when the response is given.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// When the guest is to be stopped. Shared between who runs the guest and who sets it.
#[derive(Debug, Clone)]
pub(crate) struct Deadline {
    started: Instant,
    // Microseconds after `started`.
    after: Arc<AtomicU64>,
}

impl Deadline {
    pub(crate) fn new(started: Instant, timeout: Duration) -> Self {
        Self { started, after: Arc::new(AtomicU64::new(timeout.as_micros() as u64)) }
    }

    /// The deadline.
    pub(crate) fn at(&self) -> Instant {
        self.started + Duration::from_micros(self.after.load(Ordering::Relaxed))
    }

    pub(super) fn set(&self, at: Instant) {
        let after = at.saturating_duration_since(self.started).as_micros() as u64;
        self.after.store(after, Ordering::Relaxed);
    }
}
