//! Settling: what became of an attempt. A node that lost its claim changes nothing any more.

use chrono::{DateTime, Utc};
use mayfly_api::error::Code;

use super::{BACKOFF, StorageEvents};
use crate::StoreError;

/// The end of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadOutcome {
    /// The event.
    pub id: String,
    /// Which attempt.
    pub attempt: u32,
    /// The invocation, where one began.
    pub invocation_id: Option<String>,
    /// Its response's status.
    pub status: Option<u16>,
    /// Why it failed: code and message. `None`: it succeeded.
    pub error: Option<(String, String)>,
    /// Whether it would fail again: there is no further attempt.
    pub is_final: bool,
}

/// An event that this node cannot start now.
#[derive(Debug, Clone, PartialEq)]
pub struct UploadRelease {
    /// The event.
    pub id: String,
    /// Which attempt.
    pub attempt: u32,
    /// For how long it waits, in seconds.
    pub wait_seconds: f64,
    /// Why: code and message.
    pub reason: (String, String),
}

impl StorageEvents<'_> {
    /// Write outcomes. Says how many were still this node's to write.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn settle(&self, node: &str, outcomes: &[UploadOutcome]) -> Result<u64, StoreError> {
        let ids: Vec<&str> = outcomes.iter().map(|outcome| outcome.id.as_str()).collect();
        let attempts: Vec<i32> = outcomes.iter().map(|outcome| outcome.attempt.cast_signed()).collect();
        let invocations: Vec<Option<&str>> =
            outcomes.iter().map(|outcome| outcome.invocation_id.as_deref()).collect();
        let statuses: Vec<Option<i32>> =
            outcomes.iter().map(|outcome| outcome.status.map(i32::from)).collect();
        let error = |outcome: &UploadOutcome| outcome.error.clone().unzip();
        let (codes, messages): (Vec<_>, Vec<_>) = outcomes.iter().map(error).unzip();
        let is_final: Vec<bool> = outcomes.iter().map(|outcome| outcome.is_final).collect();
        let client = self.store.client().await?;
        let statement = client
            .prepare_cached(&format!(
                "UPDATE storage_events d SET
                     state = CASE WHEN o.code IS NULL THEN 'done' WHEN NOT o.is_final AND d.attempt < d.attempts_max
                         THEN 'failed' ELSE 'dead' END,
                     run_at = CASE WHEN o.code IS NOT NULL AND NOT o.is_final AND d.attempt < d.attempts_max
                         THEN now() + {BACKOFF} END,
                     ended_at = now(), claimed_until = NULL, invocation_id = o.invocation, status = o.status,
                     error_code = o.code, error_message = o.message
                 FROM unnest($2::text[], $3::integer[], $4::text[], $5::integer[], $6::text[], $7::text[], $8::boolean[])
                     AS o (id, attempt, invocation, status, code, message, is_final)
                 WHERE d.id = o.id AND d.state = 'running' AND d.node = $1 AND d.attempt = o.attempt"
            ))
            .await?;
        let settled = client
            .execute(
                &statement,
                &[&node, &ids, &attempts, &invocations, &statuses, &codes, &messages, &is_final],
            )
            .await?;
        Ok(settled)
    }

    /// Give an event back without having started it: no attempt is counted.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn release(&self, node: &str, release: &UploadRelease) -> Result<(), StoreError> {
        let client = self.store.client().await?;
        client
            .execute(
                "UPDATE storage_events SET state = CASE WHEN attempt = 1 THEN 'received' ELSE 'failed' END,
                     attempt = attempt - 1, claimed_until = NULL, started_at = NULL,
                     run_at = now() + $4 * interval '1 s', error_code = $5, error_message = $6
                 WHERE id = $2 AND state = 'running' AND node = $1 AND attempt = $3",
                &[
                    &node,
                    &release.id,
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
    pub async fn expire(&self) -> Result<u64, StoreError> {
        let client = self.store.client().await?;
        let statement = client
            .prepare_cached(&format!(
                "UPDATE storage_events d SET
                     state = CASE WHEN d.attempt < d.attempts_max THEN 'failed' ELSE 'dead' END,
                     run_at = CASE WHEN d.attempt < d.attempts_max THEN now() + {BACKOFF} END,
                     ended_at = now(), claimed_until = NULL, error_code = $1,
                     error_message = 'the node that ran it ended, or lost its connection to the database'
                 WHERE d.state = 'running' AND d.claimed_until < now()"
            ))
            .await?;
        Ok(client.execute(&statement, &[&Code::NodeLost.as_str()]).await?)
    }

    /// Delete rows that ended before this instant and wait for nothing, and of each function all but the newest `rows`.
    /// Says how many there were.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn tidy(&self, before: DateTime<Utc>, rows: u32) -> Result<u64, StoreError> {
        let client = self.store.client().await?;
        let sql = "DELETE FROM storage_events d WHERE d.state IN ('done', 'dead') AND d.ended_at < $1";
        let mut deleted = client.execute(sql, &[&before]).await?;
        let sql =
            "DELETE FROM storage_events d USING (SELECT t.function_id, (SELECT k.number FROM storage_events k
                 WHERE k.function_id = t.function_id ORDER BY k.number DESC OFFSET $1 LIMIT 1) AS last
               FROM triggers t WHERE t.kind = 's3_upload') cut
             WHERE d.function_id = cut.function_id AND d.number <= cut.last AND d.state IN ('done', 'dead')";
        deleted += client.execute(sql, &[&i64::from(rows)]).await?;
        Ok(deleted)
    }
}
