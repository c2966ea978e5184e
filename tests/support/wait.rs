//! Waits for a state that nothing announces.

use std::future::Future;
use std::time::{Duration, Instant};

/// How long a test waits before it fails.
const LIMIT: Duration = Duration::from_secs(60);

/// Asks until there is an answer, and fails with `what` when none comes.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begun.elapsed() < LIMIT, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
