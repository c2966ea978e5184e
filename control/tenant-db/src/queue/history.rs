//! Jobs, read back; and what their owner does with them: replays, cancellations.

use chrono::{DateTime, Utc};
use mayfly_api::queues::JobState;
use mayfly_store::StoreError;
use tokio_postgres::{Client, Row};

use super::QueueSettings;
use crate::tenant::{ManagementClient, TenantError, Tenants};

/// Which jobs of a queue, and how many.
#[derive(Debug, Clone, Copy)]
pub struct JobQuery {
    /// The most.
    pub limit: u32,
    /// Only those that were stored before the one of this number.
    pub before: Option<i64>,
    /// Only those in this state.
    pub state: Option<JobState>,
}

/// A job and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct JobRow {
    /// Its number.
    pub id: i64,
    /// The function.
    pub queue: String,
    /// What became of it.
    pub state: JobState,
    /// Its key.
    pub key: Option<String>,
    /// Its request's body; only where one job is asked for.
    pub payload: Option<String>,
    /// How often it was started, releases not counted.
    pub attempt: u32,
    /// How often it is at most.
    pub attempts_max: u32,
    /// The pause before its second attempt.
    pub backoff_seconds: f64,
    /// How often it was replayed.
    pub replays: u32,
    /// When it was stored.
    pub enqueued_at: DateTime<Utc>,
    /// When it may start, while it waits.
    pub run_at: DateTime<Utc>,
    /// When its last attempt started.
    pub started_at: Option<DateTime<Utc>>,
    /// When that ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Its invocation.
    pub invocation_id: Option<String>,
    /// Its response's status.
    pub status: Option<u16>,
    /// Why it failed, or was not started: code and message.
    pub error: Option<(String, String)>,
}

/// A queue, and how many of its jobs are in which state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueCounts {
    /// The function.
    pub name: String,
    /// What is set for it.
    pub settings: QueueSettings,
    /// Waiting, running, done, dead, cancelled; ended ones as far as they are kept.
    pub counts: [u64; 5],
    /// When the job was stored that has waited longest for its start.
    pub oldest_due: Option<DateTime<Utc>>,
}

const COLUMNS: &str =
    "id, queue, state, key, attempt, attempts_max, backoff_seconds, replays, enqueued_at, run_at,
    started_at, ended_at, invocation_id, status, error_code, error_message";

impl JobRow {
    fn of(row: &Row, payload: Option<String>) -> Self {
        let count = |name: &str| row.get::<_, i32>(name).unsigned_abs();
        let code: Option<String> = row.get("error_code");
        Self {
            id: row.get("id"),
            queue: row.get("queue"),
            // The table holds these words alone.
            state: JobState::parse(row.get("state")).unwrap_or(JobState::Dead),
            key: row.get("key"),
            payload,
            attempt: count("attempt"),
            attempts_max: count("attempts_max"),
            backoff_seconds: row.get("backoff_seconds"),
            replays: count("replays"),
            enqueued_at: row.get("enqueued_at"),
            run_at: row.get("run_at"),
            started_at: row.get("started_at"),
            ended_at: row.get("ended_at"),
            invocation_id: row.get("invocation_id"),
            status: row.get::<_, Option<i32>>("status").and_then(|status| u16::try_from(status).ok()),
            error: code.zip(row.get("error_message")),
        }
    }
}

impl Tenants {
    /// A connection to read an app's jobs by.
    async fn job_reader(&self, app_id: &str) -> Result<ManagementClient, TenantError> {
        let client = self.admin(app_id).await?;
        client.batch_execute("SET statement_timeout = '10s'; SET lock_timeout = '2s'").await?;
        Ok(client)
    }

    /// The app's queues, by name: those with jobs, and those with settings.
    ///
    /// # Errors
    /// [`TenantError::Store`] when the app's database cannot be reached.
    pub async fn queues(&self, app_id: &str) -> Result<Vec<QueueCounts>, TenantError> {
        let client = self.job_reader(app_id).await?;
        let rows = client
            .query(
                "SELECT coalesce(j.queue, q.name) AS name, q.concurrency, coalesce(q.paused, false) AS paused,
                   coalesce(j.waiting, 0) AS waiting, coalesce(j.running, 0) AS running, coalesce(j.done, 0) AS done,
                   coalesce(j.dead, 0) AS dead, coalesce(j.cancelled, 0) AS cancelled, j.oldest_due
                 FROM (SELECT queue, count(*) FILTER (WHERE state = 'waiting') AS waiting,
                     count(*) FILTER (WHERE state = 'running') AS running, count(*) FILTER (WHERE state = 'done') AS done,
                     count(*) FILTER (WHERE state = 'dead') AS dead,
                     count(*) FILTER (WHERE state = 'cancelled') AS cancelled,
                     min(run_at) FILTER (WHERE state = 'waiting' AND run_at <= now()) AS oldest_due
                   FROM mayfly.jobs GROUP BY queue) j
                 FULL JOIN mayfly.queues q ON q.name = j.queue ORDER BY 1",
                &[],
            )
            .await?;
        let count = |row: &Row, name: &str| row.get::<_, i64>(name).unsigned_abs();
        let queues = rows.iter().map(|row| QueueCounts {
            name: row.get("name"),
            settings: QueueSettings {
                concurrency: row.get::<_, Option<i32>>("concurrency").map(i32::unsigned_abs),
                paused: row.get("paused"),
            },
            counts: ["waiting", "running", "done", "dead", "cancelled"].map(|name| count(row, name)),
            oldest_due: row.get("oldest_due"),
        });
        Ok(queues.collect())
    }

