//! Admission: rate and daily limits before a body is read, a concurrency permit after it.

use std::sync::Arc;

use crate::app_cache::{AppCache, CachedApp};
use mayfly_api::error::rate_limit_status::RateLimitStatus;
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_quota::{ConcurrencyLimiter, ConcurrencyPermit, Daily};

/// Use cases of admission. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Admission {
    /// The apps' limits.
    pub apps: AppCache,
    /// The concurrency limiter.
    pub concurrency: ConcurrencyLimiter,
    /// The daily quotas.
    pub daily: Daily,
}

/// A request that was counted against its limits, and waits for a permit.
#[derive(Debug)]
pub struct Counted {
    id: Arc<str>,
    app: Arc<CachedApp>,
    rate_limit: RateLimitStatus,
}

/// The permit of one invocation.
#[derive(Debug)]
pub struct Permit {
    /// The concurrency permit.
    pub slot: ConcurrencyPermit,
    /// What is left of the app's limits.
    pub rate_limit: RateLimitStatus,
}

impl Admission {
    /// Count a request of an app against its rate and its day.
    pub async fn count(&self, app: &str) -> ApiResult<Counted> {
        let cached = self.apps.get(app).await?;
        let mut rate_limit = RateLimitStatus::default();
        let counted = self.concurrency.count(app, &cached.limits);
        if let Some(rate) = cached.limits.rate {
            rate_limit.second(rate.per_second, counted.unwrap_or(None).unwrap_or(0));
        }
        let today = self.daily.check(app, &cached.limits.daily, &mut rate_limit).await?;
        match counted.map(|_| ()).and(today) {
            Ok(()) => Ok(Counted { id: app.into(), app: cached, rate_limit }),
            Err(refused) => Err(ApiError::from(refused).with_rate_limit(rate_limit)),
        }
    }

    /// A permit for it, as soon as there is one.
    pub async fn enter(&self, counted: Counted) -> ApiResult<Permit> {
        let Counted { id, app, rate_limit } = counted;
        match self.concurrency.take(&id, &app.limits).await {
            Ok(slot) => {
                self.daily.begin(&id);
                Ok(Permit { slot, rate_limit })
            }
            Err(refused) => Err(ApiError::from(refused).with_rate_limit(rate_limit)),
        }
    }
}
