//! Slots, read back; and runs asked for beside a schedule.

use chrono::{DateTime, Utc};
use mayfly_api::cron::SlotState;
use mayfly_api::triggers::Overlap;
use tokio_postgres::Row;

use super::CronTable;
use crate::StoreError;

/// A slot and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronSlot {
    /// When it was due.
    pub scheduled_at: DateTime<Utc>,
    /// Whether it was asked for beside the schedule.
    pub manual: bool,
    /// What became of it.
    pub state: SlotState,
    /// How many slots the row stands for.
    pub slots: u32,
    /// How often it was started.
    pub attempt: u32,
    /// When its next attempt may start.
    pub run_at: DateTime<Utc>,
    /// When its last attempt started.
    pub started_at: Option<DateTime<Utc>>,
    /// When its last attempt ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// The invocation of its last attempt.
    pub invocation_id: Option<String>,
    /// Its response's status.
    pub status: Option<u16>,
    /// Why it failed: code and message.
    pub error: Option<(String, String)>,
}

/// A run that is asked for beside a schedule.
#[derive(Debug, Clone, Copy)]
pub struct ManualRun<'a> {
    /// The trigger's expression.
    pub schedule: &'a str,
    /// Its zone.
    pub timezone: &'a str,
    /// Starts that the run may have.
    pub attempts_max: u32,
    /// The pause before a second one.
    pub backoff_seconds: u32,
}

impl CronSlot {
    fn from_row(row: &Row) -> Self {
        let count = |name: &str| row.get::<_, i32>(name).unsigned_abs();
        let code: Option<String> = row.get("error_code");
        Self {
            scheduled_at: row.get("scheduled_at"),
            manual: row.get("manual"),
            // The table holds these words alone.
            state: SlotState::parse(row.get("state")).unwrap_or(SlotState::Failed),
            slots: count("slots"),
            attempt: count("attempt"),
            run_at: row.get("run_at"),
            started_at: row.get("started_at"),
            ended_at: row.get("ended_at"),
            invocation_id: row.get("invocation_id"),
            status: row.get::<_, Option<i32>>("status").and_then(|status| u16::try_from(status).ok()),
            error: code.zip(row.get("error_message")),
        }
    }
}

impl CronTable<'_> {
    /// The newest slots of a function, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn history(&self, app_id: &str, name: &str, limit: u32) -> Result<Vec<CronSlot>, StoreError> {
        let client = self.store.client().await?;
        let rows = client
            .query(
                "SELECT s.* FROM cron_slots s JOIN functions f ON f.id = s.function_id
                 WHERE f.app_id = $1 AND f.name = $2 ORDER BY s.scheduled_at DESC, s.manual LIMIT $3",
                &[&app_id, &name, &i64::from(limit)],
            )
            .await?;
        Ok(rows.iter().map(CronSlot::from_row).collect())
    }

    /// Ask for a run now, beside the schedule.
    ///
    /// # Errors
    /// [`StoreError::Missing`] without a cron trigger, [`StoreError::Conflict`] when `waiting_max` wait already.
    pub async fn run_now(
        &self,
        app_id: &str,
        name: &str,
        terms: &ManualRun<'_>,
        waiting_max: u32,
    ) -> Result<CronSlot, StoreError> {
        let attempts_max = i32::try_from(terms.attempts_max).unwrap_or(i32::MAX);
        let backoff_seconds = i32::try_from(terms.backoff_seconds).unwrap_or(i32::MAX);
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        let function_id: String = transaction
            .query_opt(
                "SELECT t.function_id FROM triggers t JOIN functions f ON f.id = t.function_id
                 WHERE f.app_id = $1 AND f.name = $2 AND t.kind = 'cron' FOR UPDATE OF t",
                &[&app_id, &name],
            )
            .await?
            .ok_or(StoreError::Missing("the cron trigger"))?
            .get(0);
        let row = transaction
            .query_opt(
                "INSERT INTO cron_slots (function_id, app_id, manual, scheduled_at, state, schedule, timezone, overlap,
                     attempts_max, backoff_seconds, run_at)
                 SELECT $1, $8, true, clock_timestamp(), 'waiting', $2, $3, $4, $6, $7, now()
                 WHERE (SELECT count(*) FROM cron_slots WHERE function_id = $1 AND manual
                     AND state IN ('waiting', 'running')) < $5
                 RETURNING *",
                &[
                    &function_id,
                    &terms.schedule,
                    &terms.timezone,
                    &Overlap::Allow.as_str(),
                    &i64::from(waiting_max),
                    &attempts_max,
                    &backoff_seconds,
                    &app_id,
                ],
            )
            .await?
            .ok_or_else(|| {
                StoreError::Conflict(format!("{waiting_max} runs of this function wait already"))
            })?;
        let slot = CronSlot::from_row(&row);
        transaction.commit().await?;
        Ok(slot)
    }
}
