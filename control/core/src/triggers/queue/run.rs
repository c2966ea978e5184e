//! One start of a job: from its claim to its outcome.

use std::time::{Duration, Instant};

use mayfly_api::error::{ApiError, Code};
use mayfly_tenant_db::queue::{ClaimedJob, JobEnd};

use super::event::{self, JobEvent};
use crate::invoke::TriggerEvent;
use crate::triggers::run::{NotStarted, TriggerRunner, failure, finish, refusal};

/// For how long a node has a job without renewing its claim.
pub(super) const LEASE: Duration = Duration::from_secs(60);
/// For how long a job waits that could not start now.
const WAIT_SECONDS: f64 = 1.0;

/// Run a claimed job. `None`: too much time passed since the claim, so another node may have it.
pub(super) async fn attempt(
    runner: &TriggerRunner,
    app: &str,
    job: &ClaimedJob,
    claimed: Instant,
) -> Option<JobEnd> {
    // A process that was stopped for a while must not start what another node took over.
    if claimed.elapsed() > LEASE / 2 {
        return None;
    }
    let started = match TriggerEvent::job(JobEvent::new(job)) {
        Ok(trigger) => {
            let request = event::request(job, runner.url(app, &job.queue));
            runner.start(app, &job.queue, trigger, request).await
        }
        Err(error) => Err(NotStarted::Failed(ApiError::internal(error))),
    };
    let released = |error: &ApiError| JobEnd::Released { wait_seconds: WAIT_SECONDS, reason: refusal(error) };
    let failed = |error: &ApiError, is_final| JobEnd::Ran {
        invocation_id: None,
        status: None,
        error: Some(refusal(error)),
        is_final,
    };
    Some(match started {
        Ok(running) => {
            let record = finish(running).await;
            JobEnd::Ran {
                error: failure(&record),
                invocation_id: Some(record.id.clone()),
                status: record.status,
                is_final: false,
            }
        }
        Err(NotStarted::Later(error)) => released(&error),
        Err(NotStarted::Paused) => {
            released(&ApiError::new(Code::AppPaused, "the app is paused by its owner"))
        }
        // It would not be there the next time either.
        Err(NotStarted::Gone) => failed(&ApiError::not_found("the function"), true),
        Err(NotStarted::Failed(error)) => failed(&error, false),
    })
}
