//! `GET /v1/{app}/triggers`: the triggers of all functions of an app.

use mayfly_api::endpoint::{ApiCall, Handler};
use mayfly_api::error::ApiResult;
use mayfly_api::routes::TriggersList;
use mayfly_api::triggers::{TriggerActivation, TriggerKind, TriggerList, TriggerRun, TriggerStatus};
use mayfly_common::clock;
use mayfly_store::{AppTrigger, Store};

use super::{cron, shown};
use crate::invoke::Invoker;

/// Use cases of an app's triggers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Triggers {
    /// The platform's tables.
    pub store: Store,
    /// Knows what is not recorded yet.
    pub invoker: Invoker,
}

impl Handler<TriggersList> for Triggers {
    async fn handle(&self, call: ApiCall<TriggersList>) -> ApiResult<TriggerList> {
        let app = &call.context.app;
        self.invoker.recorded(app).await?;
        let triggers = self.store.triggers().of_app(app).await?;
        Ok(TriggerList { triggers: triggers.into_iter().map(status).collect() })
    }
}

fn status(found: AppTrigger) -> TriggerStatus {
    let state = match (found.trigger.enabled, found.paused) {
        (false, _) => TriggerActivation::Disabled,
        (true, true) => TriggerActivation::Paused,
        (true, false) => TriggerActivation::Active,
    };
    let next_run = match found.trigger.kind {
        TriggerKind::Cron if state == TriggerActivation::Active => {
            cron::next_run(&found.trigger.config, clock::now()).map(Into::into)
        }
        _ => None,
    };
    TriggerStatus {
        function: found.function,
        kind: found.trigger.kind,
        config: shown(found.trigger).config,
        state,
        next_run,
        last_run: found.last_run.map(|run| TriggerRun {
            invocation_id: run.invocation_id,
            started_at: run.started_at.into(),
            status: run.status,
            error_code: run.error_code,
        }),
    }
}
