//! `/v1/{app}/queues`: what waits, runs and has ended; and what an owner does with it.

use chrono::{DateTime, Utc};
use mayfly_api::endpoint::{ApiCall, CallContext, Handler};
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::ids::{job_id, job_number};
use mayfly_api::queues::{
    EnqueueJob, EnqueuedJob, JobError, JobInfo, JobPage, JobState, QueueInfo, QueueList, QueueSettingsInfo,
};
use mayfly_api::routes::{JobCancel, JobEnqueue, JobGet, JobReplay, JobsList, QueuePatch, QueuesList};
use mayfly_common::clock;
use mayfly_runtime::providers::{JobStart, NewJob};
use mayfly_tenant_db::queue::{self, JobQuery, JobRow, QueueChange, QueueCounts};

use super::Queues;

/// Jobs of a page.
const PAGE: u32 = 100;

impl Queues {
    /// A worker looks at the app's queues.
    async fn wake(&self, app: &str) -> ApiResult<()> {
        self.enqueuer.arm(app).await?;
        self.tenants.queue_wakes().wake(&app.into());
        Ok(())
    }
}

impl Handler<QueuesList> for Queues {
    async fn handle(&self, call: ApiCall<QueuesList>) -> ApiResult<QueueList> {
        let queues = self.tenants.queues(&call.context.app).await?;
        Ok(QueueList { queues: queues.into_iter().map(queue_info).collect() })
    }
}

impl Handler<QueuePatch> for Queues {
    async fn handle(&self, call: ApiCall<QueuePatch>) -> ApiResult<QueueSettingsInfo> {
        let (app, name) = (&call.context.app, call.context.name());
        self.enqueuer.check_function(app, name).await?;
        let patch = call.body.0;
        let concurrency = patch.concurrency.map(|limit| limit.map(|limit| limit.get()));
        let settings =
            self.tenants.change_queue(app, name, QueueChange { concurrency, paused: patch.paused }).await?;
        self.wake(app).await?;
        Ok(QueueSettingsInfo {
            name: name.to_owned(),
            concurrency: settings.concurrency,
            paused: settings.paused,
        })
    }
}

impl Handler<JobsList> for Queues {
    async fn handle(&self, call: ApiCall<JobsList>) -> ApiResult<JobPage> {
        let read = |text: &str| {
            job_number(text).ok_or_else(|| ApiError::invalid("cursor", "is not one that this route gave out"))
        };
        let query = JobQuery {
            limit: call.query.limit.map_or(PAGE, |limit| limit.get()),
            before: call.query.cursor.as_deref().map(read).transpose()?,
            state: call.query.state,
        };
        let (jobs, has_more) = self.tenants.jobs(&call.context.app, call.context.name(), query).await?;
        let last = jobs.last().filter(|_| has_more);
        Ok(JobPage {
            next_cursor: last.map(|last| job_id(last.id)),
            jobs: jobs.into_iter().map(info).collect(),
        })
    }
}

impl Handler<JobEnqueue> for Queues {
    async fn handle(&self, call: ApiCall<JobEnqueue>) -> ApiResult<EnqueuedJob> {
        let (app, name) = (&call.context.app, call.context.name());
        self.enqueuer.check_function(app, name).await?;
        let job = new_job(name, call.body.0)?;
        self.enqueuer.arm(app).await?;
        let stored = self.enqueuer.enqueue(app, &job).await.map_err(|error| {
            ApiError::new(
                Code::SubsystemUnavailable,
                format!("the job cannot be stored now: {}", error.message),
            )
        })?;
        Ok(EnqueuedJob { id: stored.id, duplicate: stored.duplicate })
    }
}

impl Handler<JobGet> for Queues {
    async fn handle(&self, call: ApiCall<JobGet>) -> ApiResult<JobInfo> {
        let (app, name) = (&call.context.app, call.context.name());
        Ok(info(self.tenants.job(app, name, number(&call.context)?).await?))
    }
}

