//! `/v1/{app}/functions/{name}/cron`: a trigger's next slots and its last ones, and a run beside its schedule.

use std::sync::Arc;

use mayfly_api::cron::{CronInfo, SlotError, SlotInfo, SlotState};
use mayfly_api::endpoint::{ApiCall, Handler};
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::routes::{CronGet, CronRun};
use mayfly_api::triggers::TriggerKind;
use mayfly_common::clock;
use mayfly_store::{CronSlot, ManualRun, Store};
use tokio::sync::Notify;

use super::config::StoredCronConfig;
use super::schedule::CronSchedule;

/// Slots shown of what is to come, and of what was.
const NEXT_SHOWN: usize = 10;
const SLOTS_SHOWN: u32 = 100;
/// Manual runs of a function that may wait or run.
const MANUAL_MAX: u32 = 10;

/// Use cases of cron triggers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CronTriggers {
    /// The platform's tables.
    pub store: Store,
    /// Wakes this node's job.
    pub wake: Arc<Notify>,
}

impl CronTriggers {
    async fn config(&self, app: &str, name: &str) -> ApiResult<(StoredCronConfig, bool)> {
        let function = self.store.functions().get(app, name).await?;
        let function = function.ok_or_else(|| ApiError::not_found("the function"))?;
        let trigger = function.triggers.iter().find(|trigger| trigger.kind == TriggerKind::Cron);
        let trigger = trigger.ok_or_else(|| ApiError::not_found("the cron trigger"))?;
        let config = StoredCronConfig::read(&trigger.config)
            .ok_or_else(|| ApiError::internal("a stored cron config cannot be read"))?;
        Ok((config, trigger.enabled))
    }
}

impl Handler<CronGet> for CronTriggers {
    async fn handle(&self, call: ApiCall<CronGet>) -> ApiResult<CronInfo> {
        let (app, name) = (&call.context.app, call.context.name());
        let (config, enabled) = self.config(app, name).await?;
        let schedule = CronSchedule::parse(&config.schedule, &config.timezone).map_err(ApiError::internal)?;
        let next = if enabled { NEXT_SHOWN } else { 0 };
        let slots = self.store.cron().history(app, name, SLOTS_SHOWN).await?;
        Ok(CronInfo {
            next: schedule.after(clock::now()).take(next).map(Into::into).collect(),
            schedule: config.schedule,
            timezone: config.timezone,
            overlap: config.overlap,
            catchup: config.catchup,
            retries: config.retries,
            backoff_seconds: config.backoff_seconds,
            enabled,
            slots: slots.into_iter().map(info).collect(),
        })
    }
}

impl Handler<CronRun> for CronTriggers {
    async fn handle(&self, call: ApiCall<CronRun>) -> ApiResult<SlotInfo> {
        let (app, name) = (&call.context.app, call.context.name());
        let (config, enabled) = self.config(app, name).await?;
        if !enabled {
            let message = "the cron trigger is disabled; deploy it with `enabled: true`";
            return Err(ApiError::new(Code::StatePrerequisiteMissing, message));
        }
        let terms = ManualRun {
            schedule: &config.schedule,
            timezone: &config.timezone,
            attempts_max: config.retries + 1,
            backoff_seconds: config.backoff_seconds,
        };
        let slot = self.store.cron().run_now(app, name, &terms, MANUAL_MAX).await?;
        self.wake.notify_one();
        Ok(info(slot))
    }
}

fn info(slot: CronSlot) -> SlotInfo {
    SlotInfo {
        scheduled_at: slot.scheduled_at.into(),
        manual: slot.manual,
        state: slot.state,
        slots: slot.slots,
        attempt: slot.attempt,
        started_at: slot.started_at.map(Into::into),
        ended_at: slot.ended_at.map(Into::into),
        run_at: (slot.state == SlotState::Waiting).then(|| slot.run_at.into()),
        invocation_id: slot.invocation_id,
        status: slot.status,
        error: slot.error.map(|(code, message)| SlotError { code, message }),
    }
}
