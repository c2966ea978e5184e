//! Planning: triggers whose next slot is due get rows for their due slots, and their next slot, in one transaction.

use chrono::{DateTime, Utc};
use deadpool_postgres::Transaction;
use mayfly_api::cron::SlotState;
use mayfly_api::triggers::Overlap;
use serde_json::Value;

use super::CronTable;
use crate::StoreError;

/// A cron trigger that has to be planned.
#[derive(Debug, Clone, PartialEq)]
pub struct DueTrigger {
    /// Whose trigger.
    pub function_id: String,
    /// The function's app.
    pub app_id: String,
    /// Its config, as it was stored.
    pub config: Value,
    /// Its next slot; `None`: not planned since its schedule was set.
    pub next_at: Option<DateTime<Utc>>,
    /// Slots later than this belong to its schedule.
    pub planned_from: DateTime<Utc>,
    /// Whether the app is paused or closed.
    pub paused: bool,
    /// Slots of it that wait or run.
    pub open: u32,
}

/// A slot that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSlot {
    /// When.
    pub scheduled_at: DateTime<Utc>,
    /// `Waiting`, or what became of it already.
    pub state: SlotState,
    /// How many slots the row stands for.
    pub slots: u32,
    /// Whether it runs beside others of its trigger.
    pub overlap: Overlap,
}

/// What is written for a trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriggerPlan {
    /// Whose trigger.
    pub function_id: String,
    /// The function's app.
    pub app_id: String,
    /// Its expression.
    pub schedule: String,
    /// Its zone.
    pub timezone: String,
    /// Starts that a slot may have.
    pub attempts_max: u32,
    /// The pause before a second one.
    pub backoff_seconds: u32,
    /// Its due slots.
    pub slots: Vec<NewSlot>,
    /// Its next slot; `None`: there is none.
    pub next_at: Option<DateTime<Utc>>,
}

/// What a planning did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// Triggers that were found due.
    pub triggers: usize,
    /// How long until the next slot of any trigger, in milliseconds; `None`: there is none.
    pub next_in_ms: Option<i64>,
}

/// Locks what it finds: two nodes that plan at the same time find different triggers.
const DUE: &str = "SELECT t.function_id, f.app_id, t.config, t.next_at, t.planned_from,
    a.paused OR a.closed_reason IS NOT NULL AS paused,
    coalesce($1::timestamptz, now()) AS now,
    (SELECT count(*) FROM cron_slots s WHERE s.function_id = t.function_id
        AND s.state IN ('waiting', 'running')) AS open
  FROM triggers t JOIN functions f ON f.id = t.function_id JOIN apps a ON a.id = f.app_id AND a.state = 'ready'
  WHERE t.kind = 'cron' AND t.enabled
    AND (t.next_at IS NULL OR t.next_at <= coalesce($1::timestamptz, now()))
  ORDER BY t.next_at NULLS FIRST LIMIT $2 FOR UPDATE OF t SKIP LOCKED";

const NEXT: &str =
    "SELECT (extract(epoch FROM min(next_at) - coalesce($1::timestamptz, now())) * 1000)::bigint
  FROM triggers WHERE kind = 'cron' AND enabled AND next_at < 'infinity'";

