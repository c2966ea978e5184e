//! The transaction of a deploy: the version, its image, triggers and environment, and which version serves.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::json;
use tokio_postgres::Transaction;

use super::settings::{self, FunctionSettings};
use crate::changes::{self, ChangeKind};
use crate::triggers;
use crate::versions::{StoredImage, insert_image};
use crate::{RolloutTerms, Store, StoreError, env, id, rollouts};
use mayfly_api::functions::SettingsChange;
use mayfly_api::triggers::{Trigger, TriggerKind};

/// A built version to be stored. What is `None` keeps its value; a new function gets the default.
#[derive(Debug, Clone)]
pub struct DeployRow {
    /// The function's name.
    pub name: String,
    /// The source's file name.
    pub file_name: String,
    /// The source.
    pub code: String,
    /// JSON.
    pub source_map: String,
    /// The snapshot.
    pub image: StoredImage,
    /// The author's words.
    pub description: Option<String>,
    /// Limits and switches.
    pub settings: SettingsChange,
    /// What starts it. Default: one http trigger with `auth: required`.
    pub triggers: Option<Vec<Trigger>>,
    /// All of its environment, encrypted; replaces the present one.
    pub env: Option<BTreeMap<String, String>>,
    /// The state of the app's schema, where it is known.
    pub schema_fingerprint: Option<String>,
    /// Its share of the calls, when another version goes on serving the rest.
    pub rollout: Option<RolloutTerms>,
}

/// What a deploy, or a rollback, made.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployed {
    /// `fn_...`
    pub function_id: String,
    /// `ver_...`, the version that serves from now on.
    pub version_id: String,
    /// Its number.
    pub version: u32,
    /// Now, by the database's clock.
    pub deployed_at: DateTime<Utc>,
    /// All triggers of the function.
    pub triggers: Vec<Trigger>,
    /// The state of the app's schema that the version was deployed against, where it was known.
    pub schema_fingerprint: Option<String>,
}

pub(super) async fn deploy(store: &Store, app_id: &str, row: &DeployRow) -> Result<Deployed, StoreError> {
    let mut client = store.client().await?;
    let transaction = client.transaction().await?;
    require_ready(&transaction, app_id).await?;
    let (function_id, number) = upsert(&transaction, app_id, row).await?;
    settings::apply(&transaction, app_id, &row.name, &row.settings).await?;
    let version_id = insert_version(&transaction, &function_id, number, row).await?;
    insert_image(&transaction, &version_id, &row.image).await?;
    replace_triggers(&transaction, &function_id, number, row.triggers.as_deref()).await?;
    if let Some(encrypted) = &row.env {
        env::replace(&transaction, app_id, &function_id, encrypted).await?;
    }
    let deployed = match row.rollout {
        // The first version has nothing beside which it could serve a part.
        Some(terms) if number > 1 => {
            rollouts::insert(&transaction, &function_id, &version_id, terms).await?;
            changes::record(&transaction, app_id, Some(&row.name), ChangeKind::Deploy).await?;
            describe(&transaction, &function_id, &version_id, number).await?
        }
        _ => activate(&transaction, app_id, &row.name, &function_id, &version_id, number).await?,
    };
    store.commit(transaction).await?;
    Ok(deployed)
}

pub(super) async fn rollback(
    store: &Store,
    app_id: &str,
    name: &str,
    version: Option<u32>,
) -> Result<Deployed, StoreError> {
    let mut client = store.client().await?;
    let transaction = client.transaction().await?;
    let wanted = version.map(|number| i32::try_from(number).unwrap_or(i32::MAX));
    let function = transaction
        .query_opt("SELECT id FROM functions WHERE app_id = $1 AND name = $2 FOR UPDATE", &[&app_id, &name])
        .await?
        .ok_or(StoreError::Missing("the function"))?;
    let function_id: String = function.get(0);
    let row = transaction
        .query_opt(
            "SELECT v.id, v.number FROM versions v JOIN functions f ON f.id = v.function_id
             LEFT JOIN versions a ON a.id = f.active_version_id
             WHERE f.id = $1 AND CASE WHEN $2::integer IS NULL THEN v.number < a.number ELSE v.number = $2 END
             ORDER BY v.number DESC LIMIT 1",
            &[&function_id, &wanted],
        )
        .await?
        .ok_or(StoreError::Missing("the version"))?;
    let (version_id, number): (String, i32) = (row.get(0), row.get(1));
    let deployed = activate(&transaction, app_id, name, &function_id, &version_id, number).await?;
    store.commit(transaction).await?;
    Ok(deployed)
}

