//! What a function gets to know of its job: `ctx.trigger`, and the request that carries the payload.

use mayfly_api::ids::job_id;
use mayfly_api::value::Timestamp;
use mayfly_runtime::Request;
use mayfly_tenant_db::queue::ClaimedJob;
use serde::Serialize;

/// A job that starts. `ctx.trigger`, next to its `type`, is this.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobEvent<'a> {
    job_id: String,
    key: Option<&'a str>,
    attempt: u32,
    attempts: u32,
    fence: i64,
    enqueued_at: Timestamp,
}

impl<'a> JobEvent<'a> {
    /// Of a claimed job.
    pub(super) fn new(job: &'a ClaimedJob) -> Self {
        Self {
            job_id: job_id(job.id),
            key: job.key.as_deref(),
            attempt: job.attempt,
            attempts: job.attempts_max,
            fence: job.fence,
            enqueued_at: job.enqueued_at.into(),
        }
    }
}

/// `POST` with the payload, to the function's URL.
pub(super) fn request(job: &ClaimedJob, url: String) -> Request {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Request {
        method: "POST".to_owned(),
        url,
        headers: vec![header("content-type", "application/json"), header("x-trigger-type", "queue")],
        body: Some(job.payload.clone().into_bytes().into()),
    }
}
