//! Unmaps the images of functions that nobody calls: each comes back from the cache directory with its next call.

use std::time::Duration;

use mayfly_runtime::Engine;

/// How long after its last call an image is let go of: far longer than it takes to map it again.
const IDLE: Duration = Duration::from_secs(60);
/// How often is looked for such images.
const EVERY: Duration = Duration::from_secs(15);

/// Look for as long as the server runs.
pub async fn keep(engine: Engine) {
    loop {
        tokio::time::sleep(EVERY).await;
        let images = engine.release_idle(IDLE);
        if images > 0 {
            tracing::debug!(images, "images that nobody called were unmapped");
        }
    }
}
