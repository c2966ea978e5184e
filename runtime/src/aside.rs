//! Letting others have the thread.

use std::future::poll_fn;
use std::task::Poll;

/// Lets others have the thread, and comes back after those that wait for it now. Tokio's own way comes back only when the
/// thread has asked the kernel for news: each step of a loop would fetch requests of others to stand behind it.
pub async fn step_aside() {
    let mut is_back = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut is_back, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
