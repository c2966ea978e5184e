//! The table of triggers: what starts a function.

use chrono::{DateTime, Utc};
use mayfly_api::triggers::{Trigger, TriggerKind};
use serde_json::Value;
use tokio_postgres::{GenericClient, Row, Transaction};

use crate::{Store, StoreError};

/// As `TRIGGERS_JSON` selects them.
pub(super) fn from_json(json: Value) -> Vec<Trigger> {
    let Value::Array(items) = json else { return Vec::new() };
    items
        .into_iter()
        .filter_map(|mut item| {
            Some(Trigger {
                kind: TriggerKind::parse(item.get("kind")?.as_str()?)?,
                enabled: item.get("enabled")?.as_bool()?,
                config: item.get_mut("config")?.take(),
            })
        })
        .collect()
}

/// A scalar subquery for the triggers of the function `f`.
pub(super) const TRIGGERS_JSON: &str = "(SELECT coalesce(jsonb_agg(jsonb_build_object(
    'kind', t.kind, 'config', t.config, 'enabled', t.enabled) ORDER BY t.kind), '[]')
    FROM triggers t WHERE t.function_id = f.id)";

/// A schedule that stays keeps its next slot: a redeploy neither fires it nor skips one. Another schedule, and one that
/// was disabled, begins now.
const REPLACE: &str = "INSERT INTO triggers AS t (function_id, kind, config, enabled) VALUES ($1, $2, $3, $4)
    ON CONFLICT (function_id, kind) DO UPDATE SET config = excluded.config, enabled = excluded.enabled,
      (next_at, planned_from) = (SELECT
        CASE WHEN stays THEN t.next_at END,
        CASE WHEN stays THEN t.planned_from ELSE now() END
        FROM (SELECT t.enabled AND excluded.enabled
            AND t.config ->> 'schedule' = excluded.config ->> 'schedule'
            AND t.config ->> 'timezone' = excluded.config ->> 'timezone') AS same (stays))";

/// Replace all triggers of a function.
pub(super) async fn replace(
    transaction: &Transaction<'_>,
    function_id: &str,
    triggers: &[Trigger],
) -> Result<(), StoreError> {
    let kinds: Vec<&str> = triggers.iter().map(|trigger| trigger.kind.as_str()).collect();
    transaction
        .execute("DELETE FROM triggers WHERE function_id = $1 AND kind <> ALL ($2)", &[&function_id, &kinds])
        .await?;
    for trigger in triggers {
        if trigger.kind == TriggerKind::Websocket && trigger.enabled {
            check_event(transaction, function_id, trigger).await?;
        }
        transaction
            .execute(REPLACE, &[&function_id, &trigger.kind.as_str(), &trigger.config, &trigger.enabled])
            .await?;
    }
    Ok(())
}

/// An event of the app's sockets has one function: of two, a client could not know which one runs.
async fn check_event(
    transaction: &Transaction<'_>,
    function_id: &str,
    trigger: &Trigger,
) -> Result<(), StoreError> {
    const TAKEN: &str =
        "SELECT f.name FROM functions mine JOIN functions f ON f.app_id = mine.app_id AND f.id <> mine.id
        JOIN triggers t ON t.function_id = f.id AND t.kind = 'websocket' AND t.enabled
        WHERE mine.id = $1 AND t.config ->> 'event' IS NOT DISTINCT FROM $2 LIMIT 1";
    let event = trigger.config["event"].as_str();
    let Some(row) = transaction.query_opt(TAKEN, &[&function_id, &event]).await? else { return Ok(()) };
    let (name, event) = (
        row.get::<_, &str>(0),
        event.map_or("all other events".to_owned(), |event| format!("the event {event}")),
    );
    Err(StoreError::Conflict(format!("the function {name} has a websocket trigger for {event} already")))
}

