//! Config of a cron trigger.

use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::triggers::{Catchup, CronTriggerConfig, Overlap, TriggerKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::schedule::{CronSchedule, ScheduleError};
use crate::triggers::TriggerUnit;

/// The default of `backoff_seconds`.
const BACKOFF_SECONDS: u32 = 10;

/// The kind.
pub(crate) struct Cron;

/// What is kept of a config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredCronConfig {
    pub(crate) schedule: String,
    pub(crate) timezone: String,
    pub(crate) overlap: Overlap,
    pub(crate) catchup: Catchup,
    pub(crate) retries: u32,
    pub(crate) backoff_seconds: u32,
}

impl StoredCronConfig {
    /// As it was stored.
    pub(super) fn read(config: &Value) -> Option<Self> {
        Self::deserialize(config).ok()
    }
}

impl TriggerUnit for Cron {
    const KIND: TriggerKind = TriggerKind::Cron;
    const AVAILABLE: bool = true;
    type Config = CronTriggerConfig;
    type Stored = StoredCronConfig;

    fn check(config: CronTriggerConfig, path: &str) -> ApiResult<StoredCronConfig> {
        let schedule = config.schedule.trim().to_owned();
        let timezone = config.timezone.as_deref().unwrap_or("UTC").to_owned();
        CronSchedule::parse(&schedule, &timezone).map_err(|error| {
            let field = match error {
                ScheduleError::Expression(_) => "schedule",
                ScheduleError::Zone => "timezone",
            };
            ApiError::invalid(&format!("{path}.{field}"), error.to_string())
        })?;
        Ok(StoredCronConfig {
            schedule,
            timezone,
            overlap: config.overlap.unwrap_or(Overlap::Skip),
            catchup: config.catchup.unwrap_or(Catchup::Last),
            retries: config.retries.map_or(0, |retries| retries.get()),
            backoff_seconds: config.backoff_seconds.map_or(BACKOFF_SECONDS, |seconds| seconds.get()),
        })
    }
}
