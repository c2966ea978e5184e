//! The least rate of a body that something waits for.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use mayfly_api::error::{ApiError, ApiResult, Code};
use tokio::time::Instant;

/// What has to arrive within the time.
const LEAST_BYTES: usize = 64 << 10;
const LEAST_TIME: Duration = Duration::from_secs(10);

/// How fast a body has to arrive while something waits for it: 64 KiB within the time that is waited for them, or all of it.
#[derive(Default)]
pub(super) struct Pace {
    waited: Duration,
    arrived: usize,
}

impl Pace {
    /// The next piece. Only the time that it takes counts: a reader that is slow itself is no fault of the sender's.
    pub(super) async fn within(
        &mut self,
        next: impl Future<Output = ApiResult<Option<Bytes>>>,
    ) -> ApiResult<Option<Bytes>> {
        let begun = Instant::now();
        let piece =
            tokio::time::timeout(LEAST_TIME.saturating_sub(self.waited), next).await.map_err(|_| {
                let (kib, seconds) = (LEAST_BYTES >> 10, LEAST_TIME.as_secs());
                let text =
                    format!("the body arrived too slowly: {kib} KiB within {seconds} seconds are the least");
                ApiError::new(Code::RequestTimeout, text)
            })??;
        self.waited += begun.elapsed();
        self.arrived += piece.as_ref().map_or(0, Bytes::len);
        if self.arrived >= LEAST_BYTES {
            *self = Self::default();
        }
        Ok(piece)
    }
}
