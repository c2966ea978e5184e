//! `PendingRecords`: invocations whose response was sent but whose record isn't written yet. Reads of the log wait up to
//! 500 ms for them (read your writes).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// How long a reader waits. Without `waitUntil` the record is written right after the response; with it, after the
/// background work, which no reader waits for.
const WAIT_MAX: Duration = Duration::from_millis(500);

/// By app, the end of each invocation that is not recorded yet.
#[derive(Debug, Default)]
pub(super) struct PendingRecords {
    by_app: Mutex<HashMap<Box<str>, AppPending>>,
}

/// One app's pending_records, and how many there may be before those that are recorded are looked for again: looking at all of
/// them for every one that comes would cost a busy app more than its answers do.
#[derive(Debug, Default)]
struct AppPending {
    pending_records: Vec<CancellationToken>,
    look_at: usize,
}

/// Fewer pending_records than these are not worth looking at.
const LOOK_AT_LEAST: usize = 64;

impl PendingRecords {
    /// An invocation of `app` was responded to; `finished` fires once it is recorded.
    pub(super) fn add(&self, app: &str, finished: CancellationToken) {
        let mut by_app = self.by_app.lock().unwrap_or_else(PoisonError::into_inner);
        match by_app.get_mut(app) {
            Some(app_pending) => app_pending.add(finished),
            None => by_app.entry(app.into()).or_default().add(finished),
        }
    }

    /// Wait for what was answered before.
    pub(super) async fn wait(&self, app: &str) {
        let waiting: Vec<_> = {
            let mut by_app = self.by_app.lock().unwrap_or_else(PoisonError::into_inner);
            by_app.retain(|_, app_pending| {
                app_pending.forget_recorded();
                !app_pending.pending_records.is_empty()
            });
            by_app.get(app).map(|app_pending| app_pending.pending_records.clone()).unwrap_or_default()
        };
        let all = async {
            for tail in &waiting {
                tail.cancelled().await;
            }
        };
        // Whatever takes longer has a `waitUntil`.
        let _ = tokio::time::timeout(WAIT_MAX, all).await;
    }
}

impl AppPending {
    fn add(&mut self, finished: CancellationToken) {
        if self.pending_records.len() >= self.look_at.max(LOOK_AT_LEAST) {
            self.forget_recorded();
            self.look_at = 2 * self.pending_records.len();
        }
        self.pending_records.push(finished);
    }

    fn forget_recorded(&mut self) {
        self.pending_records.retain(|tail| !tail.is_cancelled());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_are_recorded_take_a_bounded_room() {
        let pending_records = PendingRecords::default();
        let running = CancellationToken::new();
        pending_records.add("a", running.clone());
        for _ in 0..10_000 {
            let done = CancellationToken::new();
            done.cancel();
            pending_records.add("a", done);
        }
        let by_app = pending_records.by_app.lock().unwrap();
        assert!(by_app["a"].pending_records.len() <= LOOK_AT_LEAST + 1);
        assert!(by_app["a"].pending_records.iter().any(|tail| !tail.is_cancelled()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_waits_for_the_end_but_not_for_ever() {
        let pending_records = PendingRecords::default();
        let (soon, never) = (CancellationToken::new(), CancellationToken::new());
        pending_records.add("a", soon.clone());
        let reader = pending_records.wait("a");
        tokio::pin!(reader);
        assert!(futures_util::poll!(&mut reader).is_pending());
        soon.cancel();
        reader.await;
        pending_records.add("a", never);
        pending_records.wait("a").await;
        pending_records.wait("b").await;
    }
}
