//! Waiting for what happens by itself, without guessing how long that takes.

use std::time::{Duration, Instant};

/// Asks every 20 ms until there is an answer, for 30 s at most.
pub async fn until<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "it did not happen");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
