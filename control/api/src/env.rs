//! `/v1/{app}/env` and `/v1/{app}/functions/{name}/env`: environment variables, whose values are never shown.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::Timestamp;

/// Variables of one function, or of one app.
pub const VARIABLES_MAX: usize = 128;
/// Bytes of one value.
pub const VALUE_BYTES_MAX: usize = 5 << 10;

/// Changes variables: those that are named.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchEnv {
    /// Values by name; null deletes. A name matches `^[A-Za-z_][A-Za-z0-9_]{0,127}$` and does not begin with
    /// `BUTTERBASE_` or `MAYFLY_`; a value has at most 5 KiB, without NUL.
    #[serde(rename = "envVars")]
    #[schemars(extend("minProperties" = 1, "maxProperties" = VARIABLES_MAX))]
    pub env_vars: BTreeMap<String, Option<String>>,
}

/// The names of an app's own variables.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct EnvNames {
    /// In order.
    pub keys: Vec<String>,
}

/// What there is after a change.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct EnvUpdated {
    /// For people.
    pub message: String,
    /// The function, when it is one's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<EnvFunction>,
    /// The names of all variables there are now.
    #[serde(rename = "updatedKeys")]
    pub updated_keys: Vec<String>,
}

/// The function whose variables changed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct EnvFunction {
    /// `fn_...`
    pub id: String,
    /// Its name.
    pub name: String,
    /// When they changed.
    pub updated_at: Timestamp,
}
