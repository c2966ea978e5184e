//! `AppKeys`: what tokens of one app's end users are verified with, and signed with, decrypted and parsed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::app_config::{Issuer, OWN_PREFIX, secret_name};
use mayfly_api::error::ApiResult;
use mayfly_jwt::token::{Algorithm, KeySet, SigningKey, TokenFault, VerifyKey};
use mayfly_secrets::KeyRing;
use mayfly_store::SigningKeyRow;

/// What the app's own tokens are signed by.
const OWN_ALGORITHMS: [Algorithm; 2] = [Algorithm::Es256, Algorithm::Rs256];

/// An app's own keys, and its issuers.
#[derive(Debug)]
pub struct AppKeys {
    rows: Vec<SigningKeyRow>,
    issuers: Vec<Issuer>,
    /// `iss` of the app's own tokens.
    own_issuer: String,
    /// `aud` of the app's own tokens, where they have one.
    own_audience: [String; 1],
    own: KeySet,
    signer: Option<SigningKey>,
    external: Vec<External>,
}

/// An issuer that the app registered.
#[derive(Debug)]
struct External {
    algorithms: Vec<Algorithm>,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Published(std::sync::Arc<str>),
    Secret(KeySet),
    /// The secret cannot be opened: its key is not on the ring.
    Undecryptable,
}

/// Who signed a token, and what that is checked with.
#[derive(Debug)]
pub(crate) enum Signer<'a> {
    /// The app.
    Own(&'a KeySet),
    /// An issuer with keys at this URL.
    Published(&'a std::sync::Arc<str>),
    /// An issuer with a shared secret.
    Secret(&'a KeySet),
    /// An issuer whose secret cannot be opened.
    Undecryptable,
}

/// What is asked of the tokens of one issuer.
#[derive(Debug)]
pub(crate) struct Terms<'a> {
    pub(crate) signer: Signer<'a>,
    pub(crate) algorithms: &'a [Algorithm],
    pub(crate) audiences: &'a [String],
}

impl PartialEq for AppKeys {
    fn eq(&self, other: &Self) -> bool {
        (&self.own_issuer, &self.rows, &self.issuers) == (&other.own_issuer, &other.rows, &other.issuers)
    }
}

impl AppKeys {
    /// Decrypt the secrets. One that cannot be decrypted makes its own issuer unusable, and no other.
    ///
    /// # Errors
    /// When the app's own public keys cannot be read.
    pub(crate) fn open(
        app: &str,
        rows: Vec<SigningKeyRow>,
        issuers: Vec<Issuer>,
        keyring: &KeyRing,
    ) -> ApiResult<Self> {
        let keys = rows
            .iter()
            .filter_map(|row| {
                let jwk = row.public_jwk.as_object()?;
                let read = VerifyKey::from_jwk(jwk);
                read.map_err(|error| tracing::error!(%error, app, kid = row.kid, "a key cannot be read")).ok()
            })
            .collect();
        let own = KeySet::new(keys).map_err(mayfly_api::error::ApiError::internal)?;
        let signer = rows.iter().find(|row| row.signing).and_then(|row| decrypt_signer(app, row, keyring));
        let external = issuers.iter().map(|issuer| External::open(app, issuer, keyring)).collect();
        Ok(Self { own, signer, external, rows, issuers, ..Self::nothing(app) })
    }

    /// No keys and no issuers.
    pub(crate) fn nothing(app: &str) -> Self {
        Self {
            rows: Vec::new(),
            issuers: Vec::new(),
            own_issuer: own_issuer(app),
            own_audience: [app.to_owned()],
            own: KeySet::default(),
            signer: None,
            external: Vec::new(),
        }
    }

    /// The keys, as they are stored.
    pub fn rows(&self) -> &[SigningKeyRow] {
        &self.rows
    }

    /// The key that signs; `None`: there is none yet, or it cannot be opened.
    pub fn signer(&self) -> Option<&SigningKey> {
        self.signer.as_ref()
    }

    /// `iss` of the app's own tokens.
    pub fn issuer(&self) -> &str {
        &self.own_issuer
    }

    /// What is asked of a token that says it comes from `issuer`.
    pub(crate) fn terms(&self, issuer: &str) -> Result<Terms<'_>, TokenFault> {
        if issuer == self.own_issuer {
            return Ok(Terms {
                signer: Signer::Own(&self.own),
                algorithms: &OWN_ALGORITHMS,
                audiences: &self.own_audience,
            });
        }
        let place = self.issuers.iter().position(|known| known.issuer == issuer);
        let place = place.ok_or(TokenFault::IssuerUnknown)?;
        let (known, external) = (&self.issuers[place], &self.external[place]);
        let signer = match &external.source {
            Source::Published(url) => Signer::Published(url),
            Source::Secret(keys) => Signer::Secret(keys),
            Source::Undecryptable => Signer::Undecryptable,
        };
        Ok(Terms { signer, algorithms: &external.algorithms, audiences: &known.audience })
    }

    /// The second from which on the app's own key of that id verifies no more.
    pub(crate) fn own_key_ends(&self, kid: Option<&str>) -> f64 {
        let row = match kid {
            Some(kid) => self.rows.iter().find(|row| row.kid == kid),
            None => self.rows.first(),
        };
        row.and_then(|row| row.verifies_until)
            .map_or(f64::INFINITY, |until| until.timestamp_millis() as f64 / 1e3)
    }
}

impl External {
    fn open(app: &str, issuer: &Issuer, keyring: &KeyRing) -> Self {
        let source = match (&issuer.jwks_url, &issuer.secret_sealed) {
            (Some(url), _) => Source::Published(url.as_str().into()),
            (None, Some(encrypted)) => {
                decrypt_secret(app, issuer, encrypted, keyring).map_or(Source::Undecryptable, Source::Secret)
            }
            (None, None) => Source::Undecryptable,
        };
        Self { algorithms: issuer.algorithms(), source }
    }
}

fn decrypt_secret(app: &str, issuer: &Issuer, encrypted: &str, keyring: &KeyRing) -> Option<KeySet> {
    let secret = keyring
        .decrypt(app, None, &secret_name(&issuer.issuer), encrypted)
        .map_err(
            |error| tracing::error!(%error, app, issuer = issuer.issuer, "cannot decrypt an issuer's secret"),
        )
        .ok()?;
    KeySet::new(vec![VerifyKey::secret(secret.as_bytes()).ok()?]).ok()
}

fn decrypt_signer(app: &str, row: &SigningKeyRow, keyring: &KeyRing) -> Option<SigningKey> {
    let encrypted = row.private_encrypted.as_deref()?;
    let opened = keyring
        .decrypt(app, None, &signing_key_name(&row.kid), encrypted)
        .map_err(|error| tracing::error!(%error, app, kid = row.kid, "cannot decrypt the signing key"))
        .ok()?;
    let private = Zeroizing::new(STANDARD.decode(opened.as_bytes()).ok()?);
    SigningKey::from_pkcs8(row.kid.clone(), &private).ok()
}

/// Under which name a private half is encrypted: no variable can be called so.
pub fn signing_key_name(kid: &str) -> String {
    format!("=signing-key:{kid}")
}

/// `iss` of an app's own tokens.
fn own_issuer(app: &str) -> String {
    format!("{OWN_PREFIX}{app}")
}
