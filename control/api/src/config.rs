//! `/v1/{app}/config`: what an app is set to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::hosts::{EgressSpec, HostName, Origin};
use crate::names::FunctionName;
use crate::value::{Count, List, Number, Object, Pattern, Text};

/// The largest count that every JSON reader reads as it was written.
pub const COUNT_MAX: u64 = (1 << 53) - 1;
/// The longest text of an issuer's, in characters.
pub const ISSUER_CHARS_MAX: usize = 500;

/// Changes settings: each that is named is replaced as a whole. At least one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchConfig {
    /// Switches the app's functions off or on.
    #[serde(default)]
    pub paused: Option<bool>,
    /// Why; goes with `paused`.
    #[serde(default)]
    pub reason: Option<Text<0, 500>>,
    /// Web pages of these origins may call; empty: functions say for themselves.
    #[serde(default)]
    pub cors_origins: Option<List<Origin, 0, 50>>,
    /// Where functions may go.
    #[serde(default)]
    pub egress: Option<EgressSpec>,
    /// What the app may use: the owner's layer, or the operator's with the operator's key. The smaller one holds.
    #[serde(default)]
    pub limits: Option<Object<LimitsSpec>>,
    /// Who may sign end users' tokens.
    #[serde(default)]
    pub auth: Option<Object<AuthSpec>>,
    /// Names of hosts under which the app is reached: below the apps' domain of the server, any with the operator's key.
    #[serde(default)]
    pub hosts: Option<List<Object<HostSpec>, 0, 10>>,
}

/// A name of a host for an app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HostSpec {
    /// The name.
    pub host: HostName,
    /// The function that answers all of its paths; without one, a path begins with the function's name.
    #[serde(default)]
    pub function: Option<Pattern<FunctionName>>,
}

/// Limits; what is left out is not limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsSpec {
    /// Invocations begun in a second, on one node.
    #[serde(default)]
    pub rate_per_second: Option<Number<1, 100_000>>,
    /// How many of them may come at once; goes with `rate_per_second`.
    #[serde(default)]
    pub burst: Option<Number<1, 100_000>>,
    /// Sandboxes at once, on one node.
    #[serde(default)]
    pub concurrency: Option<Number<1, 100_000>>,
    /// Requests that wait for a sandbox.
    #[serde(default)]
    pub queue: Option<Number<0, 10_000>>,
    /// How long they wait, in milliseconds.
    #[serde(default)]
    pub queue_timeout_ms: Option<Number<0, 60_000>>,
    /// Invocations a day (UTC), over all nodes.
    #[serde(default)]
    pub daily_invocations: Option<Count<COUNT_MAX>>,
    /// Fuel a day.
    #[serde(default)]
    pub daily_fuel: Option<Count<COUNT_MAX>>,
    /// Bytes that functions send out, a day.
    #[serde(default)]
    pub daily_egress_bytes: Option<Count<COUNT_MAX>>,
    /// Bytes of stored objects, and of the parts of uploads that are not complete.
    #[serde(default)]
    pub storage_bytes: Option<Count<COUNT_MAX>>,
    /// Stored objects.
    #[serde(default)]
    pub storage_objects: Option<Count<COUNT_MAX>>,
    /// Bytes of the app's database: beyond them its functions can only read it.
    #[serde(default)]
    pub database_bytes: Option<Count<COUNT_MAX>>,
    /// The app's share of a busy node, beside the others'; the operator's to set.
    #[serde(default)]
    pub weight: Option<Number<1, 1_000>>,
}

/// Who, beside the app itself, may sign end users' tokens.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthSpec {
    /// External issuers.
    #[serde(default)]
    pub issuers: Option<List<Object<IssuerSpec>, 0, 10>>,
}

