//! Quotas of an app: rate limit, concurrency limit, daily limits, and its fair share of the CPU.
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "a test spawns by itself"))]

mod concurrency;
mod daily;
mod error;
mod fair_queue;
mod limits;
mod scheduler;
mod token_bucket;

pub use concurrency::{ConcurrencyLimiter, ConcurrencyPermit};
pub use daily::Daily;
pub use error::QuotaError;
pub use limits::{AppLimits, DailyLimits, EffectiveLimits, Rate};
pub use scheduler::{CpuScheduler, Scheduled};
