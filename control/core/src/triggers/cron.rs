//! Cron triggers: points in time. A job on every node plans slots and starts them; the ledger is the table of cron slots.

mod config;
mod event;
mod expression;
mod job;
mod plan;
mod run;
mod schedule;
mod use_cases;

use chrono::{DateTime, Utc};
use serde_json::Value;

pub(crate) use config::Cron;
pub use job::{CronJob, CronParts};
pub use plan::decide;
pub use schedule::{CronSchedule, ScheduleError};
pub use use_cases::CronTriggers;

/// When a trigger with this stored config fires next.
pub(crate) fn next_run(config: &Value, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let config = config::StoredCronConfig::read(config)?;
    CronSchedule::parse(&config.schedule, &config.timezone).ok()?.next_after(after)
}
