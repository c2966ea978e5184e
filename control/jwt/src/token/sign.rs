//! `SigningKey`: a key that signs tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

/// An ES256 key pair.
pub struct SigningKey {
    id: String,
    pair: EcdsaKeyPair,
}

/// A key cannot be made, read or used.
#[derive(Debug, thiserror::Error)]
#[error("the signing key cannot be made or used")]
pub struct SignError;

impl SigningKey {
    /// A new pair; its private half as PKCS #8, to be encrypted.
    ///
    /// # Errors
    /// Without randomness.
    pub fn generate(id: String) -> Result<(Self, Zeroizing<Vec<u8>>), SignError> {
        let random = SystemRandom::new();
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map_err(|_| SignError)?;
        let private = Zeroizing::new(document.as_ref().to_vec());
        Ok((Self::from_pkcs8(id, &private)?, private))
    }

    /// The pair of a private half.
    ///
    /// # Errors
    /// When it is none.
    pub fn from_pkcs8(id: String, private: &[u8]) -> Result<Self, SignError> {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private, &SystemRandom::new())
            .map(|pair| Self { id, pair })
            .map_err(|_| SignError)
    }

    /// Its `kid`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its public half, as it is published.
    pub fn public_jwk(&self) -> Value {
        // Uncompressed: a byte that says so, then both coordinates.
        let (x, y) = self.pair.public_key().as_ref().split_at(1).1.split_at(32);
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": self.id, "alg": "ES256", "use": "sig" })
    }
}

/// A token with these claims.
///
/// # Errors
/// Without randomness.
pub fn sign(key: &SigningKey, claims: &Map<String, Value>) -> Result<String, SignError> {
    let header = json!({ "alg": "ES256", "kid": key.id, "typ": "JWT" }).to_string();
    let payload = serde_json::to_vec(claims).map_err(|_| SignError)?;
    let mut token = URL_SAFE_NO_PAD.encode(header);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(payload, &mut token);
    let signature = key.pair.sign(&SystemRandom::new(), token.as_bytes()).map_err(|_| SignError)?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{Algorithm, Compact, KeySet, TokenFault, VerifyKey, verify};

    #[test]
    fn what_is_signed_verifies_and_nothing_else_does() {
        let (key, private) = SigningKey::generate("k1".into()).unwrap();
        let claims = json!({"sub": "alice"});
        let token = sign(&key, claims.as_object().unwrap()).unwrap();
        let published = VerifyKey::from_jwk(key.public_jwk().as_object().unwrap()).unwrap();
        let keys = KeySet::new(vec![published]).unwrap();
        let check = |token: &str| verify(&Compact::parse(token).unwrap(), &keys, &[Algorithm::Es256]);
        assert_eq!(check(&token), Ok(()));
        let again = SigningKey::from_pkcs8("k1".into(), &private).unwrap();
        assert_eq!(again.public_jwk(), key.public_jwk());
        let (other, _) = SigningKey::generate("k1".into()).unwrap();
        let forged = sign(&other, claims.as_object().unwrap()).unwrap();
        assert_eq!(check(&forged), Err(TokenFault::Signature));
        assert_eq!(
            verify(&Compact::parse(&token).unwrap(), &keys, &[Algorithm::Rs256]),
            Err(TokenFault::AlgorithmNotAllowed)
        );
    }
}
