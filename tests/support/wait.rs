//! Waiting for something to become true, without guessing how long that takes.

use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(20);
const LIMIT: Duration = Duration::from_secs(60);

/// Asks every 20 ms until there is an answer; panics after 60 s.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begin.elapsed() < LIMIT, "still not so after 60 s: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}
