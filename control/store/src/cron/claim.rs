//! Claiming: a waiting slot is given to one node, which has it for as long as it renews its claim.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{CronTable, SlotKey};
use crate::StoreError;

/// A node that asks for slots.
#[derive(Debug, Clone)]
pub struct SlotClaim<'a> {
    /// The node.
    pub node: &'a str,
    /// The most that it takes.
    pub limit: u32,
    /// The most that it takes of one app.
    pub per_app: u32,
    /// Apps that have as many runs on the node as they may.
    pub full_apps: &'a [String],
    /// The app behind which the turn begins; empty: at the first one.
    pub after_app: &'a str,
    /// For how long it has them without renewing.
    pub lease: Duration,
}

/// A slot that this node has to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedSlot {
    /// The slot.
    pub key: SlotKey,
    /// The app.
    pub app_id: String,
    /// The function.
    pub function_name: String,
    /// The expression.
    pub schedule: String,
    /// Its zone.
    pub timezone: String,
    /// Which start this is: 1, 2, ...
    pub attempt: u32,
    /// Now.
    pub fired_at: DateTime<Utc>,
}

/// Apps with waiting slots, found one by one from an index: the cost does not grow with what waits. Each gives its oldest
/// slots, and all first ones come before all second ones. With `overlap = queue` a slot comes after all earlier ones of
/// its trigger.
const CLAIM: &str = "WITH RECURSIVE apps AS (
    (SELECT app_id FROM cron_slots WHERE state = 'waiting' AND app_id > $7 ORDER BY app_id LIMIT 1)
    UNION ALL
    SELECT (SELECT s.app_id FROM cron_slots s WHERE s.state = 'waiting' AND s.app_id > a.app_id
        ORDER BY s.app_id LIMIT 1)
    FROM apps a WHERE a.app_id IS NOT NULL
  ), turn AS MATERIALIZED (
    SELECT app_id FROM apps WHERE app_id IS NOT NULL AND app_id <> ALL ($5::text[]) LIMIT $3
  ), picked AS MATERIALIZED (
    SELECT w.*, row_number() OVER (PARTITION BY w.app_id ORDER BY w.run_at, w.scheduled_at) AS place
    FROM turn t CROSS JOIN LATERAL (
      SELECT s.function_id, s.manual, s.scheduled_at, s.run_at, s.app_id FROM cron_slots s
      WHERE s.state = 'waiting' AND s.app_id = t.app_id AND s.run_at <= coalesce($1::timestamptz, now())
        AND (s.manual OR s.overlap <> 'queue' OR NOT EXISTS (
          SELECT 1 FROM cron_slots e WHERE e.function_id = s.function_id AND NOT e.manual
            AND e.state IN ('waiting', 'running') AND e.scheduled_at < s.scheduled_at))
      ORDER BY s.run_at LIMIT $4 FOR UPDATE OF s SKIP LOCKED) w
  )
  UPDATE cron_slots s SET state = 'running', attempt = s.attempt + 1, node = $2,
    started_at = coalesce($1::timestamptz, now()), ended_at = NULL, invocation_id = NULL, status = NULL,
    error_code = NULL, error_message = NULL,
    claimed_until = coalesce($1::timestamptz, now()) + $6 * interval '1 s'
  FROM (SELECT * FROM picked ORDER BY place, run_at LIMIT $3) p JOIN functions f ON f.id = p.function_id
  WHERE s.function_id = p.function_id AND s.manual = p.manual AND s.scheduled_at = p.scheduled_at
  RETURNING s.function_id, s.manual, s.scheduled_at, s.schedule, s.timezone, s.attempt, s.started_at,
    s.app_id, f.name";

impl CronTable<'_> {
    /// Take slots that wait.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn claim(
        &self,
        now: Option<DateTime<Utc>>,
        claim: SlotClaim<'_>,
    ) -> Result<Vec<ClaimedSlot>, StoreError> {
        let client = self.store.client().await?;
        let statement = client.prepare_cached(CLAIM).await?;
        let (limit, per_app) = (i64::from(claim.limit), i64::from(claim.per_app));
        let lease = claim.lease.as_secs_f64();
        let rows = client
            .query(
                &statement,
                &[&now, &claim.node, &limit, &per_app, &claim.full_apps, &lease, &claim.after_app],
            )
            .await?;
        let slots = rows.iter().map(|row| ClaimedSlot {
            key: SlotKey {
                function_id: row.get("function_id"),
                manual: row.get("manual"),
                scheduled_at: row.get("scheduled_at"),
            },
            app_id: row.get("app_id"),
            function_name: row.get("name"),
            schedule: row.get("schedule"),
            timezone: row.get("timezone"),
            attempt: row.get::<_, i32>("attempt").unsigned_abs(),
            fired_at: row.get("started_at"),
        });
        Ok(slots.collect())
    }

    /// Keep these, as far as this node still has them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn renew(
        &self,
        now: Option<DateTime<Utc>>,
        node: &str,
        keys: &[SlotKey],
        lease: Duration,
    ) -> Result<u64, StoreError> {
        let functions: Vec<&str> = keys.iter().map(|key| key.function_id.as_str()).collect();
        let manual: Vec<bool> = keys.iter().map(|key| key.manual).collect();
        let times: Vec<DateTime<Utc>> = keys.iter().map(|key| key.scheduled_at).collect();
        let client = self.store.client().await?;
        let renewed = client
            .execute(
                "UPDATE cron_slots s SET claimed_until = coalesce($1::timestamptz, now()) + $3 * interval '1 s'
                 FROM unnest($4::text[], $5::boolean[], $6::timestamptz[]) AS k (f, manual, at)
                 WHERE s.function_id = k.f AND s.manual = k.manual AND s.scheduled_at = k.at
                   AND s.state = 'running' AND s.node = $2",
                &[&now, &node, &lease.as_secs_f64(), &functions, &manual, &times],
            )
            .await?;
        Ok(renewed)
    }
}
