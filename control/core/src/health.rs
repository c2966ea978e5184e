//! Whether the parts of the server work.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use mayfly_quota::ConcurrencyLimiter;
use mayfly_store::POSTGRESQL;
use mayfly_store::{Sink, Store};

/// Longer than any healthy answer, shorter than an orchestrator's patience.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// Use cases of health.
#[derive(Debug, Clone)]
pub struct Health {
    /// The platform's tables.
    pub store: Store,
    /// Records.
    pub sink: Sink,
    /// Sandboxes.
    pub slots: ConcurrencyLimiter,
    /// Set once a shutdown has begun.
    pub stop: CancellationToken,
}

/// How one part is.
#[derive(Debug)]
pub struct Part {
    /// Its name.
    pub name: &'static str,
    /// What is wrong with it, in words that an outsider may read.
    pub trouble: Option<&'static str>,
}

/// How everything is.
#[derive(Debug)]
pub struct Report {
    /// Each part.
    pub parts: Vec<Part>,
    /// Sandboxes at work.
    pub invocations_running: u32,
    /// Records that had to be dropped since the start.
    pub records_dropped: u64,
}

impl Report {
    /// Whether requests should be sent here.
    pub fn is_ready(&self) -> bool {
        self.parts.iter().all(|part| part.trouble.is_none())
    }
}

impl Health {
    /// Look at every part.
    pub async fn report(&self) -> Report {
        let postgresql = match tokio::time::timeout(PING_TIMEOUT, self.store.ping()).await {
            Ok(Ok(())) => None,
            Ok(Err(_)) => Some("cannot be reached"),
            Err(_) => Some("does not answer in time"),
        };
        let listener = self.stop.is_cancelled().then_some("is shutting down");
        Report {
            parts: vec![
                Part { name: POSTGRESQL, trouble: postgresql },
                Part { name: "listener", trouble: listener },
            ],
            invocations_running: self.slots.in_use(),
            records_dropped: self.sink.counts().dropped,
        }
    }
}
