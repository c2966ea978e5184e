//! Settling: what became of an attempt. A node that lost its claim changes nothing any more.

use chrono::{DateTime, Utc};
use mayfly_api::error::Code;

use super::{CronTable, SlotKey};
use crate::StoreError;

/// The end of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotOutcome {
    /// The slot.
    pub key: SlotKey,
    /// Which attempt.
    pub attempt: u32,
    /// The invocation, where one began.
    pub invocation_id: Option<String>,
    /// Its response's status.
    pub status: Option<u16>,
    /// Why it failed: code and message. `None`: it succeeded.
    pub error: Option<(String, String)>,
    /// The app was paused: there is no further attempt.
    pub paused: bool,
}

/// A slot that this node cannot start now.
#[derive(Debug, Clone, PartialEq)]
pub struct SlotRelease {
    /// The slot.
    pub key: SlotKey,
    /// Which attempt.
    pub attempt: u32,
    /// For how long it waits, in seconds.
    pub wait_seconds: f64,
    /// Why: code and message.
    pub reason: (String, String),
}

/// The pause doubles with each attempt, up to an hour.
const BACKOFF: &str = "least(s.backoff_seconds * power(2, least(s.attempt - 1, 20)), 3600) * interval '1 s'";

impl CronTable<'_> {
    /// Write outcomes. Says how many were still this node's to write.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn settle(
        &self,
        now: Option<DateTime<Utc>>,
        node: &str,
        outcomes: &[SlotOutcome],
    ) -> Result<u64, StoreError> {
        let functions: Vec<&str> = outcomes.iter().map(|outcome| outcome.key.function_id.as_str()).collect();
        let manual: Vec<bool> = outcomes.iter().map(|outcome| outcome.key.manual).collect();
        let times: Vec<DateTime<Utc>> = outcomes.iter().map(|outcome| outcome.key.scheduled_at).collect();
        let attempts: Vec<i32> = outcomes.iter().map(|outcome| outcome.attempt.cast_signed()).collect();
        let ids: Vec<Option<&str>> =
            outcomes.iter().map(|outcome| outcome.invocation_id.as_deref()).collect();
        let statuses: Vec<Option<i32>> =
            outcomes.iter().map(|outcome| outcome.status.map(i32::from)).collect();
        let error = |outcome: &SlotOutcome| outcome.error.clone().unzip();
        let (codes, messages): (Vec<_>, Vec<_>) = outcomes.iter().map(error).unzip();
        let paused: Vec<bool> = outcomes.iter().map(|outcome| outcome.paused).collect();
        let client = self.store.client().await?;
        let statement = client
            .prepare_cached(&format!(
                "UPDATE cron_slots s SET
                     state = CASE WHEN o.paused THEN 'skipped_paused' WHEN o.code IS NULL THEN 'ran'
                         WHEN s.attempt < s.attempts_max THEN 'waiting' ELSE 'failed' END,
                     run_at = CASE WHEN o.code IS NULL THEN s.run_at
                         ELSE coalesce($1::timestamptz, now()) + {BACKOFF} END,
                     ended_at = coalesce($1::timestamptz, now()), claimed_until = NULL,
                     invocation_id = o.id, status = o.status, error_code = o.code, error_message = o.message
                 FROM unnest($3::text[], $4::boolean[], $5::timestamptz[], $6::integer[], $7::text[], $8::integer[],
                     $9::text[], $10::text[], $11::boolean[])
                     AS o (f, manual, at, attempt, id, status, code, message, paused)
                 WHERE s.function_id = o.f AND s.manual = o.manual AND s.scheduled_at = o.at
                   AND s.state = 'running' AND s.node = $2 AND s.attempt = o.attempt"
            ))
            .await?;
        let settled = client
            .execute(
                &statement,
                &[
                    &now, &node, &functions, &manual, &times, &attempts, &ids, &statuses, &codes, &messages,
                    &paused,
                ],
            )
            .await?;
        Ok(settled)
    }

    /// Give a slot back without having started it: no attempt is counted.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn release(
        &self,
        now: Option<DateTime<Utc>>,
        node: &str,
        release: &SlotRelease,
    ) -> Result<(), StoreError> {
        let client = self.store.client().await?;
        let key = &release.key;
        client
            .execute(
                "UPDATE cron_slots SET state = 'waiting', attempt = attempt - 1, claimed_until = NULL,
                     started_at = NULL, run_at = coalesce($1::timestamptz, now()) + $7 * interval '1 s',
                     error_code = $8, error_message = $9
                 WHERE function_id = $3 AND manual = $4 AND scheduled_at = $5
                   AND state = 'running' AND node = $2 AND attempt = $6",
                &[
                    &now,
                    &node,
                    &key.function_id,
                    &key.manual,
                    &key.scheduled_at,
                    &release.attempt.cast_signed(),
                    &release.wait_seconds,
                    &release.reason.0,
                    &release.reason.1,
                ],
            )
            .await?;
        Ok(())
    }

    /// End the attempts of nodes that no longer renew their claims: they are started again where attempts are left.
    /// Says how many there were.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn expire(&self, now: Option<DateTime<Utc>>) -> Result<u64, StoreError> {
        let client = self.store.client().await?;
        let statement = client
            .prepare_cached(&format!(
                "UPDATE cron_slots s SET state = CASE WHEN s.attempt < s.attempts_max THEN 'waiting' ELSE 'failed' END,
                     run_at = coalesce($1::timestamptz, now()) + {BACKOFF},
                     ended_at = coalesce($1::timestamptz, now()), claimed_until = NULL, error_code = $2,
                     error_message = 'the node that ran it ended, or lost its connection to the database'
                 WHERE s.state = 'running' AND s.claimed_until < coalesce($1::timestamptz, now())"
            ))
            .await?;
        Ok(client.execute(&statement, &[&now, &Code::NodeLost.as_str()]).await?)
    }

    /// Delete rows of slots that ended before this instant, and of each trigger all but the newest `keep`. Says how many
    /// there were.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn delete_before(&self, oldest: DateTime<Utc>, keep: u32) -> Result<u64, StoreError> {
        let client = self.store.client().await?;
        let deleted = client
            .execute(
                "DELETE FROM cron_slots s WHERE s.state NOT IN ('waiting', 'running') AND (s.scheduled_at < $1
                   OR s.scheduled_at < (SELECT k.scheduled_at FROM cron_slots k
                     WHERE k.function_id = s.function_id AND NOT k.manual
                     ORDER BY k.scheduled_at DESC OFFSET $2 LIMIT 1))",
                &[&oldest, &i64::from(keep)],
            )
            .await?;
        Ok(deleted)
    }
}
