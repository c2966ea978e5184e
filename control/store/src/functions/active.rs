//! `ActiveFunction`: everything that an invocation needs to know of a function, in one round trip.

use std::sync::Arc;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::{FunctionSettings, FunctionsTable};
use crate::compiled::{CompiledFunctions, EngineBuild, newest};
use crate::triggers::{self, TRIGGERS_JSON};
use crate::{Store, StoreError};
use mayfly_api::run::RUN_NAME;
use mayfly_api::triggers::Trigger;

/// What an invocation needs to know of a function.
#[derive(Debug, Clone, PartialEq)]
pub struct ActiveFunction {
    /// `fn_...`
    pub function_id: Arc<str>,
    /// The function's name.
    pub function_name: Arc<str>,
    /// The app.
    pub app_id: Arc<str>,
    /// The app's name.
    pub app_name: String,
    /// Whether the app is switched off, and why.
    pub paused: Option<Option<String>>,
    /// Whether the platform has closed the app.
    pub closed: bool,
    /// What `PATCH .../config` set for the app.
    pub app_settings: serde_json::Value,
    /// The version that serves.
    pub version_id: Arc<str>,
    /// Its number.
    pub version: u32,
    /// The image made by the engine that was asked for; `None`: that engine has yet to snapshot this version.
    pub image_digest: Option<String>,
    /// Which of the image's functions are compiled.
    pub compiled: Option<CompiledFunctions>,
    /// Limits and switches.
    pub settings: FunctionSettings,
    /// What starts it.
    pub triggers: Vec<Trigger>,
    /// Moves on whenever the function's environment, or the app's, changes.
    pub env_revision: (i64, i64),
    /// The canary of its rollout.
    pub canary: Option<Canary>,
}

/// A version that serves a share of the calls.
#[derive(Debug, Clone, PartialEq)]
pub struct Canary {
    /// The version.
    pub version_id: Arc<str>,
    /// Its number.
    pub version: u32,
    /// Its image, as in [`ActiveFunction::image_digest`].
    pub image_digest: Option<String>,
    /// Which of the image's functions are compiled.
    pub compiled: Option<CompiledFunctions>,
    /// Its share of the calls, 1 to 99.
    pub percent: u32,
}

const COLUMNS: &str = "f.id, f.name, f.app_id, a.name AS app_name, a.paused, a.paused_reason,
    a.closed_reason IS NOT NULL AS closed, a.settings AS app_settings, v.id AS version_id, v.number AS version, i.image_digest,
    f.timeout_ms, f.cpu_limit_ms, f.memory_limit_mb, f.agent_tool, f.agent_tool_description, f.agent_tool_mode,
    f.agent_tool_exposed_to, f.agent_tool_input, f.agent_tool_output, f.allow_service_key_impersonation, f.record_percent, f.transaction_mode, f.idempotency_key, f.env_revision,
    a.env_revision AS app_env_revision,
    rv.id AS rollout_version_id, rv.number AS rollout_version, ri.image_digest AS rollout_image_digest, r.percent,
    ci.digest AS compiled_digest, ci.generation AS compiled_generation, ci.addresses AS compiled_addresses,
    cr.digest AS rollout_compiled_digest, cr.generation AS rollout_compiled_generation,
    cr.addresses AS rollout_compiled_addresses";

const TABLES: &str = "functions f
  JOIN apps a ON a.id = f.app_id AND a.state = 'ready'
  LEFT JOIN rollouts r ON r.function_id = f.id AND r.state = 'running'
  LEFT JOIN versions rv ON rv.id = r.version_id
  LEFT JOIN version_images ri ON ri.version_id = rv.id AND ri.engine_digest = $3";

const SERVING: &str = "v.id = f.active_version_id";

impl ActiveFunction {
    fn from_row(row: &Row) -> Self {
        let shared = |column: &str| Arc::from(row.get::<_, &str>(column));
        Self {
            function_id: shared("id"),
            function_name: shared("name"),
            app_id: shared("app_id"),
            app_name: row.get("app_name"),
            paused: row.get::<_, bool>("paused").then(|| row.get("paused_reason")),
            closed: row.get("closed"),
            app_settings: row.get("app_settings"),
            version_id: shared("version_id"),
            version: row.get::<_, i32>("version").unsigned_abs(),
            image_digest: row.get("image_digest"),
            compiled: CompiledFunctions::from_row(row, "compiled_"),
            settings: FunctionSettings::from_row(row),
            triggers: triggers::from_json(row.get("triggers")),
            env_revision: (row.get("app_env_revision"), row.get("env_revision")),
            canary: row.get::<_, Option<&str>>("rollout_version_id").map(|version_id| Canary {
                version_id: version_id.into(),
                version: row.get::<_, i32>("rollout_version").unsigned_abs(),
                image_digest: row.get("rollout_image_digest"),
                compiled: CompiledFunctions::from_row(row, "rollout_compiled_"),
                percent: row.get::<_, i32>("percent").unsigned_abs(),
            }),
        }
    }
}