/// An external issuer: with a `jwks_url` or a `secret`. Without either, a known issuer keeps its secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IssuerSpec {
    /// What `iss` has to be, to the letter.
    pub issuer: Text<1, ISSUER_CHARS_MAX>,
    /// Where its keys are published: https, or http on this machine.
    #[serde(default)]
    pub jwks_url: Option<Text<1, ISSUER_CHARS_MAX>>,
    /// The shared secret: at least 32 bytes.
    #[serde(default)]
    pub secret: Option<Text<1, 4_096>>,
    /// One of these has to be in `aud`: a text, or a list of 1 to 10. Any, unless said otherwise.
    #[serde(default)]
    #[schemars(schema_with = "text_or_texts")]
    pub audience: Option<serde_json::Value>,
    /// The algorithms that it signs by.
    #[serde(default)]
    #[schemars(schema_with = "texts")]
    pub algorithms: Option<serde_json::Value>,
}

fn text_or_texts(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "oneOf": [
        { "type": "string", "minLength": 1, "maxLength": ISSUER_CHARS_MAX },
        { "type": "array", "minItems": 1, "maxItems": 10,
          "items": { "type": "string", "minLength": 1, "maxLength": ISSUER_CHARS_MAX } },
        { "type": "null" },
    ] })
}

fn texts(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": ["array", "null"], "minItems": 1, "items": { "type": "string" },
        "description": "Of `jwks_url`: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA; of `secret`: HS256, HS384, HS512.",
    })
}

/// What an app is set to: everything but secrets.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Config")]
pub struct ConfigInfo {
    /// The app.
    pub app_id: String,
    /// Whether its functions are switched off.
    pub paused: bool,
    /// Why.
    pub reason: Option<String>,
    /// Why the server has closed the app (`APP_CLOSED`); null: it is not closed.
    pub closed_reason: Option<String>,
    /// Whether its database is larger than it may be: functions can only read it.
    pub database_full: bool,
    /// Web pages of these origins may call.
    pub cors_origins: Vec<String>,
    /// Where functions may go.
    pub egress: EgressInfo,
    /// The owner's limits; null where none is set.
    pub limits: LimitsInfo,
    /// The operator's limits.
    pub operator_limits: LimitsInfo,
    /// The limits that hold: of each two the smaller one.
    pub effective_limits: LimitsInfo,
    /// Who may sign end users' tokens.
    pub auth: AuthInfo,
    /// Names of hosts under which the app is reached.
    pub hosts: Vec<HostInfo>,
}

/// A name of a host under which an app is reached.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct HostInfo {
    /// The name.
    pub host: String,
    /// The function that answers all of its paths; null: a path begins with the function's name.
    pub function: Option<String>,
}

/// Where functions may go.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct EgressInfo {
    /// Only these hosts; null: every public one.
    pub allow: Option<Vec<String>>,
    /// None of these.
    #[serde(default)]
    pub deny: Vec<String>,
}

/// Limits; null where there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Limits")]
pub struct LimitsInfo {
    /// Invocations begun in a second, on one node.
    pub rate_per_second: Option<u32>,
    /// How many of them may come at once.
    pub burst: Option<u32>,
    /// Sandboxes at once, on one node.
    pub concurrency: Option<u32>,
    /// Requests that wait for a sandbox.
    pub queue: Option<u32>,
    /// How long they wait, in milliseconds.
    pub queue_timeout_ms: Option<u32>,
    /// Invocations a day (UTC), over all nodes.
    pub daily_invocations: Option<u64>,
    /// Fuel a day.
    pub daily_fuel: Option<u64>,
    /// Bytes that functions send out, a day.
    pub daily_egress_bytes: Option<u64>,
    /// Bytes of stored objects, and of the parts of uploads that are not complete.
    pub storage_bytes: Option<u64>,
    /// Stored objects.
    pub storage_objects: Option<u64>,
    /// Bytes of the app's database: beyond them its functions can only read it.
    pub database_bytes: Option<u64>,
    /// The app's share of a busy node.
    pub weight: Option<u32>,
}

/// Who may sign end users' tokens.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AuthInfo {
    /// External issuers.
    pub issuers: Vec<IssuerInfo>,
}

/// An external issuer, without its secret.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct IssuerInfo {
    /// What `iss` has to be.
    pub issuer: String,
    /// Where its keys are published.
    pub jwks_url: Option<String>,
    /// Whether there is a shared secret.
    pub has_secret: bool,
    /// One of these has to be in `aud`; empty: any.
    pub audience: Vec<String>,
    /// The algorithms that it signs by.
    pub algorithms: Vec<String>,
}
