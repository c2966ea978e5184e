//! `JobSession`: a node's connection for the jobs of one app: what ended is settled and what waits is claimed, in one
//! transaction and one round trip.
//!
//! Claims of one app follow one another under a lock, so that a queue's concurrency is exact over all nodes.

use std::time::Duration;

use chrono::{DateTime, Utc};
use mayfly_api::error::Code;
use tokio_postgres::{Client, Statement};

use crate::tenant::{TenantError, Tenants};

/// How long a statement, and a wait for another node's claim, may take. And each statement looks a few rows up by an
/// index: what is known of how many wait is out of date at any time, and a join that hashes them all is far slower.
const SETTINGS: &str = "SET statement_timeout = '10s'; SET lock_timeout = '5s';
    SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off";

/// The lock is the platform's alone: no tenant's login may take advisory locks.
const BEGIN: &str = "BEGIN; SELECT pg_advisory_xact_lock(7401)";

/// The pause before the next attempt: twice as long each time, an hour at most.
const BACKOFF: &str = "least(j.backoff_seconds * power(2, least(j.attempt - j.attempts_max + j.retries, 20)), 3600) * interval '1 s'";

/// Each queue in turn gives its oldest, as far as its concurrency allows. What is picked is found by its number: as a
/// plain comparison, the state would have PostgreSQL go through all jobs that have it, and compare each with all that were
/// picked.
const CLAIM: &str = "WITH RECURSIVE names (queue) AS (
    (SELECT j.queue FROM mayfly.jobs j WHERE j.state = 'waiting' ORDER BY j.queue LIMIT 1)
    UNION ALL
    SELECT (SELECT j.queue FROM mayfly.jobs j WHERE j.state = 'waiting' AND j.queue > n.queue ORDER BY j.queue LIMIT 1)
    FROM names n WHERE n.queue IS NOT NULL
  ), rooms AS (
    SELECT n.queue, CASE WHEN q.paused THEN 0 WHEN q.concurrency IS NULL THEN $2::bigint
      ELSE least($2::bigint, q.concurrency - (SELECT count(*) FROM mayfly.jobs r WHERE r.state = 'running' AND r.queue = n.queue))
      END AS room
    FROM names n LEFT JOIN mayfly.queues q ON q.name = n.queue WHERE n.queue IS NOT NULL
  ), picked AS (
    SELECT p.id FROM rooms o CROSS JOIN LATERAL (
      SELECT j.id, j.run_at, row_number() OVER (ORDER BY j.run_at, j.id) AS place FROM mayfly.jobs j
      WHERE j.state = 'waiting' AND j.queue = o.queue AND j.run_at <= statement_timestamp()
      ORDER BY j.run_at, j.id LIMIT greatest(o.room, 0)) p
    ORDER BY p.place, p.run_at LIMIT $2
  )
  UPDATE mayfly.jobs j SET state = 'running', attempt = j.attempt + 1, fence = j.fence + 1, node = $1,
    claimed_until = statement_timestamp() + $3::float8 * interval '1 s', started_at = statement_timestamp(), ended_at = NULL,
    invocation_id = NULL, status = NULL, error_code = NULL, error_message = NULL
  WHERE j.id = ANY (ARRAY(SELECT p.id FROM picked p)) AND j.state || '' = 'waiting'
  RETURNING j.id, j.queue, j.payload, j.key, j.attempt, j.attempts_max, j.fence, j.enqueued_at";

/// The outcomes are as many rows, each found by its number, as in [`CLAIM`].
fn settle() -> String {
    format!(
        "UPDATE mayfly.jobs j SET
           state = CASE WHEN o.wait IS NOT NULL THEN 'waiting' WHEN o.code IS NULL THEN 'done'
             WHEN NOT o.is_final AND j.attempt < j.attempts_max THEN 'waiting' ELSE 'dead' END,
           attempt = j.attempt - CASE WHEN o.wait IS NOT NULL THEN 1 ELSE 0 END,
           run_at = CASE WHEN o.wait IS NOT NULL THEN statement_timestamp() + o.wait * interval '1 s'
             WHEN o.code IS NOT NULL AND NOT o.is_final AND j.attempt < j.attempts_max
               THEN statement_timestamp() + {BACKOFF} ELSE j.run_at END,
           ended_at = statement_timestamp(), node = NULL, claimed_until = NULL, invocation_id = o.invocation,
           status = o.status, error_code = o.code, error_message = o.message
         FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::integer[], $6::text[], $7::text[], $8::boolean[],
             $9::float8[]) AS o (id, fence, invocation, status, code, message, is_final, wait)
         WHERE j.id = o.id AND j.state || '' = 'running' AND j.node = $1 AND j.fence = o.fence"
    )
}

/// A node that asks for jobs.
#[derive(Debug, Clone, Copy)]
pub struct JobClaim {
    /// The most that it takes.
    pub limit: u32,
    /// For how long it has them without renewing.
    pub lease: Duration,
}