/// See [`FunctionsTable::of_runs`].
pub(super) async fn of_runs(store: &Store, app_id: &str) -> Result<Option<ActiveFunction>, StoreError> {
    let client = store.client().await?;
    let sql = "SELECT id, name, paused, paused_reason, closed_reason IS NOT NULL AS closed, settings, env_revision FROM apps
        WHERE id = $1 AND state = 'ready'";
    let statement = client.prepare_cached(sql).await?;
    let row = client.query_opt(&statement, &[&app_id]).await?;
    Ok(row.map(|row| ActiveFunction {
        // Sums of records are kept by function.
        function_id: format!("run_{app_id}").into(),
        function_name: RUN_NAME.into(),
        app_id: app_id.into(),
        app_name: row.get("name"),
        paused: row.get::<_, bool>("paused").then(|| row.get("paused_reason")),
        closed: row.get("closed"),
        app_settings: row.get("settings"),
        version_id: RUN_NAME.into(),
        version: 0,
        image_digest: None,
        compiled: None,
        settings: FunctionSettings::default(),
        triggers: Vec::new(),
        env_revision: (row.get("env_revision"), 0),
        canary: None,
    }))
}

impl FunctionsTable<'_> {
    /// What serves under that name, with the image made by this engine and what of it is compiled. One round trip.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn active(
        &self,
        app_id: &str,
        name: &str,
        build: impl Into<EngineBuild<'_>>,
    ) -> Result<Option<ActiveFunction>, StoreError> {
        self.find_active(SERVING, "f.app_id = $1 AND f.name = $2", app_id, name, build.into()).await
    }

    /// As [`active`](Self::active), with another version in the place of the one that serves.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn at_version(
        &self,
        app_id: &str,
        name: &str,
        version: u32,
        build: impl Into<EngineBuild<'_>>,
    ) -> Result<Option<ActiveFunction>, StoreError> {
        // A number, and nothing else. Not prepared: there is one text for each.
        let version = format!("v.function_id = f.id AND v.number = {version}");
        self.find_active(&version, "f.app_id = $1 AND f.name = $2", app_id, name, build.into()).await
    }

    /// What serves under a path of its own: the function whose http trigger has that `path` in its config.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn active_by_path(
        &self,
        app_id: &str,
        path: &str,
        build: impl Into<EngineBuild<'_>>,
    ) -> Result<Option<ActiveFunction>, StoreError> {
        let by_path = "f.app_id = $1 AND f.id = (SELECT h.function_id FROM triggers h
            JOIN functions g ON g.id = h.function_id AND g.app_id = $1
            WHERE h.kind = 'http' AND h.enabled AND h.config ->> 'path' = $2
            ORDER BY g.created_at, g.id LIMIT 1)";
        self.find_active(SERVING, by_path, app_id, path, build.into()).await
    }

    async fn find_active(
        &self,
        version: &str,
        condition: &str,
        app_id: &str,
        key: &str,
        build: EngineBuild<'_>,
    ) -> Result<Option<ActiveFunction>, StoreError> {
        let client = self.store.client().await?;
        let sql = format!(
            "SELECT f.*, {TRIGGERS_JSON} AS triggers FROM (SELECT {COLUMNS} FROM {TABLES}
             JOIN versions v ON {version}
             LEFT JOIN version_images i ON i.version_id = v.id AND i.engine_digest = $3
             LEFT JOIN {} ci ON true
             LEFT JOIN {} cr ON true
             WHERE {condition}) f",
            newest("i.image_digest", "$4"),
            newest("ri.image_digest", "$4"),
        );
        let params: [&(dyn ToSql + Sync); 4] = [&app_id, &key, &build.engine, &build.compiler];
        let row = if version == SERVING {
            let statement = client.prepare_cached(&sql).await?;
            client.query_opt(&statement, &params).await?
        } else {
            client.query_opt(&sql, &params).await?
        };
        Ok(row.as_ref().map(ActiveFunction::from_row))
    }
}
