//! Tokens of an app's end users: minting, and the keys that they are signed with.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::news::News;
use crate::auth::{AppKeys, TokenVerifier, key, signing_key_name};
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::fields::Fields;
use mayfly_common::clock;
use mayfly_jwt::token::{Algorithm, SigningKey, VerifyKey, sign};
use mayfly_secrets::KeyRing;
use mayfly_store::{NewSigningKey, SigningKeyRow, Store, StoreError};

/// How long a token is good, where nobody says.
const TTL_SECONDS: u32 = 3_600;
/// The longest time that one may be.
const TTL_SECONDS_MAX: u32 = 30 * 24 * 3_600;
/// How long a key goes on verifying after another took its place, where nobody says.
const GRACE_SECONDS: u32 = 24 * 3_600;
/// Claims of one token, as JSON.
const CLAIMS_BYTES_MAX: usize = 4 << 10;
/// What only we say of a token.
const RESERVED: [&str; 6] = ["iss", "sub", "aud", "exp", "nbf", "iat"];
/// The longest `kid` of a key that was brought.
const KID_CHARS_MAX: usize = 100;

/// Use cases of tokens and their keys.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The platform's tables.
    pub store: Store,
    /// Seals private halves.
    pub keyring: Arc<KeyRing>,
    /// Knows the keys.
    pub verifier: TokenVerifier,
    /// Told of what changed.
    pub news: News,
}

/// A token to be.
#[derive(Debug, PartialEq)]
pub struct TokenRequest {
    subject: String,
    ttl_seconds: u32,
    claims: Map<String, Value>,
}

/// A new token.
#[derive(Debug)]
pub struct Minted {
    /// The token.
    pub token: String,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

impl TokenRequest {
    /// Read `{sub, ttl_seconds?, claims?}`.
    pub fn read(body: Value) -> ApiResult<Self> {
        let mut fields = Fields::of(body, "")?;
        let subject = fields.required_text("sub", 1, 255)?;
        if subject.len() > 255 || subject.chars().any(char::is_control) {
            return Err(ApiError::invalid("sub", "must have at most 255 bytes and no control characters"));
        }
        let ttl_seconds = fields.number("ttl_seconds", 1, TTL_SECONDS_MAX)?.unwrap_or(TTL_SECONDS);
        let claims = fields.object("claims")?.unwrap_or_default();
        if let Some(name) = RESERVED.iter().find(|name| claims.contains_key(**name)) {
            return Err(ApiError::invalid(&format!("claims.{name}"), "is set by the platform"));
        }
        if Value::Object(claims.clone()).to_string().len() > CLAIMS_BYTES_MAX {
            return Err(ApiError::invalid(
                "claims",
                format!("may have {CLAIMS_BYTES_MAX} bytes of JSON at most"),
            ));
        }
        fields.finish()?;
        Ok(Self { subject, ttl_seconds, claims })
    }
}

impl Tokens {
    /// A token of the app's for one of its end users.
    pub async fn mint(&self, app: &str, request: TokenRequest) -> ApiResult<Minted> {
        let keys = self.keys(app).await?;
        let signer = keys.signer().ok_or_else(|| {
            ApiError::new(Code::SecretsUnavailable, "the app's signing key cannot be opened")
        })?;
        let now = clock::now();
        let expires_at = now + Duration::seconds(request.ttl_seconds.into());
        let mut claims = request.claims;
        for (name, value) in [
            ("iss", json!(keys.issuer())),
            ("sub", json!(request.subject)),
            ("aud", json!(app)),
            ("iat", json!(now.timestamp())),
            // A second that has begun counts.
            ("exp", json!(expires_at.timestamp())),
        ] {
            claims.insert(name.to_owned(), value);
        }
        let token = sign(signer, &claims).map_err(ApiError::internal)?;
        Ok(Minted {
            token,
            expires_at: DateTime::from_timestamp(expires_at.timestamp(), 0).unwrap_or(expires_at),
        })
    }

    /// The keys of an app that verify now, the one that signs first. The first key is made when it is first needed:
    /// an app is never without, whatever happened while it was made.
    pub async fn keys(&self, app: &str) -> ApiResult<Arc<AppKeys>> {
        let found = self.verifier.keys(app).await?.ok_or_else(|| ApiError::not_found("the app"))?;
        if found.rows().iter().any(|row| row.signing) {
            return Ok(found);
        }
        self.ensure(app).await?;
        self.verifier.keys(app).await?.ok_or_else(|| ApiError::not_found("the app"))
    }

    /// Make the app's first key, unless it has one.
    pub(super) async fn ensure(&self, app: &str) -> ApiResult<()> {
        self.store.signing_keys().ensure(app, &self.generate(app)?).await?;
        self.news.app_changed(app);
        Ok(())
    }

    /// The key set that is published.
    pub async fn jwks(&self, app: &str) -> ApiResult<Value> {
        let keys = self.keys(app).await?;
        Ok(json!({ "keys": keys.rows().iter().map(|row| &row.public_jwk).collect::<Vec<_>>() }))
    }

    /// Let a new key sign. Reads `{grace_seconds?}`: for how long the present one goes on verifying.
    pub async fn rotate(&self, app: &str, body: Value) -> ApiResult<SigningKeyRow> {
        let mut fields = Fields::of(body, "")?;
        let grace = fields.number("grace_seconds", 0, TTL_SECONDS_MAX)?.unwrap_or(GRACE_SECONDS);
        fields.finish()?;
        let stored = self.store.signing_keys().rotate(app, &self.generate(app)?, grace).await;
        self.news.app_changed(app);
        stored.map_err(explain)
    }