pub(super) async fn list(client: &impl GenericClient, function_id: &str) -> Result<Vec<Trigger>, StoreError> {
    let row = client
        .query_one(&format!("SELECT {TRIGGERS_JSON} FROM (SELECT $1::text AS id) f"), &[&function_id])
        .await?;
    Ok(from_json(row.get(0)))
}

/// A trigger of an app, with its function and the last invocation that it started.
#[derive(Debug, Clone, PartialEq)]
pub struct AppTrigger {
    /// The function.
    pub function: String,
    /// The trigger.
    pub trigger: Trigger,
    /// Whether the app is paused.
    pub paused: bool,
    /// The last one, among the function's newest records.
    pub last_run: Option<AppTriggerRun>,
}

/// An invocation that a trigger started.
#[derive(Debug, Clone, PartialEq)]
pub struct AppTriggerRun {
    /// `inv_...`
    pub invocation_id: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// Its response's status.
    pub status: Option<u16>,
    /// The code of its failure.
    pub error_code: Option<String>,
}

/// A function that handles events of an app's sockets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebsocketHandler {
    /// The event; `None`: those that no other function handles.
    pub event: Option<String>,
    /// The function.
    pub function: String,
}

/// The newest records of a function that are searched for a trigger's last run: a bound on what one row costs.
const RECORDS_SEARCHED: i64 = 500;

/// The table of triggers.
#[derive(Debug, Clone, Copy)]
pub struct TriggersTable<'a> {
    store: &'a Store,
}

impl Store {
    /// The table of triggers.
    pub fn triggers(&self) -> TriggersTable<'_> {
        TriggersTable { store: self }
    }
}

impl TriggersTable<'_> {
    /// The enabled websocket triggers of an app, by function.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn websocket_handlers(&self, app_id: &str) -> Result<Vec<WebsocketHandler>, StoreError> {
        let client = self.store.client().await?;
        let rows = client
            .query(
                "SELECT f.name, t.config ->> 'event' AS event FROM triggers t JOIN functions f ON f.id = t.function_id
                 WHERE f.app_id = $1 AND t.kind = 'websocket' AND t.enabled ORDER BY f.name",
                &[&app_id],
            )
            .await?;
        let handler = |row: &Row| WebsocketHandler { event: row.get("event"), function: row.get("name") };
        Ok(rows.iter().map(handler).collect())
    }

    /// All triggers of an app, by function and kind.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn of_app(&self, app_id: &str) -> Result<Vec<AppTrigger>, StoreError> {
        let client = self.store.client().await?;
        let rows = client
            .query(
                "SELECT f.name, t.kind, t.config, t.enabled, a.paused, r.id, r.started_at, r.status, r.error_code
                 FROM triggers t JOIN functions f ON f.id = t.function_id JOIN apps a ON a.id = f.app_id
                 LEFT JOIN LATERAL (
                     SELECT * FROM (SELECT i.id, i.started_at, i.status, i.error_code, i.trigger, i.number
                         FROM invocations i WHERE i.app_id = f.app_id AND i.function_name = f.name
                         ORDER BY i.number DESC LIMIT $2) newest
                     WHERE newest.trigger = t.kind ORDER BY newest.number DESC LIMIT 1) r ON true
                 WHERE f.app_id = $1 ORDER BY f.name, t.kind",
                &[&app_id, &RECORDS_SEARCHED],
            )
            .await?;
        Ok(rows.iter().filter_map(of_row).collect())
    }
}

fn of_row(row: &Row) -> Option<AppTrigger> {
    let last_run = row.get::<_, Option<String>>("id").map(|invocation_id| AppTriggerRun {
        invocation_id,
        started_at: row.get("started_at"),
        status: row.get::<_, Option<i32>>("status").and_then(|status| u16::try_from(status).ok()),
        error_code: row.get("error_code"),
    });
    let kind = TriggerKind::parse(row.get("kind"))?;
    let trigger = Trigger { kind, config: row.get("config"), enabled: row.get("enabled") };
    Some(AppTrigger { function: row.get("name"), trigger, paused: row.get("paused"), last_run })
}
