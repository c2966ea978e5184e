//! Invocations that have been answered and are not recorded yet: whoever reads the log waits for them a little.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// How long a reader waits. Without `waitUntil` the record follows the answer at once; with it, the record comes when
/// everything is over, and nobody waits for that.
const WAIT_MAX: Duration = Duration::from_millis(500);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Tails {
    by_app: Mutex<HashMap<Box<str>, OfApp>>,
}

/// One app's tails, and how many there may be before those that are recorded are looked for again: looking at all of
/// them for every one that comes would cost a busy app more than its answers do.
#[derive(Debug, Default)]
struct OfApp {
    tails: Vec<CancellationToken>,
    look_at: usize,
}

/// Fewer tails than these are not worth looking at.
const LOOK_AT_LEAST: usize = 64;

impl Tails {
    /// An invocation of `app` was answered; `finished` fires once it is recorded.
    pub(super) fn add(&self, app: &str, finished: CancellationToken) {
        let mut by_app = self.by_app.lock().unwrap_or_else(PoisonError::into_inner);
        match by_app.get_mut(app) {
            Some(of_app) => of_app.add(finished),
            None => by_app.entry(app.into()).or_default().add(finished),
        }
    }

    /// Wait for what was answered before.
    pub(super) async fn settle(&self, app: &str) {
        let waiting: Vec<_> = {
            let mut by_app = self.by_app.lock().unwrap_or_else(PoisonError::into_inner);
            by_app.retain(|_, of_app| {
                of_app.forget_recorded();
                !of_app.tails.is_empty()
            });
            by_app.get(app).map(|of_app| of_app.tails.clone()).unwrap_or_default()
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

impl OfApp {
    fn add(&mut self, finished: CancellationToken) {
        if self.tails.len() >= self.look_at.max(LOOK_AT_LEAST) {
            self.forget_recorded();
            self.look_at = 2 * self.tails.len();
        }
        self.tails.push(finished);
    }

    fn forget_recorded(&mut self) {
        self.tails.retain(|tail| !tail.is_cancelled());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_are_recorded_take_a_bounded_room() {
        let tails = Tails::default();
        let running = CancellationToken::new();
        tails.add("a", running.clone());
        for _ in 0..10_000 {
            let done = CancellationToken::new();
            done.cancel();
            tails.add("a", done);
        }
        let by_app = tails.by_app.lock().unwrap();
        assert!(by_app["a"].tails.len() <= LOOK_AT_LEAST + 1);
        assert!(by_app["a"].tails.iter().any(|tail| !tail.is_cancelled()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_waits_for_the_end_but_not_for_ever() {
        let tails = Tails::default();
        let (soon, never) = (CancellationToken::new(), CancellationToken::new());
        tails.add("a", soon.clone());
        let reader = tails.settle("a");
        tokio::pin!(reader);
        assert!(futures_util::poll!(&mut reader).is_pending());
        soon.cancel();
        reader.await;
        tails.add("a", never);
        tails.settle("a").await;
        tails.settle("b").await;
    }
}
