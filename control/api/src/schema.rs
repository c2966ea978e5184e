//! `/v1/{app}/schema...` and `/v1/{app}/migrations`: the declared schema.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::value::{Millis, Number, RawObject, Text, Timestamp};

/// Brings an app to a declared schema (docs/SCHEMA.md).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplySchema {
    /// The declaration; its members keep their order.
    pub schema: RawObject,
    /// Only shows what would be done.
    #[serde(default)]
    pub dry_run: Option<bool>,
    /// A name for the record.
    #[serde(default)]
    pub name: Option<Text<1, 200>>,
    /// Builds indexes without locking writers out, after the transaction.
    #[serde(default)]
    pub online: Option<bool>,
}

/// Goes back to a recorded schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RollBackSchema {
    /// The record's number.
    pub id: Number<1, { u32::MAX }>,
    /// Only shows what would be done.
    #[serde(default)]
    pub dry_run: Option<bool>,
    /// A name for the record.
    #[serde(default)]
    pub name: Option<Text<1, 200>>,
}

/// An app's schema as it is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SchemaState")]
pub struct SchemaState {
    /// The app.
    pub app_id: String,
    /// As a declaration.
    pub schema: RawObject,
    /// Its fingerprint.
    pub fingerprint: String,
    /// What is there beside it.
    pub unmanaged: Vec<Value>,
    /// The URL that the app's routes begin with.
    pub api_base: String,
    /// For agents.
    #[serde(rename = "_meta")]
    pub meta: SchemaMeta,
}

/// What agents ask first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SchemaMeta {
    /// Counts and names.
    pub resource_info: SchemaResourceInfo,
    /// What to do next.
    pub next_actions: Vec<String>,
}

/// Counts and names.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SchemaResourceInfo {
    /// Tables.
    pub table_count: usize,
    /// Their names.
    pub tables: Vec<String>,
}

/// One statement of a plan.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PlannedStatement {
    /// The SQL.
    pub sql: String,
    /// What it does.
    pub description: String,
    /// Whether something is lost.
    pub destructive: bool,
    /// What may go wrong.
    pub hazards: Vec<Value>,
    /// The table that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The column that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What it has to be agreed to with, and was not yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<Value>,
    /// The hazards in words.
    pub explanations: Vec<String>,
}

/// What was done, or would be.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SchemaApplied {
    /// How many statements.
    pub applied: usize,
    /// The statements, in order.
    pub statements: Vec<PlannedStatement>,
    /// When there is nothing to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The schema's fingerprint afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// What is there beside the declared tables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmanaged: Option<Vec<Value>>,
    /// Of a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
    /// What has to be agreed to, of a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<Vec<Value>>,
    /// What would be lost, of a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub losses: Option<Vec<Value>>,
    /// The record's number; null when nothing was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration_id: Option<Option<i64>>,
    /// Functions that do not fit, of a rollback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warnings: Option<Vec<String>>,
}

/// One recorded change.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MigrationInfo {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: Option<String>,
    /// Equal to `name`; for older clients.
    pub description: Option<String>,
    /// `apply`, `rollback`, `rls` or `script`.
    pub kind: String,
    /// The SQL.
    pub applied_sql: String,
    /// SHA-256 of the SQL.
    pub checksum: String,
    /// The key that asked for it.
    pub key_id: Option<String>,
    /// When.
    pub applied_at: Timestamp,
    /// How long it took.
    pub duration_ms: Millis,
    /// The schema's fingerprint afterwards.
    pub fingerprint: Option<String>,
}

/// What was done to a schema.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MigrationList {
    /// The app.
    pub app_id: String,
    /// Newest first.
    pub migrations: Vec<MigrationInfo>,
}