/// A job that this node has to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedJob {
    /// Its number.
    pub id: i64,
    /// The function.
    pub queue: String,
    /// Its request's body: JSON.
    pub payload: String,
    /// Its key.
    pub key: Option<String>,
    /// Which start this is, of the attempts that are counted.
    pub attempt: u32,
    /// How many there are at most.
    pub attempts_max: u32,
    /// Larger with every start.
    pub fence: i64,
    /// When it was stored.
    pub enqueued_at: DateTime<Utc>,
}

/// What became of a claimed job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobOutcome {
    /// Its number.
    pub id: i64,
    /// The start that this is the end of.
    pub fence: i64,
    /// How it ended.
    pub end: JobEnd,
}

/// How a start of a job ended.
#[derive(Debug, Clone, PartialEq)]
pub enum JobEnd {
    /// The function ran.
    Ran {
        /// The invocation.
        invocation_id: Option<String>,
        /// Its response's status.
        status: Option<u16>,
        /// Why it failed: code and message. `None`: it succeeded.
        error: Option<(String, String)>,
        /// Whether it would fail again: there is no further attempt.
        is_final: bool,
    },
    /// It could not be started now: no attempt is counted.
    Released {
        /// For how long it waits, in seconds.
        wait_seconds: f64,
        /// Why: code and message.
        reason: (String, String),
    },
}

/// What a step did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stepped {
    /// Outcomes that were still this node's to write.
    pub settled: u64,
    /// What it has to run now.
    pub claimed: Vec<ClaimedJob>,
}

/// A connection for the jobs of one app.
#[derive(Debug)]
pub struct JobSession {
    client: Client,
    node: String,
    // Planning them takes longer than running them does.
    claim: Statement,
    settle: Statement,
}

impl Tenants {
    /// A connection for the app's jobs.
    ///
    /// # Errors
    /// [`TenantError::Missing`] for an app that is gone, [`TenantError::Store`] when its database cannot be reached.
    pub async fn job_session(&self, app_id: &str, node: &str) -> Result<JobSession, TenantError> {
        let client = self.lasting_admin(app_id).await?;
        client.batch_execute(SETTINGS).await?;
        let claim = client.prepare(CLAIM).await?;
        let settle = client.prepare(&settle()).await?;
        Ok(JobSession { client, node: node.to_owned(), claim, settle })
    }
}

impl JobSession {
    /// Write outcomes and take what waits: both or neither.
    ///
    /// # Errors
    /// [`TenantError::Store`] when the database cannot be reached: then this session is of no more use.
    pub async fn step(
        &self,
        outcomes: &[JobOutcome],
        claim: Option<JobClaim>,
    ) -> Result<Stepped, TenantError> {
        let client = &self.client;
        let (_, settled, claimed, _) = tokio::try_join!(
            async { client.batch_execute(BEGIN).await.map_err(TenantError::from) },
            self.settle(outcomes),
            self.claim(claim),
            async { client.batch_execute("COMMIT").await.map_err(TenantError::from) },
        )?;
        Ok(Stepped { settled, claimed })
    }

    async fn claim(&self, claim: Option<JobClaim>) -> Result<Vec<ClaimedJob>, TenantError> {
        let Some(JobClaim { limit, lease }) = claim else { return Ok(Vec::new()) };
        let (limit, lease) = (i64::from(limit), lease.as_secs_f64());
        let rows = self.client.query(&self.claim, &[&self.node, &limit, &lease]).await?;
        let jobs = rows.iter().map(|row| ClaimedJob {
            id: row.get("id"),
            queue: row.get("queue"),
            payload: row.get("payload"),
            key: row.get("key"),
            attempt: row.get::<_, i32>("attempt").unsigned_abs(),
            attempts_max: row.get::<_, i32>("attempts_max").unsigned_abs(),
            fence: row.get("fence"),
            enqueued_at: row.get("enqueued_at"),
        });
        Ok(jobs.collect())
    }

    async fn settle(&self, outcomes: &[JobOutcome]) -> Result<u64, TenantError> {
        if outcomes.is_empty() {
            return Ok(0);
        }
        let columns = Columns::of(outcomes);
        let settled = self
            .client
            .execute(
                &self.settle,
                &[
                    &self.node,
                    &columns.ids,
                    &columns.fences,
                    &columns.invocations,
                    &columns.statuses,
                    &columns.codes,
                    &columns.messages,
                    &columns.finals,
                    &columns.waits,
                ],
            )
            .await?;
        Ok(settled)
    }

