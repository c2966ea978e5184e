//! `POST /v1/{app}/sql`: scripts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::{Bytes, Millis, Text, Timestamp};

/// The longest script, in bytes.
pub const SCRIPT_BYTES_MAX: usize = 1 << 20;

/// Runs a script as the app's owner, in one transaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunSql {
    /// The script.
    pub sql: Bytes<SCRIPT_BYTES_MAX>,
    /// A name for the record.
    #[serde(default)]
    pub name: Option<Text<1, 200>>,
}

/// A script that was run and recorded.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SqlApplied {
    /// The record's number.
    pub id: i64,
    /// Its name.
    pub name: Option<String>,
    /// SHA-256 of the text.
    pub checksum: String,
    /// When.
    pub applied_at: Timestamp,
    /// How long it took.
    pub duration_ms: Millis,
    /// The schema's fingerprint afterwards.
    pub fingerprint: Option<String>,
}
