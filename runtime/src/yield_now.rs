//! `yield_now`: lets other tasks run on this thread, without polling for I/O first.

use std::future::poll_fn;
use std::task::Poll;

/// Yields to the tasks that are ready now, and comes back after them. Tokio's own `yield_now` wakes a task only after the
/// I/O driver was polled: each yield of a loop would let newly accepted requests in ahead of it.
pub async fn yield_now() {
    let mut has_yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
