//! Tokens of an app's end users: minting, and the keys that they are signed with.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Duration};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::app_cache::{AppCache, AppKeys, signing_key_name};
use crate::auth::key;
use crate::invalidation::CacheInvalidator;
use mayfly_api::apps::Success;
use mayfly_api::endpoint::{ApiCall, Handler, Json};
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::routes::{
    Jwks, SigningKeysImport, SigningKeysList, SigningKeysRemove, SigningKeysRotate, TokensMint,
};
use mayfly_api::tokens::{
    KeySetDocument, MintToken, MintedToken, SigningKeyInfo, SigningKeyList, SigningKeyState,
};
use mayfly_api::value::Number;
use mayfly_common::clock;
use mayfly_jwt::token::{Algorithm, SigningKey, VerifyKey, sign};
use mayfly_secrets::KeyRing;
use mayfly_store::{NewSigningKey, SigningKeyRow, Store, StoreError};

/// The default lifetime of a token.
const TTL_SECONDS: u32 = 3_600;
/// The default time for which a replaced key still verifies tokens.
const GRACE_SECONDS: u32 = 24 * 3_600;
/// The longest subject.
const SUBJECT_BYTES_MAX: usize = 255;
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
    /// Encrypts private halves.
    pub keyring: Arc<KeyRing>,
    /// Knows the keys.
    pub apps: AppCache,
    /// Told of what changed.
    pub invalidator: CacheInvalidator,
}

impl Tokens {
    /// The keys of an app that verify now, the one that signs first. The first key is made when it is first needed:
    /// an app is never without, whatever happened while it was made.
    pub async fn keys(&self, app: &str) -> ApiResult<Arc<AppKeys>> {
        let found = Arc::clone(&self.apps.get(app).await?.keys);
        if found.rows().iter().any(|row| row.signing) {
            return Ok(found);
        }
        self.ensure(app).await?;
        self.apps.get(app).await.map(|app| Arc::clone(&app.keys))
    }

    /// Make the app's first key, unless it has one.
    pub(super) async fn ensure(&self, app: &str) -> ApiResult<()> {
        self.store.signing_keys().ensure(app, &self.generate(app)?).await?;
        self.invalidator.app_changed(app);
        Ok(())
    }

    fn generate(&self, app: &str) -> ApiResult<NewSigningKey> {
        let kid = format!("k_{}", key::random_word(20)?);
        let (pair, private) = SigningKey::generate(kid.clone()).map_err(ApiError::internal)?;
        let private = Zeroizing::new(STANDARD.encode(&*private));
        let encrypted = self.keyring.encrypt(app, None, &signing_key_name(&kid), &private)?;
        Ok(NewSigningKey { kid, public_jwk: pair.public_jwk(), private_encrypted: Some(encrypted) })
    }
}

impl Handler<TokensMint> for Tokens {
    async fn handle(&self, call: ApiCall<TokensMint>) -> ApiResult<MintedToken> {
        let app = &call.context.app;
        let Json(wanted) = call.body;
        check_mint(&wanted)?;
        let keys = self.keys(app).await?;
        let signer = keys.signer().ok_or_else(|| {
            ApiError::new(Code::SecretsUnavailable, "the app's signing key cannot be decrypted")
        })?;
        let now = clock::now();
        let ttl_seconds = wanted.ttl_seconds.map_or(TTL_SECONDS, Number::get);
        let expires_at = now + Duration::seconds(ttl_seconds.into());
        let mut claims = wanted.claims.unwrap_or_default();
        for (name, value) in [
            ("iss", json!(keys.issuer())),
            ("sub", json!(wanted.sub)),
            ("aud", json!(app)),
            ("iat", json!(now.timestamp())),
            // A second that has begun counts.
            ("exp", json!(expires_at.timestamp())),
        ] {
            claims.insert(name.to_owned(), value);
        }
        let token = sign(signer, &claims).map_err(ApiError::internal)?;
        let expires_at = DateTime::from_timestamp(expires_at.timestamp(), 0).unwrap_or(expires_at);
        Ok(MintedToken { token, expires_at: expires_at.into() })
    }
}

impl Handler<Jwks> for Tokens {
    async fn handle(&self, call: ApiCall<Jwks>) -> ApiResult<KeySetDocument> {
        let keys = self.keys(&call.context.app).await?;
        let public = keys.rows().iter().filter_map(|row| row.public_jwk.as_object().cloned());
        Ok(KeySetDocument { keys: public.collect() })
    }
}

