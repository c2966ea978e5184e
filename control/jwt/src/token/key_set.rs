//! `KeySet`: the keys of one issuer.

use serde_json::Value;

use super::jwk::JwkError;
use super::{Algorithm, TokenFault, VerifyKey, strict_json};

/// Maximum keys in one set.
pub const KEYS_MAX: usize = 20;

/// Keys, each with an id of its own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeySet {
    keys: Vec<VerifyKey>,
}

/// Why a whole set cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// The document is no key set.
    #[error("it is not a JSON object with a list of keys, or has a member twice")]
    Shape,
    /// Too many keys.
    #[error("it has more than 20 keys")]
    TooMany,
    /// Two keys with one id.
    #[error("two of its keys have the same kid")]
    DuplicateId,
    /// A shared secret in a published set, or among public keys.
    #[error("it has a shared secret in it")]
    Symmetric,
    /// No key in it can be used, and this is wrong with one of them.
    #[error("{0}")]
    Key(JwkError),
}

impl KeySet {
    /// These keys.
    ///
    /// # Errors
    /// [`KeySetError`]
    pub fn new(keys: Vec<VerifyKey>) -> Result<Self, KeySetError> {
        if keys.len() > KEYS_MAX {
            return Err(KeySetError::TooMany);
        }
        for (place, key) in keys.iter().enumerate() {
            if keys[..place].iter().any(|other| other.id().is_some() && other.id() == key.id()) {
                return Err(KeySetError::DuplicateId);
            }
        }
        let secrets = keys.iter().filter(|key| key.is_symmetric()).count();
        if secrets > 0 && secrets < keys.len() {
            return Err(KeySetError::Symmetric);
        }
        Ok(Self { keys })
    }

    /// A JWK set as issuers publish it: keys of unknown kinds, and for other purposes, are passed over (RFC 7517, 5), and
    /// so are those that are malformed. `malformed` is told of the latter: the place in the set, from 0, and what is wrong.
    ///
    /// # Errors
    /// [`KeySetError`]
    pub fn published(
        document: &[u8],
        mut malformed: impl FnMut(usize, JwkError),
    ) -> Result<Self, KeySetError> {
        let document = strict_json::object(document).map_err(|_| KeySetError::Shape)?;
        let Some(Value::Array(items)) = document.get("keys") else { return Err(KeySetError::Shape) };
        if items.len() > KEYS_MAX {
            return Err(KeySetError::TooMany);
        }
        let mut keys = Vec::with_capacity(items.len());
        let mut wrong = None;
        for (place, item) in items.iter().enumerate() {
            let read = item.as_object().ok_or(JwkError::Bad("it is no object"));
            match read.and_then(VerifyKey::from_jwk) {
                Ok(key) if key.is_symmetric() => return Err(KeySetError::Symmetric),
                Ok(key) => keys.push(key),
                Err(JwkError::Unsuitable) => {}
                Err(error) => {
                    malformed(place, error);
                    wrong = Some(error);
                }
            }
        }
        match wrong {
            Some(error) if keys.is_empty() => Err(KeySetError::Key(error)),
            _ => Self::new(keys),
        }
    }

    /// The key that a token was signed with, by the token's own word.
    ///
    /// # Errors
    /// [`TokenFault::KeyUnknown`], [`TokenFault::KeyAmbiguous`] and [`TokenFault::AlgorithmNotAllowed`].
    pub fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Result<&VerifyKey, TokenFault> {
        let found = match (id, self.keys.as_slice()) {
            // A shared secret is the only one, and has no name that a token could get wrong.
            (_, [only]) if only.is_symmetric() && only.id().is_none() => only,
            (Some(id), keys) => keys.iter().find(|key| key.id() == Some(id)).ok_or(TokenFault::KeyUnknown)?,
            (None, [only]) => only,
            (None, []) => return Err(TokenFault::KeyUnknown),
            (None, _) => return Err(TokenFault::KeyAmbiguous),
        };
        if found.fits(algorithm) { Ok(found) } else { Err(TokenFault::AlgorithmNotAllowed) }
    }

    /// Whether there is a key of that name.
    pub fn has(&self, id: &str) -> bool {
        self.keys.iter().any(|key| key.id() == Some(id))
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::*;

    fn ec(id: Option<&str>) -> Value {
        let x = URL_SAFE_NO_PAD.encode([7; 32]);
        json!({"kty":"EC","crv":"P-256","x":x,"y":x,"kid":id.unwrap_or("unnamed")})
    }

    fn published(keys: &[Value]) -> Result<KeySet, KeySetError> {
        KeySet::published(json!({ "keys": keys }).to_string().as_bytes(), |_, _| {})
    }

    #[test]
    fn a_set_is_taken_whole_or_not_at_all() {
        let secret = json!({"kty":"oct","k":URL_SAFE_NO_PAD.encode([7; 32]),"kid":"s"});
        let of_another_kind = json!({"kty":"PQ","kid":"x"});
        let set = published(&[ec(Some("a")), ec(Some("b")), of_another_kind]).unwrap();
        assert!(set.has("a") && set.has("b") && !set.has("x"));
        assert_eq!(published(&[ec(Some("a")), ec(Some("a"))]), Err(KeySetError::DuplicateId));
        assert_eq!(published(&[secret]), Err(KeySetError::Symmetric));
        assert_eq!(published(&vec![ec(None); 21]), Err(KeySetError::TooMany));
        assert_eq!(KeySet::published(b"{}", |_, _| {}), Err(KeySetError::Shape));
        assert_eq!(KeySet::published(br#"{"keys":[],"keys":[]}"#, |_, _| {}), Err(KeySetError::Shape));
    }

    #[test]
    fn a_malformed_key_is_passed_over_and_told() {
        let point = json!({"kty":"EC","crv":"P-256","kid":"nopoint","x":"AAAA","y":"AAAA"});
        let short = json!({"kty":"RSA","kid":"broken","n":"AQAB","e":"AQAB"});
        let (kind, none) = (json!({"kid":"nothing"}), json!(1));
        let keys = [point.clone(), ec(Some("a")), short, kind, none];
        let mut told = Vec::new();
        let document = json!({ "keys": keys }).to_string();
        let set = KeySet::published(document.as_bytes(), |place, _| told.push(place)).unwrap();
        assert!(set.has("a") && !set.has("nopoint"));
        assert_eq!(told, [0, 2, 3, 4]);
        assert!(matches!(published(&[point]), Err(KeySetError::Key(_))));
    }

    #[test]
    fn a_token_finds_its_key_or_none() {
        let two = published(&[ec(Some("a")), ec(Some("b"))]).unwrap();
        assert!(two.find(Some("a"), Algorithm::Es256).is_ok());
        assert_eq!(two.find(Some("c"), Algorithm::Es256), Err(TokenFault::KeyUnknown));
        assert_eq!(two.find(None, Algorithm::Es256), Err(TokenFault::KeyAmbiguous));
        assert_eq!(two.find(Some("a"), Algorithm::Hs256), Err(TokenFault::AlgorithmNotAllowed));
        let one = published(&[ec(Some("a"))]).unwrap();
        assert!(one.find(None, Algorithm::Es256).is_ok());
        let secret = KeySet::new(vec![VerifyKey::secret(&[7; 32]).unwrap()]).unwrap();
        assert!(secret.find(Some("whatever"), Algorithm::Hs256).is_ok());
    }
}
