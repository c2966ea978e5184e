//! Watches how much memory of its own a process holds.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_millis(50);

/// A process that is being watched.
pub(super) struct Watch {
    stop: CancellationToken,
    peak: JoinHandle<Option<u64>>,
}

impl Watch {
    pub(super) fn start(pid: u32) -> Self {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let peak = tokio::spawn(async move {
            let mut peak = held(pid);
            while !stopped.is_cancelled() {
                peak = peak.max(held(pid));
                let _ = tokio::time::timeout(EVERY, stopped.cancelled()).await;
            }
            peak
        });
        Self { stop, peak }
    }

    /// The most that it held, in bytes.
    pub(super) async fn stop(self) -> Option<u64> {
        self.stop.cancel();
        self.peak.await.expect("the watch ends")
    }
}

/// Anonymous memory, in bytes: not what is mapped of files.
fn held(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib << 10)
}
