//! The table of functions: what is deployed, and the look-up on the hot path of an invocation.

mod active;
mod deploy;
mod settings;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use tokio_postgres::Row;

pub use self::active::{ActiveFunction, Canary};
pub use self::deploy::{DeployRow, Deployed};
pub use self::settings::FunctionSettings;
use crate::changes::{self, ChangeKind};
use crate::triggers::{self, TRIGGERS_JSON};
use crate::{Store, StoreError};
use mayfly_api::functions::SettingsChange;
use mayfly_api::triggers::Trigger;

/// A deployed function.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// `fn_...`
    pub id: String,
    /// Its app.
    pub app_id: String,
    /// Unique within the app.
    pub name: String,
    /// The author's words.
    pub description: Option<String>,
    /// Limits and switches.
    pub settings: FunctionSettings,
    /// What starts it.
    pub triggers: Vec<Trigger>,
    /// The version that serves.
    pub active_version_id: Option<String>,
    /// That version's number.
    pub active_version: Option<u32>,
    /// The state of the app's schema that that version was deployed against, where it was known.
    pub schema_fingerprint: Option<String>,
    /// When a version was last deployed or rolled back to.
    pub deployed_at: Option<DateTime<Utc>>,
    /// When it was first deployed.
    pub created_at: DateTime<Utc>,
    /// When anything of it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Figures for the list of functions.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FunctionStats {
    /// Invocations ever.
    pub invocation_count: u64,
    /// Of them, failed: no response, or a status of 400 and above.
    pub error_count: u64,
    /// Mean duration ever, in milliseconds.
    pub duration_ms: f64,
    /// When the last one began.
    pub last_invoked_at: Option<DateTime<Utc>>,
    /// The status it gave, if any.
    pub last_status: Option<u16>,
    /// Failed share of the last 24 hours, 0 to 1.
    pub error_rate_24h: f64,
    /// Mean duration of the last 24 hours, in milliseconds.
    pub duration_ms_24h: f64,
}

const COLUMNS: &str =
    "f.id, f.app_id, f.name, f.description, f.timeout_ms, f.cpu_limit_ms, f.memory_limit_mb,
    f.agent_tool, f.agent_tool_description, f.agent_tool_mode, f.agent_tool_exposed_to,
    f.agent_tool_input, f.agent_tool_output,
    f.allow_service_key_impersonation, f.record_percent, f.transaction_mode, f.idempotency_key, f.active_version_id, f.deployed_at, f.created_at, f.updated_at,
    (SELECT v.number FROM versions v WHERE v.id = f.active_version_id) AS active_version,
    (SELECT v.schema_fingerprint FROM versions v WHERE v.id = f.active_version_id) AS schema_fingerprint";

impl Function {
    fn from_row(row: &Row) -> Self {
        Self {
            id: row.get("id"),
            app_id: row.get("app_id"),
            name: row.get("name"),
            description: row.get("description"),
            settings: FunctionSettings::from_row(row),
            triggers: triggers::from_json(row.get("triggers")),
            active_version_id: row.get("active_version_id"),
            active_version: row.get::<_, Option<i32>>("active_version").map(i32::unsigned_abs),
            schema_fingerprint: row.get("schema_fingerprint"),
            deployed_at: row.get("deployed_at"),
            created_at: row.get("created_at"),
            updated_at: row.get("updated_at"),
        }
    }
}

/// The table of functions, and the deploy of a version.
#[derive(Debug, Clone, Copy)]
pub struct FunctionsTable<'a> {
    pub(super) store: &'a Store,
}

impl Store {
    /// The table of functions, and the deploy of a version.
    pub fn functions(&self) -> FunctionsTable<'_> {
        FunctionsTable { store: self }
    }
}

