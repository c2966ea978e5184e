//! `VerifyKey`: a key that verifies signatures, read from a JSON Web Key.

use ring::signature::{RsaPublicKeyComponents, UnparsedPublicKey};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::algorithm::Family;
use super::compact::decode;
use super::{Algorithm, TokenFault, roca};

/// RSA moduli, in bytes.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// A key, and what it is good for.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifyKey {
    id: Option<String>,
    /// The one algorithm that it names; `None`: those of its family.
    algorithm: Option<Algorithm>,
    material: Material,
}

#[derive(Clone, PartialEq, Eq)]
enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// P-256 and P-384: uncompressed. Ed25519: as it is.
    Point {
        family: Family,
        point: Vec<u8>,
    },
    Secret(Zeroizing<Vec<u8>>),
}

/// Why a key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    /// It is for something else than signatures, or of a kind that is not known here.
    #[error("the key is not one that signatures of a known algorithm are checked with")]
    Unsuitable,
    /// It is not what it says, or weak.
    #[error("{0}")]
    Bad(&'static str),
}

impl VerifyKey {
    /// A shared secret, for the algorithms with one.
    ///
    /// # Errors
    /// When it is shorter than the hash of every such algorithm.
    pub fn secret(bytes: &[u8]) -> Result<Self, JwkError> {
        if bytes.len() < 32 {
            return Err(JwkError::Bad("a shared secret needs at least 32 bytes"));
        }
        Ok(Self { id: None, algorithm: None, material: Material::Secret(Zeroizing::new(bytes.to_vec())) })
    }

    /// Read a JSON Web Key.
    ///
    /// # Errors
    /// [`JwkError`]
    pub fn from_jwk(jwk: &Map<String, Value>) -> Result<Self, JwkError> {
        check_purpose(jwk)?;
        let id = match jwk.get("kid") {
            None => None,
            Some(Value::String(id)) => Some(id.clone()),
            Some(_) => return Err(JwkError::Bad("kid is not a text")),
        };
        let material = match text(jwk, "kty")? {
            "RSA" => read_rsa(jwk)?,
            "EC" => read_point(jwk)?,
            "OKP" => read_edwards(jwk)?,
            "oct" => Material::Secret(Zeroizing::new(bytes(jwk, "k")?)),
            _ => return Err(JwkError::Unsuitable),
        };
        if !matches!(material, Material::Secret(_)) && jwk.contains_key("d") {
            return Err(JwkError::Bad("the key's private half is in it"));
        }
        let key = Self { id, algorithm: read_algorithm(jwk)?, material };
        match key.algorithm {
            Some(algorithm) if !key.fits(algorithm) => Err(JwkError::Bad("alg does not fit the key")),
            _ if key.is_symmetric() && !Algorithm::ALL.iter().any(|algorithm| key.fits(*algorithm)) => {
                Err(JwkError::Bad("the shared secret is too short"))
            }
            _ => Ok(key),
        }
    }

    /// Its `kid`.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Whether its holder can sign.
    pub fn is_symmetric(&self) -> bool {
        matches!(self.material, Material::Secret(_))
    }

    /// Whether signatures by this algorithm may be checked with it: the key's word counts, not the token's.
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        if self.algorithm.is_some_and(|own| own != algorithm) {
            return false;
        }
        match &self.material {
            Material::Rsa { .. } => algorithm.family() == Family::Rsa,
            Material::Point { family, .. } => algorithm.family() == *family,
            Material::Secret(secret) => algorithm.mac().is_some_and(|(_, least)| secret.len() >= least),
        }
    }

    /// # Errors
    /// [`TokenFault::AlgorithmNotAllowed`] and [`TokenFault::Signature`].
    pub(super) fn verify(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), TokenFault> {
        if !self.fits(algorithm) {
            return Err(TokenFault::AlgorithmNotAllowed);
        }
        let good = match &self.material {
            Material::Rsa { n, e } => algorithm.rsa().is_some_and(|parameters| {
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
            }),
            Material::Point { point, .. } => algorithm
                .curve()
                .is_some_and(|curve| UnparsedPublicKey::new(curve, point).verify(message, signature).is_ok()),
            Material::Secret(secret) => algorithm.mac().is_some_and(|(hash, _)| {
                ring::hmac::verify(&ring::hmac::Key::new(hash, secret), message, signature).is_ok()
            }),
        };
        if good { Ok(()) } else { Err(TokenFault::Signature) }
    }
}

impl std::fmt::Debug for VerifyKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VerifyKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Keys for encryption are in the same sets, and must not be used for signatures.
fn check_purpose(jwk: &Map<String, Value>) -> Result<(), JwkError> {
    let for_signatures = match jwk.get("use") {
        None => true,
        Some(purpose) => purpose == "sig",
    };
    let for_checking = match jwk.get("key_ops") {
        None => true,
        Some(Value::Array(operations)) => operations.iter().any(|operation| operation == "verify"),
        Some(_) => false,
    };
    if for_signatures && for_checking { Ok(()) } else { Err(JwkError::Unsuitable) }
}