/// Holds the app's row, so that its deletion cannot begin at the same time.
async fn require_ready(transaction: &Transaction<'_>, app_id: &str) -> Result<(), StoreError> {
    transaction
        .query_opt("SELECT 1 FROM apps WHERE id = $1 AND state = 'ready' FOR SHARE", &[&app_id])
        .await?
        .map(|_| ())
        .ok_or(StoreError::Missing("the app"))
}

/// Takes the function's row and its next number: two deploys of one function queue here.
async fn upsert(
    transaction: &Transaction<'_>,
    app_id: &str,
    row: &DeployRow,
) -> Result<(String, i32), StoreError> {
    let default = FunctionSettings::default();
    let signed = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    let row = transaction
        .query_one(
            "INSERT INTO functions (id, app_id, name, description, timeout_ms, cpu_limit_ms, memory_limit_mb,
                agent_tool, agent_tool_mode, agent_tool_exposed_to, allow_service_key_impersonation, last_version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1)
             ON CONFLICT (app_id, name) DO UPDATE SET
                description = coalesce(excluded.description, functions.description),
                last_version = functions.last_version + 1,
                updated_at = now()
             RETURNING id, last_version",
            &[
                &id::function()?,
                &app_id,
                &row.name,
                &row.description,
                &signed(default.timeout_ms),
                &signed(default.cpu_limit_ms),
                &signed(default.memory_limit_mb),
                &default.agent_tool,
                &default.agent_tool_mode.as_str(),
                &default.agent_tool_exposed_to.as_str(),
                &default.allow_service_key_impersonation,
            ],
        )
        .await?;
    Ok((row.get(0), row.get(1)))
}

async fn insert_version(
    transaction: &Transaction<'_>,
    function_id: &str,
    number: i32,
    row: &DeployRow,
) -> Result<String, StoreError> {
    let version_id = id::version()?;
    transaction
        .execute(
            "INSERT INTO versions (id, function_id, number, file_name, code, source_map, schema_fingerprint)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[
                &version_id,
                &function_id,
                &number,
                &row.file_name,
                &row.code,
                &row.source_map,
                &row.schema_fingerprint,
            ],
        )
        .await?;
    Ok(version_id)
}

async fn replace_triggers(
    transaction: &Transaction<'_>,
    function_id: &str,
    number: i32,
    wanted: Option<&[Trigger]>,
) -> Result<(), StoreError> {
    match wanted {
        Some(wanted) => triggers::replace(transaction, function_id, wanted).await,
        None if number == 1 => {
            let http =
                Trigger { kind: TriggerKind::Http, config: json!({ "auth": "required" }), enabled: true };
            triggers::replace(transaction, function_id, &[http]).await
        }
        None => Ok(()),
    }
}

async fn activate(
    transaction: &Transaction<'_>,
    app_id: &str,
    name: &str,
    function_id: &str,
    version_id: &str,
    number: i32,
) -> Result<Deployed, StoreError> {
    transaction
        .execute(
            "UPDATE functions SET active_version_id = $2, deployed_at = now(), updated_at = now() WHERE id = $1",
            &[&function_id, &version_id],
        )
        .await?;
    rollouts::clear(transaction, function_id).await?;
    changes::record(transaction, app_id, Some(name), ChangeKind::Deploy).await?;
    describe(transaction, function_id, version_id, number).await
}

async fn describe(
    transaction: &Transaction<'_>,
    function_id: &str,
    version_id: &str,
    number: i32,
) -> Result<Deployed, StoreError> {
    let row = transaction
        .query_one("SELECT now(), schema_fingerprint FROM versions WHERE id = $1", &[&version_id])
        .await?;
    Ok(Deployed {
        function_id: function_id.to_owned(),
        version_id: version_id.to_owned(),
        version: number.unsigned_abs(),
        deployed_at: row.get(0),
        schema_fingerprint: row.get(1),
        triggers: triggers::list(transaction, function_id).await?,
    })
}
