//! `/v1/{app}/auth/...`: tokens of end users, and the keys that they are signed with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::value::{Number, Text, Timestamp, words};

/// The longest life of a token, and of a key that verifies but signs no more: 30 days, in seconds.
pub const TTL_SECONDS_MAX: u32 = 30 * 24 * 3_600;

/// Makes a token for an end user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MintToken {
    /// The user's id: at most 255 bytes, without control characters.
    pub sub: Text<1, 255>,
    /// How long it is good; an hour unless said otherwise.
    #[serde(default)]
    pub ttl_seconds: Option<Number<1, TTL_SECONDS_MAX>>,
    /// Further claims: at most 4 KiB of JSON, none of `iss`, `sub`, `aud`, `exp`, `nbf`, `iat`.
    #[serde(default)]
    pub claims: Option<Map<String, Value>>,
}

/// A new token.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MintedToken {
    /// The token.
    pub token: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// Makes a new signing key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateSigningKey {
    /// How long the present one goes on verifying; a day unless said otherwise.
    #[serde(default)]
    pub grace_seconds: Option<Number<0, TTL_SECONDS_MAX>>,
}

/// Registers a key whose private half the app has itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportSigningKey {
    /// A public JWK with a `kid`, for ES256 or RS256.
    pub jwk: Map<String, Value>,
}

words! {
    /// What a signing key is used for.
    SigningKeyState {
        /// It signs new tokens.
        Signing = "signing",
        /// It only verifies.
        Verifying = "verifying",
    }
}

/// A signing key's public half.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SigningKey")]
pub struct SigningKeyInfo {
    /// Its id.
    pub kid: String,
    /// `ES256` or `RS256`.
    pub algorithm: Option<String>,
    /// What it is used for.
    pub state: SigningKeyState,
    /// Whether the app has its private half.
    pub imported: bool,
    /// Until when it verifies; null while there is no end.
    pub verifies_until: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// An app's signing keys.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SigningKeyList {
    /// The one that signs first.
    pub keys: Vec<SigningKeyInfo>,
}

/// A JSON Web Key Set (RFC 7517).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct KeySetDocument {
    /// Public keys.
    pub keys: Vec<Map<String, Value>>,
}