fn read_algorithm(jwk: &Map<String, Value>) -> Result<Option<Algorithm>, JwkError> {
    match jwk.get("alg") {
        None => Ok(None),
        Some(name) => name.as_str().and_then(Algorithm::parse).map(Some).ok_or(JwkError::Unsuitable),
    }
}

fn read_rsa(jwk: &Map<String, Value>) -> Result<Material, JwkError> {
    let (n, e) = (without_zeros(bytes(jwk, "n")?), without_zeros(bytes(jwk, "e")?));
    if !MODULUS_BYTES.contains(&n.len()) {
        return Err(JwkError::Bad("an RSA key needs 2048 to 8192 bits"));
    }
    // Odd, above one, and of four bytes at most.
    if e == [1] || e.len() > 4 || e.last().is_none_or(|last| last % 2 == 0) {
        return Err(JwkError::Bad("the RSA key's exponent is not one"));
    }
    if roca::is_weak(&n) {
        return Err(JwkError::Bad("the RSA key is of a generator whose private keys can be computed"));
    }
    Ok(Material::Rsa { n, e })
}

fn read_point(jwk: &Map<String, Value>) -> Result<Material, JwkError> {
    let (family, length) = match text(jwk, "crv")? {
        "P-256" => (Family::P256, 32),
        "P-384" => (Family::P384, 48),
        _ => return Err(JwkError::Unsuitable),
    };
    let (x, y) = (bytes(jwk, "x")?, bytes(jwk, "y")?);
    if x.len() != length || y.len() != length {
        return Err(JwkError::Bad("a coordinate has not the curve's length"));
    }
    // Whether the point is on the curve is checked with each signature.
    Ok(Material::Point { family, point: [&[4], x.as_slice(), y.as_slice()].concat() })
}

fn read_edwards(jwk: &Map<String, Value>) -> Result<Material, JwkError> {
    if text(jwk, "crv")? != "Ed25519" {
        return Err(JwkError::Unsuitable);
    }
    let point = bytes(jwk, "x")?;
    if point.len() != 32 {
        return Err(JwkError::Bad("an Ed25519 key has 32 bytes"));
    }
    Ok(Material::Point { family: Family::Ed25519, point })
}

fn text<'a>(jwk: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, JwkError> {
    jwk.get(name).and_then(Value::as_str).ok_or(JwkError::Bad("a member of the key is missing"))
}

fn bytes(jwk: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, JwkError> {
    decode(text(jwk, name)?).map_err(|_| JwkError::Bad("a member of the key is not base64url"))
}

fn without_zeros(mut number: Vec<u8>) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.drain(..zeros);
    number
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::*;

    fn read(jwk: Value) -> Result<VerifyKey, JwkError> {
        VerifyKey::from_jwk(jwk.as_object().unwrap())
    }

    #[test]
    fn keys_are_good_for_what_they_say() {
        let zeros = |length: usize| URL_SAFE_NO_PAD.encode(vec![7; length]);
        let ec = read(json!({"kty":"EC","crv":"P-256","x":zeros(32),"y":zeros(32)})).unwrap();
        assert!(ec.fits(Algorithm::Es256) && !ec.fits(Algorithm::Es384) && !ec.fits(Algorithm::Hs256));
        let rsa = json!({"kty":"RSA","n":zeros(256),"e":"AQAB"});
        assert!(read(rsa.clone()).unwrap().fits(Algorithm::Ps256));
        for (name, value) in [
            ("use", json!("enc")),
            ("key_ops", json!(["encrypt"])),
            ("alg", json!("RSA1_5")),
            ("alg", json!("ES256")),
            ("n", json!(zeros(128))),
            ("e", json!("AQ")),
            ("e", json!("Ag")),
            ("e", json!("AAAA")),
            ("d", json!("AQAB")),
            ("kid", json!(1)),
            ("kty", json!("EC")),
        ] {
            let mut bad = rsa.clone();
            bad[name] = value.clone();
            assert!(read(bad).is_err(), "{name}: {value}");
        }
        assert!(read(json!({"kty":"oct","k":zeros(31)})).is_err());
        let secret = read(json!({"kty":"oct","k":zeros(32)})).unwrap();
        assert!(secret.fits(Algorithm::Hs256) && !secret.fits(Algorithm::Hs384));
        assert!(VerifyKey::secret(&[7; 31]).is_err());
        assert_eq!(format!("{secret:?}"), "VerifyKey { id: None, .. }");
    }
}