impl FunctionsTable<'_> {
    /// Keep a new version, make it the one that serves, and tell every node: one transaction.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such app, or it is not ready.
    pub async fn deploy(&self, app_id: &str, row: &DeployRow) -> Result<Deployed, StoreError> {
        deploy::deploy(self.store, app_id, row).await
    }

    /// Make a version serve: that one, or with `None` the newest below the one that serves now.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such function or version.
    pub async fn rollback(
        &self,
        app_id: &str,
        name: &str,
        version: Option<u32>,
    ) -> Result<Deployed, StoreError> {
        deploy::rollback(self.store, app_id, name, version).await
    }

    /// One function.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn get(&self, app_id: &str, name: &str) -> Result<Option<Function>, StoreError> {
        let client = self.store.client().await?;
        let row = client
            .query_opt(
                &format!(
                    "SELECT {COLUMNS}, {TRIGGERS_JSON} AS triggers FROM functions f
                     WHERE f.app_id = $1 AND f.name = $2"
                ),
                &[&app_id, &name],
            )
            .await?;
        Ok(row.as_ref().map(Function::from_row))
    }

    /// What stands for code of an app that runs once: its app, and nothing of a function.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn of_runs(&self, app_id: &str) -> Result<Option<ActiveFunction>, StoreError> {
        active::of_runs(self.store, app_id).await
    }

    /// An app's functions, by name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn list(&self, app_id: &str) -> Result<Vec<Function>, StoreError> {
        let client = self.store.client().await?;
        let rows = client
            .query(
                &format!(
                    "SELECT {COLUMNS}, {TRIGGERS_JSON} AS triggers FROM functions f
                     WHERE f.app_id = $1 ORDER BY f.name"
                ),
                &[&app_id],
            )
            .await?;
        Ok(rows.iter().map(Function::from_row).collect())
    }

    /// Figures of an app's functions, by the functions' ids. A function that never ran is missing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn stats(&self, app_id: &str) -> Result<BTreeMap<String, FunctionStats>, StoreError> {
        let client = self.store.client().await?;
        let rows = client
            .query(
                "SELECT f.id, h.invocations, h.errors, h.mean_ms, h.day_rate, h.day_mean_ms, l.started_at, l.status
                 FROM functions f
                 CROSS JOIN LATERAL (
                    SELECT sum(invocations)::bigint AS invocations, sum(errors)::bigint AS errors,
                        (sum(duration_us) / sum(invocations))::float8 / 1000 AS mean_ms,
                        (sum(errors) FILTER (WHERE day) / sum(invocations) FILTER (WHERE day))::float8 AS day_rate,
                        (sum(duration_us) FILTER (WHERE day) / sum(invocations) FILTER (WHERE day))::float8 / 1000
                            AS day_mean_ms
                    FROM (SELECT *, hour > now() - interval '24 hours' AS day FROM invocation_hours
                          WHERE function_id = f.id) s
                 ) h
                 LEFT JOIN LATERAL (
                    SELECT started_at, status FROM invocations i
                    WHERE i.app_id = f.app_id AND i.function_name = f.name
                    ORDER BY number DESC LIMIT 1
                 ) l ON true
                 WHERE f.app_id = $1 AND h.invocations > 0",
                &[&app_id],
            )
            .await?;
        Ok(rows.iter().map(|row| (row.get(0), stats_from_row(row))).collect())
    }

    /// Change limits and switches of a function. `None` when there is no such function.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn patch_settings(
        &self,
        app_id: &str,
        name: &str,
        patch: &SettingsChange,
    ) -> Result<Option<Function>, StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        let changed = settings::apply(&transaction, app_id, name, patch).await?;
        changes::record(&transaction, app_id, Some(name), ChangeKind::Settings).await?;
        self.store.commit(transaction).await?;
        drop(client);
        if changed { self.get(app_id, name).await } else { Ok(None) }
    }

    /// Remove a function with its versions, triggers and environment. `false` when there was none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn delete(&self, app_id: &str, name: &str) -> Result<bool, StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        let deleted = transaction
            .execute("DELETE FROM functions WHERE app_id = $1 AND name = $2", &[&app_id, &name])
            .await?;
        changes::record(&transaction, app_id, Some(name), ChangeKind::Delete).await?;
        self.store.commit(transaction).await?;
        Ok(deleted > 0)
    }
}

fn stats_from_row(row: &Row) -> FunctionStats {
    let count = |column: usize| row.get::<_, Option<i64>>(column).unwrap_or(0).unsigned_abs();
    let mean = |column: usize| row.get::<_, Option<f64>>(column).unwrap_or(0.0);
    FunctionStats {
        invocation_count: count(1),
        error_count: count(2),
        duration_ms: mean(3),
        error_rate_24h: mean(4),
        duration_ms_24h: mean(5),
        last_invoked_at: row.get(6),
        last_status: row.get::<_, Option<i32>>(7).and_then(|status| u16::try_from(status).ok()),
    }
}
