//! Why a request is not served now, and when to come again.

use std::time::Duration;

use super::Rate;
use mayfly_api::error::{ApiError, Code};

/// A request that came in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The app has as many sandboxes as it may, and too many wait, or waited too long.
    App { max: u32 },
    /// The node has as many as it can.
    Node,
    /// Too many requests in a second.
    Rate { rate: Rate, wait: Duration },
    /// A day's share is used up.
    Daily {
        /// As the config calls it.
        limit: &'static str,
        /// What it is.
        max: u64,
        /// Until midnight UTC.
        resets_in: Duration,
    },
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::App { max } => {
                Self::new(Code::ConcurrencyLimit, format!("this app runs {max} invocations at once already"))
                    .with_details(serde_json::json!({ "limit": max }))
            }
            Refused::Node => Self::new(Code::Overloaded, "this node runs as many invocations as it can"),
            Refused::Rate { rate, wait } => {
                let text = format!("this app may begin {} invocations a second", rate.per_second);
                Self::new(Code::QuotaRateLimit, text)
                    .with_details(serde_json::json!({ "quota": "rate_per_second", "limit": rate.per_second }))
                    .retry_after_seconds(seconds(wait))
            }
            Refused::Daily { limit, max, resets_in } => Self::new(
                Code::QuotaRateLimit,
                format!("this app's {limit} of {max} are used up until midnight UTC"),
            )
            .with_details(serde_json::json!({ "quota": limit, "limit": max }))
            .retry_after_seconds(seconds(resets_in)),
        }
    }
}

/// A second that has begun counts: who comes too early comes in vain again.
fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs() + 1).unwrap_or(u32::MAX)
}
