//! Says to a client that asked for it that long work goes on.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::ProgressNotificationParam;
use rmcp::service::RequestContext;

/// Between two notifications.
const EVERY: Duration = Duration::from_secs(2);

/// The work's result; every two seconds the client hears that it goes on.
pub(crate) async fn reported<T>(
    context: &RequestContext<RoleServer>,
    what: &str,
    work: impl Future<Output = T>,
) -> T {
    let Some(token) = context.meta.get_progress_token() else { return work.await };
    let mut work = pin!(work);
    let mut seconds = 0;
    loop {
        match tokio::time::timeout(EVERY, work.as_mut()).await {
            Ok(done) => return done,
            Err(_) => {
                seconds += EVERY.as_secs();
                let mut progress = ProgressNotificationParam::new(token.clone(), seconds as f64);
                progress.message = Some(format!("{what} has run for {seconds} seconds"));
                // A client that went away ends the work by its own token.
                let _ = context.peer.notify_progress(progress).await;
            }
        }
    }
}
