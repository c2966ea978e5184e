//! Reading a large body: its executor's other tasks go on on another thread, and apps take turns.

use std::sync::LazyLock;

use mayfly_ledger::{PlaceBounds, Places, TooManyWait};
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::error::{ApiError, ApiResult, Code};

/// Bodies up to this size are read in place, in less than a millisecond.
const IN_PLACE_BYTES_MAX: usize = 256 << 10;

static PLACES: LazyLock<Places> =
    LazyLock::new(|| Places::new(PlaceBounds { total: 2, per_app: 2, reserve: 1, waiting_per_app: 64 }));

/// Do `work`, which takes time in proportion to `bytes` of the app's and waits for nothing.
///
/// # Errors
/// `CONCURRENCY_LIMIT` when too many of the app's wait for that already.
pub async fn apart<T>(app: &str, bytes: usize, work: impl FnOnce() -> T) -> ApiResult<T> {
    let one_thread = || Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread;
    if bytes <= IN_PLACE_BYTES_MAX || one_thread() {
        return Ok(work());
    }
    let _place = PLACES.take(app).await.map_err(|TooManyWait| {
        ApiError::new(Code::ConcurrencyLimit, "too many large bodies of the app wait to be read")
    })?;
    Ok(tokio::task::block_in_place(work))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_large_body_leaves_the_executor_to_others() {
        let (begun, other) = tokio::sync::oneshot::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let large = tokio::spawn(async move {
            apart("app", IN_PLACE_BYTES_MAX + 1, move || {
                begun.send(()).unwrap();
                ended.recv()
            })
            .await
        });
        // There is one executor thread, and the work ends only after this task has run.
        other.await.unwrap();
        tokio::spawn(async move { end.send(()).unwrap() }).await.unwrap();
        large.await.unwrap().unwrap().unwrap();
    }

    #[tokio::test]
    async fn one_thread_alone_does_it_in_place() {
        assert_eq!(apart("app", usize::MAX, || 1).await.unwrap(), 1);
    }
}
