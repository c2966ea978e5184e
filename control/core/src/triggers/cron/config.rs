//! Config of a cron trigger.

use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::triggers::{CronTriggerConfig, TriggerKind};

use crate::triggers::TriggerUnit;

/// The kind.
pub(crate) struct Cron;

impl TriggerUnit for Cron {
    const KIND: TriggerKind = TriggerKind::Cron;
    const AVAILABLE: bool = false;
    type Config = CronTriggerConfig;
    type Stored = CronTriggerConfig;

    fn check(config: CronTriggerConfig, path: &str) -> ApiResult<CronTriggerConfig> {
        if matches!(config.schedule.split_whitespace().count(), 5 | 6) {
            return Ok(config);
        }
        Err(ApiError::invalid(&format!("{path}.schedule"), "must have five or six fields"))
    }
}
