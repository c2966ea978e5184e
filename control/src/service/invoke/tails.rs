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
    by_app: Mutex<HashMap<Box<str>, Vec<CancellationToken>>>,
}

impl Tails {
    /// An invocation of `app` was answered; `finished` fires once it is recorded.
    pub(super) fn add(&self, app: &str, finished: CancellationToken) {
        let mut by_app = self.by_app.lock().unwrap_or_else(PoisonError::into_inner);
        match by_app.get_mut(app) {
            Some(tails) => {
                tails.retain(|tail| !tail.is_cancelled());
                tails.push(finished);
            }
            None => drop(by_app.insert(app.into(), vec![finished])),
        }
    }

    /// Wait for what was answered before.
    pub(super) async fn settle(&self, app: &str) {
        let waiting: Vec<_> = {
            let mut by_app = self.by_app.lock().unwrap_or_else(PoisonError::into_inner);
            let waiting = by_app.get(app).cloned().unwrap_or_default();
            by_app.retain(|_, tails| tails.iter().any(|tail| !tail.is_cancelled()));
            waiting
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

#[cfg(test)]
mod tests {
    use super::*;

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
