//! `/v1/{app}/keys`: an app's keys.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::scope::Scope;
use crate::value::{List, Text, Timestamp, words};

words! {
    /// What a key is for.
    ApiKeyKind {
        /// `bb_sk_...`: manages and calls the app's functions.
        Service = "service",
        /// Identifies the app's public clients.
        Anon = "anon",
    }
}

/// Makes a key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateKey {
    /// A name to recognise it by.
    #[serde(default)]
    pub name: Option<Text<1, 100>>,
    /// What it is for; a service key unless said otherwise.
    #[serde(default, rename = "type")]
    pub kind: Option<ApiKeyKind>,
    /// What a service key may do; everything unless said otherwise. An anon key has no scopes.
    #[serde(default)]
    pub scopes: Option<List<Scope, 1, 5>>,
}

/// A key, without the key.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Key")]
pub struct KeyInfo {
    /// `key_...`
    pub id: String,
    /// What it is for.
    #[serde(rename = "type")]
    pub kind: ApiKeyKind,
    /// Its name.
    pub name: Option<String>,
    /// The first characters of the key.
    pub prefix: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A new key, which is shown this once.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CreatedKey {
    /// About the key.
    #[serde(flatten)]
    pub info: KeyInfo,
    /// The key itself.
    pub key: String,
}

/// An app's keys.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct KeyList {
    /// Revoked ones, too.
    pub keys: Vec<KeyInfo>,
}

/// Begins the operator's key.
pub const ADMIN_PREFIX: &str = "mf_admin_";
/// Begins an app's service keys.
pub const SERVICE_PREFIX: &str = "bb_sk_";
/// Begins an app's anon key.
pub const ANON_PREFIX: &str = "bb_anon_";
/// Hex digits of a key: 160 random bits.
pub const KEY_DIGITS: usize = 40;

/// Which kind of key a bearer looks like. Nothing is known yet about whether it is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `mf_admin_...`
    Admin,
    /// `bb_sk_...` or `bb_anon_...`
    App,
}

/// What the bearer looks like; `None` when it is no key of ours.
pub fn shape(bearer: &str) -> Option<Shape> {
    if is_admin_shaped(bearer) {
        return Some(Shape::Admin);
    }
    let digits = bearer.strip_prefix(SERVICE_PREFIX).or_else(|| bearer.strip_prefix(ANON_PREFIX))?;
    let hex = digits.len() == KEY_DIGITS && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    hex.then_some(Shape::App)
}

/// Whether a text could be an admin key: long enough not to be guessed.
pub fn is_admin_shaped(text: &str) -> bool {
    text.strip_prefix(ADMIN_PREFIX).is_some_and(|rest| {
        (32..=128).contains(&rest.len())
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_exactly_a_key_is_none() {
        let hex = "0123456789abcdef0123456789abcdef01234567";
        assert!(shape(&format!("bb_sk_{hex}")).is_some());
        for bearer in [
            "",
            "bb_sk_",
            "bb_sk_0123",
            &format!("bb_sk_{hex}8"),
            &format!("bb_sk_{}", hex.to_uppercase()),
            &format!("BB_SK_{hex}"),
            &format!(" bb_sk_{hex}"),
            "mf_admin_short",
            "eyJhbGciOiJub25lIn0.e30.",
        ] {
            assert_eq!(shape(bearer), None, "{bearer}");
        }
    }
}
