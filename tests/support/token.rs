//! Builds tokens by hand, valid and invalid ones.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mayfly_jwt::token::{SigningKey, sign};
use ring::hmac;
use serde_json::{Value, json};

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs()
}

/// Base64url without padding.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The JSON of a part of a token.
pub fn part(token: &str, place: usize) -> Value {
    let part = token.split('.').nth(place).expect("a part");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

/// A token with this header and payload, verbatim, and an HMAC by SHA-256.
pub fn hs256_raw(header: &str, payload: &str, secret: &[u8]) -> String {
    let signed = format!("{}.{}", encode(header), encode(payload));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let mac = hmac::sign(&key, signed.as_bytes());
    format!("{signed}.{}", encode(mac))
}

/// An HS256 token with these claims.
pub fn hs256(claims: &Value, secret: &[u8]) -> String {
    hs256_raw(r#"{"alg":"HS256"}"#, &claims.to_string(), secret)
}

/// Claims that are valid for an hour.
pub fn claims(issuer: &str, sub: &str) -> Value {
    json!({ "iss": issuer, "sub": sub, "iat": now(), "exp": now() + 3_600 })
}

/// An issuer's key pair, whose public half can be published.
#[derive(Debug)]
pub struct Pair(SigningKey);

impl Pair {
    /// Generates one with this `kid`.
    pub fn new(kid: &str) -> Self {
        Self(SigningKey::generate(kid.to_owned()).expect("a key").0)
    }

    /// Its public half.
    pub fn jwk(&self) -> Value {
        self.0.public_jwk()
    }

    /// A token with these claims, by ES256.
    pub fn sign(&self, claims: &Value) -> String {
        sign(&self.0, claims.as_object().expect("claims")).expect("a token")
    }
}

/// A JWK set of these keys.
pub fn jwks(pairs: &[&Pair]) -> String {
    json!({ "keys": pairs.iter().map(|pair| pair.jwk()).collect::<Vec<_>>() }).to_string()
}