impl Handler<JobReplay> for Queues {
    async fn handle(&self, call: ApiCall<JobReplay>) -> ApiResult<JobInfo> {
        let (app, name) = (&call.context.app, call.context.name());
        self.enqueuer.check_function(app, name).await?;
        self.enqueuer.arm(app).await?;
        let job = self.tenants.replay_job(app, name, number(&call.context)?).await?;
        self.wake(app).await?;
        Ok(info(job))
    }
}

impl Handler<JobCancel> for Queues {
    async fn handle(&self, call: ApiCall<JobCancel>) -> ApiResult<JobInfo> {
        let (app, name) = (&call.context.app, call.context.name());
        Ok(info(self.tenants.cancel_job(app, name, number(&call.context)?).await?))
    }
}

fn number(context: &CallContext) -> ApiResult<i64> {
    let id = context.names.get(1).map_or("", String::as_str);
    job_number(id).ok_or_else(|| ApiError::not_found("the job"))
}

fn new_job(name: &str, body: EnqueueJob) -> ApiResult<NewJob> {
    let bounded = |field: &str, value: Option<f64>, max: f64| match value {
        Some(seconds) if !(0.0..=max).contains(&seconds) => {
            Err(ApiError::invalid(field, format!("is a number of seconds from 0 to {max}")))
        }
        _ => Ok(value),
    };
    let delay = bounded("delay", body.delay, queue::DELAY_SECONDS_MAX)?;
    let backoff_seconds = bounded("backoff", body.backoff, queue::BACKOFF_SECONDS_MAX)?;
    let start = match (delay, body.at) {
        (Some(_), Some(_)) => return Err(ApiError::invalid("at", "excludes delay")),
        (Some(seconds), None) => JobStart::In(seconds * 1000.0),
        (None, Some(at)) => JobStart::At(unix_ms(at.0)),
        (None, None) => JobStart::Now,
    };
    let payload = body.payload.to_string();
    if payload.len() > queue::PAYLOAD_BYTES_MAX {
        let message = format!("payload: it may have {} bytes of JSON at most", queue::PAYLOAD_BYTES_MAX);
        return Err(ApiError::new(Code::PayloadTooLarge, message));
    }
    let job = NewJob {
        function: name.to_owned(),
        payload,
        key: body.key.map(|key| key.to_string()),
        start,
        attempts: body.attempts.map(|attempts| attempts.get()),
        backoff_seconds,
    };
    queue::check_job(&job, unix_ms(clock::now())).map_err(|error| {
        let field = if error.code == "22008" { "at" } else { "key" };
        ApiError::invalid(field, error.message)
    })?;
    Ok(job)
}

/// Milliseconds since 1970.
#[allow(clippy::cast_precision_loss, reason = "a time in milliseconds has fewer than 53 bits")]
fn unix_ms(at: DateTime<Utc>) -> f64 {
    at.timestamp_millis() as f64
}

fn queue_info(queue: QueueCounts) -> QueueInfo {
    let [waiting, running, done, dead, cancelled] = queue.counts;
    QueueInfo {
        name: queue.name,
        concurrency: queue.settings.concurrency,
        paused: queue.settings.paused,
        waiting,
        running,
        done,
        dead,
        cancelled,
        oldest_due: queue.oldest_due.map(Into::into),
    }
}

fn info(job: JobRow) -> JobInfo {
    JobInfo {
        id: job_id(job.id),
        queue: job.queue,
        state: job.state,
        key: job.key,
        payload: job.payload.map(|text| serde_json::from_str(&text).unwrap_or_default()),
        attempt: job.attempt,
        attempts: job.attempts_max,
        backoff: job.backoff_seconds,
        replays: job.replays,
        enqueued_at: job.enqueued_at.into(),
        run_at: (job.state == JobState::Waiting).then(|| job.run_at.into()),
        started_at: job.started_at.map(Into::into),
        ended_at: job.ended_at.map(Into::into),
        invocation_id: job.invocation_id,
        status: job.status,
        error: job.error.map(|(code, message)| JobError { code, message }),
    }
}