impl CronTable<'_> {
    /// Plan at most `limit` due triggers. `decide` gets the present instant and the triggers, and says what to write;
    /// a trigger that it leaves out stays due.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn plan(
        &self,
        now: Option<DateTime<Utc>>,
        limit: u32,
        decide: impl FnOnce(DateTime<Utc>, &[DueTrigger]) -> Vec<TriggerPlan> + Send,
    ) -> Result<Planned, StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        let due = transaction.prepare_cached(DUE).await?;
        let rows = transaction.query(&due, &[&now, &i64::from(limit)]).await?;
        if let Some(first) = rows.first() {
            let now = first.get("now");
            let triggers: Vec<DueTrigger> = rows
                .iter()
                .map(|row| DueTrigger {
                    function_id: row.get("function_id"),
                    app_id: row.get("app_id"),
                    config: row.get("config"),
                    next_at: row.get("next_at"),
                    planned_from: row.get("planned_from"),
                    paused: row.get("paused"),
                    open: u32::try_from(row.get::<_, i64>("open")).unwrap_or(u32::MAX),
                })
                .collect();
            let plans = decide(now, &triggers);
            write_slots(&transaction, &plans, now).await?;
            write_next(&transaction, &plans).await?;
        }
        let next = transaction.prepare_cached(NEXT).await?;
        let next_in_ms = transaction.query_one(&next, &[&now]).await?.get(0);
        transaction.commit().await?;
        Ok(Planned { triggers: rows.len(), next_in_ms })
    }
}

async fn write_slots(
    transaction: &Transaction<'_>,
    plans: &[TriggerPlan],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let all = || plans.iter().flat_map(|plan| plan.slots.iter().map(move |slot| (plan, slot)));
    if all().next().is_none() {
        return Ok(());
    }
    let functions: Vec<&str> = all().map(|(plan, _)| plan.function_id.as_str()).collect();
    let apps: Vec<&str> = all().map(|(plan, _)| plan.app_id.as_str()).collect();
    let times: Vec<DateTime<Utc>> = all().map(|(_, slot)| slot.scheduled_at).collect();
    let states: Vec<&str> = all().map(|(_, slot)| slot.state.as_str()).collect();
    let counts: Vec<i32> = all().map(|(_, slot)| signed(slot.slots)).collect();
    let schedules: Vec<&str> = all().map(|(plan, _)| plan.schedule.as_str()).collect();
    let zones: Vec<&str> = all().map(|(plan, _)| plan.timezone.as_str()).collect();
    let overlaps: Vec<&str> = all().map(|(_, slot)| slot.overlap.as_str()).collect();
    let attempts: Vec<i32> = all().map(|(plan, _)| signed(plan.attempts_max)).collect();
    let backoffs: Vec<i32> = all().map(|(plan, _)| signed(plan.backoff_seconds)).collect();
    let insert = transaction
        .prepare_cached(
            "INSERT INTO cron_slots (function_id, app_id, manual, scheduled_at, state, slots, schedule, timezone, overlap,
                 attempts_max, backoff_seconds, run_at, ended_at)
             SELECT f, app, false, at, state, slots, schedule, zone, overlap, attempts, backoff, $10::timestamptz,
                 CASE WHEN state <> 'waiting' THEN $10::timestamptz END
             FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::integer[], $5::text[], $6::text[], $7::text[],
                 $8::integer[], $9::integer[], $11::text[])
                 AS new (f, at, state, slots, schedule, zone, overlap, attempts, backoff, app)
             ON CONFLICT DO NOTHING",
        )
        .await?;
    transaction
        .execute(
            &insert,
            &[
                &functions, &times, &states, &counts, &schedules, &zones, &overlaps, &attempts, &backoffs,
                &now, &apps,
            ],
        )
        .await?;
    Ok(())
}

async fn write_next(transaction: &Transaction<'_>, plans: &[TriggerPlan]) -> Result<(), StoreError> {
    let functions: Vec<&str> = plans.iter().map(|plan| plan.function_id.as_str()).collect();
    let times: Vec<Option<DateTime<Utc>>> = plans.iter().map(|plan| plan.next_at).collect();
    let update = transaction
        .prepare_cached(
            "UPDATE triggers t SET next_at = coalesce(new.at, 'infinity')
             FROM unnest($1::text[], $2::timestamptz[]) AS new (f, at)
             WHERE t.function_id = new.f AND t.kind = 'cron'",
        )
        .await?;
    transaction.execute(&update, &[&functions, &times]).await?;
    Ok(())
}

fn signed(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
