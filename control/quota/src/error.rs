//! `QuotaError`: which limit refused a request, and when to retry.

use std::time::Duration;

use super::Rate;
use mayfly_api::error::{ApiError, Code};

/// The limit that refused a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuotaError {
    /// The app's concurrency limit is reached, and its queue is full or the wait was too long.
    App { max: u32 },
    /// The node's concurrency limit is reached.
    Node,
    /// The rate limit is reached.
    Rate { rate: Rate, wait: Duration },
    /// A daily limit is reached.
    Daily {
        /// As the config calls it.
        limit: &'static str,
        /// What it is.
        max: u64,
        /// Until midnight UTC.
        resets_in: Duration,
    },
}

impl From<QuotaError> for ApiError {
    fn from(error: QuotaError) -> Self {
        match error {
            QuotaError::App { max } => {
                Self::new(Code::ConcurrencyLimit, format!("this app runs {max} invocations at once already"))
                    .with_details(serde_json::json!({ "limit": max }))
            }
            QuotaError::Node => Self::new(Code::Overloaded, "this node runs as many invocations as it can"),
            QuotaError::Rate { rate, wait } => {
                let text = format!("this app may begin {} invocations a second", rate.per_second);
                Self::new(Code::QuotaRateLimit, text)
                    .with_details(serde_json::json!({ "quota": "rate_per_second", "limit": rate.per_second }))
                    .retry_after_seconds(seconds(wait))
            }
            QuotaError::Daily { limit, max, resets_in } => Self::new(
                Code::QuotaRateLimit,
                format!("this app's {limit} of {max} are used up until midnight UTC"),
            )
            .with_details(serde_json::json!({ "quota": limit, "limit": max }))
            .retry_after_seconds(seconds(resets_in)),
        }
    }
}

/// Rounded up: a caller that retries too early is refused again.
fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs() + 1).unwrap_or(u32::MAX)
}
