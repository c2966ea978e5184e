//! The keys of a proxy's clients: who each is, by the digest of the key.

use std::collections::BTreeMap;
use std::path::Path;

use mayfly_common::digest::sha256_hex;

/// The shortest key.
const KEY_CHARS_MIN: usize = 16;

/// Names by the digest of their key: what is compared is no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientKeys(BTreeMap<String, String>);

impl ClientKeys {
    /// Read a file, `{"NAME": "KEY", ...}`.
    ///
    /// # Errors
    /// In words, without a key.
    pub fn load(file: &Path) -> Result<Self, String> {
        let text = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let keys: BTreeMap<String, String> = serde_json::from_slice(&text)
            .map_err(|_| format!("{} is no JSON object of names and keys", file.display()))?;
        Self::of(keys).map_err(|error| format!("{}: {error}", file.display()))
    }

    fn of(keys: BTreeMap<String, String>) -> Result<Self, String> {
        let mut names = BTreeMap::new();
        for (name, key) in keys {
            if name.is_empty() || key.len() < KEY_CHARS_MIN {
                return Err(format!("the key of {name:?} needs {KEY_CHARS_MIN} characters, and a name"));
            }
            if names.insert(sha256_hex(key.as_bytes()), name.clone()).is_some() {
                return Err(format!("{name} has the key of another"));
            }
        }
        if names.is_empty() { Err("there is no key".to_owned()) } else { Ok(Self(names)) }
    }

    /// Whose key this is.
    pub(crate) fn find(&self, key: &str) -> Option<&str> {
        self.0.get(&sha256_hex(key.as_bytes())).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_known_by_their_digest() {
        let of = |pairs: &[(&str, &str)]| {
            ClientKeys::of(pairs.iter().map(|(name, key)| ((*name).to_owned(), (*key).to_owned())).collect())
        };
        let keys = of(&[("ann", "0123456789abcdef"), ("ben", "fedcba9876543210")]).unwrap();
        assert_eq!(keys.find("fedcba9876543210"), Some("ben"));
        assert_eq!(keys.find("fedcba987654321"), None);
        assert!(!format!("{keys:?}").contains("0123456789abcdef"));
        assert!(of(&[]).is_err() && of(&[("ann", "short")]).is_err());
        assert!(of(&[("ann", "0123456789abcdef"), ("ben", "0123456789abcdef")]).is_err());
    }
}