impl Handler<SigningKeysList> for Tokens {
    async fn handle(&self, call: ApiCall<SigningKeysList>) -> ApiResult<SigningKeyList> {
        let keys = self.keys(&call.context.app).await?;
        Ok(SigningKeyList { keys: keys.rows().iter().map(info).collect() })
    }
}

impl Handler<SigningKeysRotate> for Tokens {
    async fn handle(&self, call: ApiCall<SigningKeysRotate>) -> ApiResult<SigningKeyInfo> {
        let app = &call.context.app;
        let grace = call.body.0.grace_seconds.map_or(GRACE_SECONDS, Number::get);
        let stored = self.store.signing_keys().rotate(app, &self.generate(app)?, grace).await;
        self.invalidator.app_changed(app);
        stored.map(|row| info(&row)).map_err(explain)
    }
}

impl Handler<SigningKeysImport> for Tokens {
    async fn handle(&self, call: ApiCall<SigningKeysImport>) -> ApiResult<SigningKeyInfo> {
        let app = &call.context.app;
        let Json(wanted) = call.body;
        let key = read_import(wanted.jwk)?;
        // The app's own one comes first.
        self.keys(app).await?;
        let stored = self.store.signing_keys().import(app, &key).await;
        self.invalidator.app_changed(app);
        stored.map(|row| info(&row)).map_err(explain)
    }
}

impl Handler<SigningKeysRemove> for Tokens {
    async fn handle(&self, call: ApiCall<SigningKeysRemove>) -> ApiResult<Success> {
        let app = &call.context.app;
        let removed = self.store.signing_keys().remove(app, call.context.name()).await?;
        self.invalidator.app_changed(app);
        match removed {
            Some(true) => Ok(Success::DONE),
            Some(false) => Err(ApiError::new(
                Code::StatePrerequisiteMissing,
                "this key signs; let another one take its place first, with grace_seconds 0",
            )),
            None => Err(ApiError::not_found("the key")),
        }
    }
}

fn info(row: &SigningKeyRow) -> SigningKeyInfo {
    SigningKeyInfo {
        kid: row.kid.clone(),
        algorithm: row.public_jwk["alg"].as_str().map(str::to_owned),
        state: if row.signing { SigningKeyState::Signing } else { SigningKeyState::Verifying },
        imported: row.private_encrypted.is_none(),
        verifies_until: row.verifies_until.map(Into::into),
        created_at: row.created_at.into(),
    }
}

fn check_mint(wanted: &MintToken) -> ApiResult<()> {
    if wanted.sub.len() > SUBJECT_BYTES_MAX || wanted.sub.chars().any(char::is_control) {
        return Err(ApiError::invalid("sub", "must have at most 255 bytes and no control characters"));
    }
    let Some(claims) = &wanted.claims else { return Ok(()) };
    if let Some(name) = RESERVED.iter().find(|name| claims.contains_key(**name)) {
        return Err(ApiError::invalid(&format!("claims.{name}"), "is set by the platform"));
    }
    let bytes = serde_json::to_vec(claims).map_err(ApiError::internal)?.len();
    if bytes > CLAIMS_BYTES_MAX {
        return Err(ApiError::invalid(
            "claims",
            format!("may have {CLAIMS_BYTES_MAX} bytes of JSON at most"),
        ));
    }
    Ok(())
}

/// What is published later is what was understood now, and nothing beside it.
fn read_import(given: Map<String, Value>) -> ApiResult<NewSigningKey> {
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
        let read = |sent: Value| {
            mayfly_api::decode::body::<MintToken>(sent.to_string().as_bytes())
                .and_then(|wanted| check_mint(&wanted).map(|()| wanted))
                .map_err(|error| error.message().to_owned())
        };
        let plain = read(json!({"sub": "alice"})).unwrap();
        assert_eq!((plain.ttl_seconds, plain.claims), (None, None));
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
        let stored = read_import(decorated.as_object().unwrap().clone()).unwrap();
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
            let error = read_import(bad.as_object().unwrap().clone()).unwrap_err();
            assert!(error.message().starts_with("jwk"), "{name}: {value}");
        }
    }
}
