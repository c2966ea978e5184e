//! One attempt of an upload event, from a node's job.

use std::time::{Duration, Instant};

use mayfly_api::error::{ApiError, Code};
use mayfly_api::triggers::{Trigger, TriggerKind};
use mayfly_runtime::Request;
use mayfly_store::{ClaimedUpload, UploadOutcome, UploadRelease};

use super::{Uploads, event};
use crate::invoke::Running;
use crate::triggers::run::{NotStarted, failure, finish, refusal};

/// For how long a node has an event without renewing its claim.
pub(super) const LEASE: Duration = Duration::from_secs(60);
/// For how long an event waits that could not start now, or whose app was paused since it was claimed.
const WAIT_SECONDS: f64 = 1.0;

/// What became of a claimed event.
pub(super) enum Attempt {
    /// This.
    Ended(UploadOutcome),
    /// It waits again.
    Released(UploadRelease),
    /// Too much time passed since the claim: another node may have it.
    Abandoned,
}

/// Run a claimed event.
pub(super) async fn attempt(uploads: &Uploads, upload: ClaimedUpload, claimed: Instant) -> Attempt {
    // A process that was stopped for a while must not start what another node took over.
    if claimed.elapsed() > LEASE / 2 {
        return Attempt::Abandoned;
    }
    let outcome = |error: Option<(String, String)>| UploadOutcome {
        id: upload.id.clone(),
        attempt: upload.attempt,
        invocation_id: None,
        status: None,
        error,
        is_final: false,
    };
    let released = |error: &ApiError| {
        Attempt::Released(UploadRelease {
            id: upload.id.clone(),
            attempt: upload.attempt,
            wait_seconds: WAIT_SECONDS,
            reason: refusal(error),
        })
    };
    match start(uploads, &upload).await {
        Ok(running) => {
            let record = finish(running).await;
            Attempt::Ended(UploadOutcome {
                invocation_id: Some(record.id.clone()),
                status: record.status,
                ..outcome(failure(&record))
            })
        }
        Err(NotStarted::Later(error)) => released(&error),
        Err(NotStarted::Paused) => {
            released(&ApiError::new(Code::AppPaused, "the app is paused by its owner"))
        }
        Err(NotStarted::Gone) => {
            let error = refusal(&ApiError::not_found("the function"));
            Attempt::Ended(UploadOutcome { is_final: true, ..outcome(Some(error)) })
        }
        Err(NotStarted::Failed(error)) => {
            let is_final = error.code() == Code::ResourceNotFound;
            Attempt::Ended(UploadOutcome { is_final, ..outcome(Some(refusal(&error))) })
        }
    }
}

async fn start(uploads: &Uploads, upload: &ClaimedUpload) -> Result<Running, NotStarted> {
    let (app, name) = (&upload.app_id, &upload.function_name);
    let found = uploads.runner.functions.by_name(app, name).await.map_err(NotStarted::of)?;
    // A trigger that was disabled or removed since starts nothing.
    if !is_enabled(&found.ok_or(NotStarted::Gone)?.function.triggers) {
        return Err(NotStarted::Failed(ApiError::not_found("the upload trigger")));
    }
    let body = serde_json::to_vec(&event::notification(upload)).map_err(ApiError::internal);
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let request = Request {
        method: "POST".to_owned(),
        url: uploads.runner.url(app, name),
        headers: vec![header("content-type", "application/json"), header("x-trigger-type", "s3_upload")],
        body: Some(body.map_err(NotStarted::Failed)?.into()),
    };
    uploads.runner.start(app, name, event::trigger(upload)?, request).await
}

/// Whether an enabled upload trigger is among these.
pub(super) fn is_enabled(triggers: &[Trigger]) -> bool {
    triggers.iter().any(|trigger| trigger.kind == TriggerKind::S3Upload && trigger.enabled)
}

/// Give an event back.
pub(super) async fn release(uploads: &Uploads, release: &UploadRelease) {
    if let Err(error) = uploads.store.storage_events().release(&uploads.node, release).await {
        tracing::warn!(%error, "an upload event cannot be given back; it starts when its claim expires");
    }
}
