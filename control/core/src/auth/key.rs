//! How keys are made, and the hash that is all that is kept of one.

use mayfly_api::keys::{ADMIN_PREFIX, ANON_PREFIX, KEY_DIGITS, SERVICE_PREFIX};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

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
    new(ADMIN_PREFIX)
}

/// A new service key.
pub fn new_service() -> Result<String, NoRandomness> {
    new(SERVICE_PREFIX)
}

/// A new anon key.
pub fn new_anon() -> Result<String, NoRandomness> {
    new(ANON_PREFIX)
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

/// What is kept and looked up.
pub fn hash(key: &str) -> KeyHash {
    let mut hash = [0u8; 32];
    hash.copy_from_slice(digest(&SHA256, key.as_bytes()).as_ref());
    hash
}

fn new(prefix: &str) -> Result<String, NoRandomness> {
    let mut bytes = [0u8; KEY_DIGITS / 2];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(format!("{prefix}{}", hex::encode(bytes)))
}

#[cfg(test)]
mod tests {
    use mayfly_api::keys::{Shape, shape};

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
}
