//! What keys look like, how they are made, and the hash that is all we keep of one.

use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

/// Begins the operator's key.
const ADMIN: &str = "mf_admin_";
/// Begins an app's service keys.
const SERVICE: &str = "bb_sk_";
/// Begins an app's anon key.
const ANON: &str = "bb_anon_";
/// Hex digits of a key: 160 random bits.
const DIGITS: usize = 40;

/// Which kind of key a bearer looks like. Nothing is known yet about whether it is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `mf_admin_...`
    Admin,
    /// `bb_sk_...` or `bb_anon_...`
    App,
}

/// The system's source of randomness failed.
#[derive(Debug, thiserror::Error)]
#[error("the system has no randomness to give")]
pub struct NoRandomness;

impl From<NoRandomness> for mayfly_api::error::ApiError {
    fn from(error: NoRandomness) -> Self {
        Self::internal(error)
    }
}

/// The SHA-256 of a key. Keys are random, so that nothing slower is needed.
pub type KeyHash = [u8; 32];

/// A new admin key.
pub fn new_admin() -> Result<String, NoRandomness> {
    new(ADMIN)
}

/// A new service key.
pub fn new_service() -> Result<String, NoRandomness> {
    new(SERVICE)
}

/// A new anon key.
pub fn new_anon() -> Result<String, NoRandomness> {
    new(ANON)
}

/// A new app id's twelve characters, or any other run of `[0-9a-z]`.
pub fn random_word(length: usize) -> Result<String, NoRandomness> {
    const LETTERS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut word = String::with_capacity(length);
    while word.len() < length {
        let mut bytes = [0u8; 32];
        SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomness)?;
        // 252 is the largest multiple of 36: what lies above would prefer some letters.
        let fair = bytes.iter().filter(|byte| **byte < 252);
        word.extend(fair.take(length - word.len()).map(|byte| char::from(LETTERS[usize::from(*byte) % 36])));
    }
    Ok(word)
}

/// What the bearer looks like; `None` when it is no key of ours.
pub fn shape(bearer: &str) -> Option<Shape> {
    if is_admin_shaped(bearer) {
        return Some(Shape::Admin);
    }
    let digits = bearer.strip_prefix(SERVICE).or_else(|| bearer.strip_prefix(ANON))?;
    let hex = digits.len() == DIGITS && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    hex.then_some(Shape::App)
}

/// Whether a text could be an admin key: long enough not to be guessed.
pub fn is_admin_shaped(text: &str) -> bool {
    text.strip_prefix(ADMIN).is_some_and(|rest| {
        (32..=128).contains(&rest.len())
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    })
}

/// What is kept and looked up.
pub fn hash(key: &str) -> KeyHash {
    let mut hash = [0u8; 32];
    hash.copy_from_slice(digest(&SHA256, key.as_bytes()).as_ref());
    hash
}

fn new(prefix: &str) -> Result<String, NoRandomness> {
    let mut bytes = [0u8; DIGITS / 2];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(format!("{prefix}{}", hex::encode(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_keys_have_their_shape_and_differ() {
        assert_eq!(shape(&new_service().unwrap()), Some(Shape::App));
        assert_eq!(shape(&new_anon().unwrap()), Some(Shape::App));
        assert_eq!(shape(&new_admin().unwrap()), Some(Shape::Admin));
        assert_ne!(new_service().unwrap(), new_service().unwrap());
        let word = random_word(12).unwrap();
        assert!(mayfly_api::names::is_app_id(&format!("app_{word}")), "{word}");
    }

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
