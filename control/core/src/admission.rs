//! Who may run now: rates and daily limits before a body is read, room for a sandbox after it.

use std::sync::Arc;

use crate::app_config::{AppView, Configs};
use mayfly_api::error::rate_limit_status::RateLimitStatus;
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_quota::{ConcurrencyLimiter, ConcurrencyPermit, Daily};

/// Use cases of admission. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Admission {
    /// What apps are limited to.
    pub configs: Configs,
    /// Room for sandboxes.
    pub slots: ConcurrencyLimiter,
    /// What apps used of the day.
    pub daily: Daily,
}

/// A request that was counted, and waits for room.
#[derive(Debug)]
pub struct Counted {
    app: Box<str>,
    view: Arc<AppView>,
    rate_limit: RateLimitStatus,
}

/// Room for one invocation.
#[derive(Debug)]
pub struct Room {
    /// Where it runs.
    pub slot: ConcurrencyPermit,
    /// How the app stands with its limits.
    pub rate_limit: RateLimitStatus,
}

impl Admission {
    /// Count a request of an app against its rate and its day.
    pub async fn count(&self, app: &str) -> ApiResult<Counted> {
        let view = self.configs.get(app).await?;
        let mut rate_limit = RateLimitStatus::default();
        let counted = self.slots.count(app, &view.limits);
        if let Some(rate) = view.limits.rate {
            rate_limit.second(rate.per_second, counted.unwrap_or(None).unwrap_or(0));
        }
        let today = self.daily.check(app, &view.limits.daily, &mut rate_limit).await?;
        match counted.map(|_| ()).and(today) {
            Ok(()) => Ok(Counted { app: app.into(), view, rate_limit }),
            Err(refused) => Err(ApiError::from(refused).with_rate_limit(rate_limit)),
        }
    }

    /// Room for it, as soon as there is some.
    pub async fn enter(&self, counted: Counted) -> ApiResult<Room> {
        let Counted { app, view, rate_limit } = counted;
        match self.slots.take(&app, &view.limits).await {
            Ok(slot) => {
                self.daily.begin(&app);
                Ok(Room { slot, rate_limit })
            }
            Err(refused) => Err(ApiError::from(refused).with_rate_limit(rate_limit)),
        }
    }
}
