//! Runs a recorded invocation again, to see whether its fuel was what was charged.

use std::sync::Arc;

use mayfly_runtime::{Engine, Image, Recording};
use serde_json::json;

use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::usage::UsageVerified;
use mayfly_quota::{ConcurrencyPermit, CpuScheduler};
use mayfly_secrets::KeyRing;
use mayfly_store::{InvocationQuery, InvocationRecord, Store, StoredRecording};

use crate::hot::{HotCompiler, NotAtHand};
use crate::invoke::{Invoker, recording_name};

/// Use cases of verification.
#[derive(Debug, Clone)]
pub struct Verify {
    /// The platform's tables.
    pub store: Store,
    /// Opens recordings.
    pub keyring: Arc<KeyRing>,
    /// Runs them.
    pub engine: Engine,
    /// The CPU scheduler.
    pub cpu_scheduler: CpuScheduler,
    /// Has compiled functions as they were.
    pub hot: HotCompiler,
    /// Knows what is not recorded yet.
    pub invoker: Invoker,
}

impl Verify {
    /// Run an invocation of the app again.
    pub async fn invocation(
        &self,
        app: &str,
        id: &str,
        mut permit: ConcurrencyPermit,
    ) -> ApiResult<UsageVerified> {
        self.invoker.recorded(app).await?;
        let record = self.record(app, id).await?;
        if let Some(why) = ended_by_the_clock(&record) {
            return Err(impossible(why));
        }
        let stored = self.store.recordings().get(app, id).await?.ok_or_else(|| {
            impossible("it was not recorded: recordPercent of its function says how many are, and a recording has a bound")
        })?;
        let image = self.image(app, &stored).await?;
        let bytes = self.keyring.decrypt_bytes(app, None, &recording_name(id), &stored.encrypted)?;
        let recording = Recording::from_bytes(bytes.to_vec()).map_err(ApiError::internal)?;
        let run = self.engine.replay(&image, &recording);
        let replay =
            self.cpu_scheduler.run(app.into(), permit.weight(), run).await.map_err(ApiError::internal)?;
        permit.spent(replay.outcome.usage.fuel);
        let replayed_fuel = replay.outcome.usage.fuel;
        Ok(UsageVerified {
            invocation_id: id.to_owned(),
            fuel: record.fuel,
            replayed_fuel,
            // To the unit, and by the same steps.
            matches: replay.divergence.is_none() && record.fuel == replayed_fuel,
            divergence: replay.divergence,
        })
    }

    async fn record(&self, app: &str, id: &str) -> ApiResult<InvocationRecord> {
        let wanted =
            InvocationQuery { limit: 1, invocation_id: Some(id.to_owned()), ..InvocationQuery::default() };
        let page = self.store.invocations().query(app, None, &wanted).await?;
        page.records.into_iter().next().ok_or_else(|| ApiError::not_found("the invocation"))
    }

    async fn image(&self, app: &str, stored: &StoredRecording) -> ApiResult<Image> {
        if stored.engine_digest != self.engine.digest() {
            return Err(impossible(
                "another engine ran it: fuel is counted in instructions of one engine build",
            ));
        }
        if let Some(digest) = &stored.compiled_digest {
            return match self.hot.as_recorded(app, &stored.image_digest, digest).await {
                Ok(image) => Ok(image),
                Err(NotAtHand::Never(why)) => Err(impossible(why)),
                Err(NotAtHand::Now(error)) => Err(error),
            };
        }
        if let Some(image) = self.engine.cached(&stored.image_digest) {
            return Ok(image);
        }
        let bytes = self.store.versions().image(&stored.image_digest).await?;
        let bytes = bytes.ok_or_else(|| impossible("its version is gone"))?;
        self.engine.load(&stored.image_digest, &bytes).await.map_err(ApiError::internal)
    }
}

/// The wall clock ends a guest between any two instructions, never between the same two.
fn ended_by_the_clock(record: &InvocationRecord) -> Option<&'static str> {
    let background = record.background.as_ref().and_then(|background| background.error_code.as_deref());
    [record.error_code.as_deref(), background]
        .contains(&Some(Code::FunctionTimeout.as_str()))
        .then_some("the wall clock ended it, which it does at no particular instruction")
}

fn impossible(why: &str) -> ApiError {
    ApiError::new(Code::StatePrerequisiteMissing, format!("the invocation cannot be run again: {why}"))
        .with_details(json!({ "reason": why }))
}