    /// Keep these claims: each a job's number and the start that it is.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub async fn renew(&self, held: &[(i64, i64)], lease: Duration) -> Result<(), TenantError> {
        let (ids, fences): (Vec<i64>, Vec<i64>) = held.iter().copied().unzip();
        self.client
            .execute(
                "UPDATE mayfly.jobs j SET claimed_until = statement_timestamp() + $4 * interval '1 s'
                 FROM unnest($2::bigint[], $3::bigint[]) AS h (id, fence)
                 WHERE j.id = h.id AND j.fence = h.fence AND j.state || '' = 'running' AND j.node = $1",
                &[&self.node, &ids, &fences, &lease.as_secs_f64()],
            )
            .await?;
        Ok(())
    }

    /// End the attempts of nodes that no longer renew their claims. Says how many there were.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub async fn expire(&self) -> Result<u64, TenantError> {
        let sql = format!(
            "UPDATE mayfly.jobs j SET state = CASE WHEN j.attempt < j.attempts_max THEN 'waiting' ELSE 'dead' END,
               run_at = CASE WHEN j.attempt < j.attempts_max THEN statement_timestamp() + {BACKOFF} ELSE j.run_at END,
               ended_at = statement_timestamp(), node = NULL, claimed_until = NULL, error_code = $1,
               error_message = 'the node that ran it ended, or lost its connection to the database'
             WHERE j.state = 'running' AND j.claimed_until < statement_timestamp()"
        );
        Ok(self.client.execute(&sql, &[&Code::NodeLost.as_str()]).await?)
    }

    /// In how many seconds there is something to do: a job's start, or the end of a claim. `None`: never. Jobs that wait
    /// for room in their queue are started by the end of those that have it.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub async fn next_due(&self) -> Result<Option<f64>, TenantError> {
        let row = self
            .client
            .query_one(
                "WITH RECURSIVE names (queue) AS (
                   (SELECT j.queue FROM mayfly.jobs j WHERE j.state = 'waiting' ORDER BY j.queue LIMIT 1)
                   UNION ALL
                   SELECT (SELECT j.queue FROM mayfly.jobs j WHERE j.state = 'waiting' AND j.queue > n.queue
                     ORDER BY j.queue LIMIT 1) FROM names n WHERE n.queue IS NOT NULL)
                 SELECT extract(epoch FROM least(
                   (SELECT min((SELECT j.run_at FROM mayfly.jobs j WHERE j.state = 'waiting' AND j.queue = n.queue
                      ORDER BY j.run_at LIMIT 1))
                    FROM names n LEFT JOIN mayfly.queues q ON q.name = n.queue WHERE NOT coalesce(q.paused, false)),
                   (SELECT min(claimed_until) FROM mayfly.jobs WHERE state = 'running')) - statement_timestamp())::float8",
                &[],
            )
            .await?;
        Ok(row.get(0))
    }

    /// Delete all but the newest `keep` of the jobs that are done, and of those that are dead or were cancelled, each.
    /// Says how many there were.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub async fn tidy(&self, keep: u32) -> Result<u64, TenantError> {
        const BATCH: i64 = 20_000;
        let mut deleted = 0;
        for state in ["done", "dead", "cancelled"] {
            deleted += self
                .client
                .execute(
                    "DELETE FROM mayfly.jobs WHERE id IN (SELECT id FROM mayfly.jobs WHERE state = $1 AND id <=
                       (SELECT id FROM mayfly.jobs WHERE state = $1 ORDER BY id DESC OFFSET $2 LIMIT 1)
                       ORDER BY id LIMIT $3)",
                    &[&state, &i64::from(keep), &BATCH],
                )
                .await?;
        }
        Ok(deleted)
    }
}

/// Outcomes as columns, for one statement.
#[derive(Default)]
struct Columns<'a> {
    ids: Vec<i64>,
    fences: Vec<i64>,
    invocations: Vec<Option<&'a str>>,
    statuses: Vec<Option<i32>>,
    codes: Vec<Option<&'a str>>,
    messages: Vec<Option<&'a str>>,
    finals: Vec<bool>,
    waits: Vec<Option<f64>>,
}

impl<'a> Columns<'a> {
    fn of(outcomes: &'a [JobOutcome]) -> Self {
        let mut columns = Self::default();
        for JobOutcome { id, fence, end } in outcomes {
            columns.ids.push(*id);
            columns.fences.push(*fence);
            let (invocation, status, reason, is_final, wait) = match end {
                JobEnd::Ran { invocation_id, status, error, is_final } => {
                    (invocation_id.as_deref(), status.map(i32::from), error.as_ref(), *is_final, None)
                }
                JobEnd::Released { wait_seconds, reason } => {
                    (None, None, Some(reason), false, Some(*wait_seconds))
                }
            };
            columns.invocations.push(invocation);
            columns.statuses.push(status);
            columns.codes.push(reason.map(|(code, _)| code.as_str()));
            columns.messages.push(reason.map(|(_, message)| message.as_str()));
            columns.finals.push(is_final);
            columns.waits.push(wait);
        }
        columns
    }
}