    /// Jobs of a queue, newest first; and whether there are older ones.
    ///
    /// # Errors
    /// [`TenantError::Store`] when the app's database cannot be reached.
    pub async fn jobs(
        &self,
        app_id: &str,
        queue: &str,
        query: JobQuery,
    ) -> Result<(Vec<JobRow>, bool), TenantError> {
        let client = self.job_reader(app_id).await?;
        let rows = client
            .query(
                &format!(
                    "SELECT {COLUMNS} FROM mayfly.jobs WHERE queue = $1 AND ($2::bigint IS NULL OR id < $2)
                       AND ($3::text IS NULL OR state = $3) ORDER BY id DESC LIMIT $4"
                ),
                &[&queue, &query.before, &query.state.map(JobState::as_str), &(i64::from(query.limit) + 1)],
            )
            .await?;
        let has_more = rows.len() > query.limit as usize;
        Ok((rows.iter().take(query.limit as usize).map(|row| JobRow::of(row, None)).collect(), has_more))
    }

    /// One job, with its payload.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where there is none.
    pub async fn job(&self, app_id: &str, queue: &str, id: i64) -> Result<JobRow, TenantError> {
        find(&*self.job_reader(app_id).await?, queue, id).await
    }

    /// Run an ended job once more, with all its attempts.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where there is none, [`StoreError::Conflict`] while it waits or runs, or while another
    /// one with its key does.
    pub async fn replay_job(&self, app_id: &str, queue: &str, id: i64) -> Result<JobRow, TenantError> {
        const REPLAY: &str =
            "UPDATE mayfly.jobs j SET state = 'waiting', run_at = now(), replays = j.replays + 1,
            attempts_max = j.attempt + 1 + j.retries, node = NULL, claimed_until = NULL
            WHERE j.queue = $1 AND j.id = $2 AND j.state IN ('done', 'dead', 'cancelled')
              AND (j.key IS NULL OR NOT EXISTS (SELECT FROM mayfly.jobs o
                WHERE o.queue = j.queue AND o.key = j.key AND o.state IN ('waiting', 'running')))";
        let client = self.job_reader(app_id).await?;
        let replayed = client.execute(REPLAY, &[&queue, &id]).await?;
        let job = find(&client, queue, id).await?;
        match (replayed, job.state) {
            (1.., _) => Ok(job),
            (0, JobState::Waiting | JobState::Running) => Err(conflict(format!("the job is {}", job.state))),
            (0, _) => Err(conflict("another job with its key waits or runs".to_owned())),
        }
    }

    /// Cancel a job that waits.
    ///
    /// # Errors
    /// [`StoreError::Missing`] where there is none, [`StoreError::Conflict`] for one that does not wait.
    pub async fn cancel_job(&self, app_id: &str, queue: &str, id: i64) -> Result<JobRow, TenantError> {
        let client = self.job_reader(app_id).await?;
        let cancelled = client
            .execute(
                "UPDATE mayfly.jobs SET state = 'cancelled', ended_at = now()
                 WHERE queue = $1 AND id = $2 AND state = 'waiting'",
                &[&queue, &id],
            )
            .await?;
        let job = find(&client, queue, id).await?;
        if cancelled == 0 {
            return Err(conflict(format!("the job is {}", job.state)));
        }
        Ok(job)
    }
}

async fn find(client: &Client, queue: &str, id: i64) -> Result<JobRow, TenantError> {
    let sql = format!("SELECT {COLUMNS}, payload FROM mayfly.jobs WHERE queue = $1 AND id = $2");
    let row = client.query_opt(&sql, &[&queue, &id]).await?;
    let row = row.ok_or(TenantError::Store(StoreError::Missing("the job")))?;
    Ok(JobRow::of(&row, Some(row.get("payload"))))
}

fn conflict(message: String) -> TenantError {
    TenantError::Store(StoreError::Conflict(message))
}