    /// Keep a key whose private half the app has itself: `{jwk}`, for tokens by ES256 or RS256.
    pub async fn import(&self, app: &str, body: Value) -> ApiResult<SigningKeyRow> {
        let key = read_import(body)?;
        // The app's own one comes first.
        self.keys(app).await?;
        let stored = self.store.signing_keys().import(app, &key).await;
        self.news.app_changed(app);
        stored.map_err(explain)
    }

    /// Remove a key: what it signed is worth nothing from the next request on.
    pub async fn remove(&self, app: &str, kid: &str) -> ApiResult<()> {
        let removed = self.store.signing_keys().remove(app, kid).await?;
        self.news.app_changed(app);
        match removed {
            Some(true) => Ok(()),
            Some(false) => Err(ApiError::new(
                Code::StatePrerequisiteMissing,
                "this key signs; let another one take its place first, with grace_seconds 0",
            )),
            None => Err(ApiError::not_found("the key")),
        }
    }

    fn generate(&self, app: &str) -> ApiResult<NewSigningKey> {
        let kid = format!("k_{}", key::random_word(20)?);
        let (pair, private) = SigningKey::generate(kid.clone()).map_err(ApiError::internal)?;
        let private = Zeroizing::new(STANDARD.encode(&*private));
        let sealed = self.keyring.encrypt(app, None, &signing_key_name(&kid), &private)?;
        Ok(NewSigningKey { kid, public_jwk: pair.public_jwk(), private_encrypted: Some(sealed) })
    }
}

/// What is published later is what was understood now, and nothing beside it.
fn read_import(body: Value) -> ApiResult<NewSigningKey> {
    let mut fields = Fields::of(body, "")?;
    let given = fields.object("jwk")?.ok_or_else(|| fields.missing("jwk"))?;
    fields.finish()?;
    let key = VerifyKey::from_jwk(&given).map_err(|error| ApiError::invalid("jwk", error))?;
    let algorithm = [Algorithm::Es256, Algorithm::Rs256].into_iter().find(|algorithm| key.fits(*algorithm));
    let algorithm = algorithm.ok_or_else(|| ApiError::invalid("jwk", "must be a key for ES256 or RS256"))?;
    let kid = key.id().filter(|kid| {
        (1..=KID_CHARS_MAX).contains(&kid.len()) && kid.bytes().all(|b| b.is_ascii_graphic() && b != b'/')
    });
    let kid = kid.ok_or_else(|| {
        let words =
            format!("must be a text of 1 to {KID_CHARS_MAX} characters of ASCII, without / and spaces");
        ApiError::invalid("jwk.kid", words)
    })?;
    let mut public = Map::new();
    for name in ["kty", "n", "e", "crv", "x", "y"] {
        if let Some(value) = given.get(name) {
            public.insert(name.to_owned(), value.clone());
        }
    }
    for (name, value) in [("kid", kid), ("alg", algorithm.as_str()), ("use", "sig")] {
        public.insert(name.to_owned(), value.into());
    }
    Ok(NewSigningKey { kid: kid.to_owned(), public_jwk: Value::Object(public), private_encrypted: None })
}

fn explain(error: StoreError) -> ApiError {
    match error {
        StoreError::Conflict(text) => {
            let words =
                "the app has a key of this kid, or as many as it may: remove one, or wait until one is over";
            ApiError::new(Code::ResourceConflict, words).because(text)
        }
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_strictly() {
        let read = |body| TokenRequest::read(body).map_err(|error| error.message().to_owned());
        let plain = read(json!({"sub": "alice"})).unwrap();
        assert_eq!((plain.ttl_seconds, plain.claims.len()), (3_600, 0));
        for (body, path) in [
            (json!({}), "sub: is required"),
            (json!({"sub": ""}), "sub: must have"),
            (json!({"sub": "\u{1F600}".repeat(100)}), "sub: must have at most 255 bytes"),
            (json!({"sub": "a\nb"}), "sub: must have"),
            (json!({"sub": "a", "ttl_seconds": 0}), "ttl_seconds: must be"),
            (json!({"sub": "a", "ttl_seconds": 2_592_001}), "ttl_seconds: must be"),
            (json!({"sub": "a", "claims": {"exp": 1}}), "claims.exp: is set"),
            (json!({"sub": "a", "claims": {"x": "x".repeat(4_096)}}), "claims: may have"),
            (json!({"sub": "a", "claims": []}), "claims: expected"),
            (json!({"sub": "a", "role": "x"}), "role: is not"),
        ] {
            assert!(read(body.clone()).unwrap_err().starts_with(path), "{body}");
        }
    }

    #[test]
    fn only_public_keys_for_tokens_are_taken() {
        let (pair, _) = SigningKey::generate("mine".into()).unwrap();
        let jwk = pair.public_jwk();
        let mut decorated = jwk.clone();
        decorated["x5c"] = json!(["x"]);
        let stored = read_import(json!({ "jwk": decorated })).unwrap();
        assert_eq!(stored.public_jwk, jwk, "and nothing beside it");
        assert!(stored.private_encrypted.is_none());
        for (name, value) in [
            ("d", json!("AQAB")),
            ("kid", json!("a/b")),
            ("kid", Value::Null),
            ("alg", json!("ES384")),
            ("use", json!("enc")),
        ] {
            let mut bad = jwk.clone();
            bad[name] = value.clone();
            let error = read_import(json!({ "jwk": bad })).unwrap_err();
            assert!(error.message().starts_with("jwk"), "{name}: {value}");
        }
    }
}
