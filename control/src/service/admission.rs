//! Who may run now: rates and daily limits before a body is read, room for a sandbox after it.

use std::sync::Arc;

use super::config::{AppView, Configs};
use crate::error::{ApiError, ApiResult};
use crate::quota::{Daily, Slot, Slots, Standing};

/// Use cases of admission. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Admission {
    /// What apps are limited to.
    pub configs: Configs,
    /// Room for sandboxes.
    pub slots: Slots,
    /// What apps used of the day.
    pub daily: Daily,
}

/// A request that was counted, and waits for room.
#[derive(Debug)]
pub struct Counted {
    app: Box<str>,
    view: Arc<AppView>,
    standing: Standing,
}

/// Room for one invocation.
#[derive(Debug)]
pub struct Room {
    /// Where it runs.
    pub slot: Slot,
    /// How the app stands with its limits.
    pub standing: Standing,
}

impl Admission {
    /// Count a request of an app against its rate and its day.
    pub async fn count(&self, app: &str) -> ApiResult<Counted> {
        let view = self.configs.get(app).await?;
        let mut standing = Standing::default();
        let counted = self.slots.count(app, &view.limits);
        if let Some(rate) = view.limits.rate {
            standing.second(rate.per_second, counted.unwrap_or(None).unwrap_or(0));
        }
        let today = self.daily.check(app, &view.limits.daily, &mut standing).await?;
        match counted.map(|_| ()).and(today) {
            Ok(()) => Ok(Counted { app: app.into(), view, standing }),
            Err(refused) => Err(ApiError::from(refused).with_standing(standing)),
        }
    }

    /// Room for it, as soon as there is some.
    pub async fn enter(&self, counted: Counted) -> ApiResult<Room> {
        let Counted { app, view, standing } = counted;
        match self.slots.take(&app, &view.limits).await {
            Ok(slot) => {
                self.daily.begin(&app);
                Ok(Room { slot, standing })
            }
            Err(refused) => Err(ApiError::from(refused).with_standing(standing)),
        }
    }
}
