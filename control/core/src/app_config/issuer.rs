//! Who, beside the app itself, may sign tokens of its end users.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use mayfly_api::config::{ISSUER_CHARS_MAX, IssuerInfo, IssuerSpec};
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::value::Text;
use mayfly_jwt::token::{Algorithm, VerifyKey};
use mayfly_secrets::KeyRing;

/// Audiences of one issuer.
const AUDIENCES_MAX: usize = 10;
/// The beginning of the app's own issuer name, which no external issuer may have.
pub const OWN_PREFIX: &str = "butterbase:app:";

/// An issuer, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issuer {
    /// What `iss` has to be, to the letter.
    pub issuer: String,
    /// Where its keys are published; or else there is a secret.
    pub jwks_url: Option<String>,
    /// The shared secret, encrypted for this app and issuer.
    pub secret_sealed: Option<String>,
    /// One of these has to be in `aud`; empty: `aud` does not matter.
    pub audience: Vec<String>,
    /// The algorithms that it signs by: no other is looked at.
    pub algorithms: Vec<String>,
}

impl Issuer {
    /// An issuer that was asked for. Without a URL and a secret, the secret that `known` has is kept.
    pub(super) fn of(
        spec: IssuerSpec,
        path: &str,
        app: &str,
        keyring: &KeyRing,
        known: &[Self],
    ) -> ApiResult<Self> {
        let at = |name: &str| format!("{path}.{name}");
        let issuer = spec.issuer.into_string();
        if issuer.starts_with(OWN_PREFIX) {
            return Err(ApiError::invalid(&at("issuer"), "is how apps name themselves"));
        }
        let jwks_url = spec.jwks_url.map(Text::into_string);
        if let Some(url) = &jwks_url {
            check_url(url).map_err(|why| ApiError::invalid(&at("jwks_url"), why))?;
        }
        let kept =
            known.iter().find(|known| known.issuer == issuer).and_then(|known| known.secret_sealed.clone());
        let secret_sealed = match (&jwks_url, spec.secret) {
            (Some(_), Some(_)) => {
                return Err(ApiError::invalid(path, "has either a jwks_url or a secret, not both"));
            }
            (Some(_), None) => None,
            (None, Some(secret)) => {
                check_secret(&secret).map_err(|why| ApiError::invalid(&at("secret"), why))?;
                Some(keyring.encrypt(app, None, &secret_name(&issuer), &secret)?)
            }
            (None, None) if kept.is_some() => kept,
            (None, None) => return Err(ApiError::invalid(path, "needs a jwks_url or a secret")),
        };
        let audience = read_audience(spec.audience, &at("audience"))?;
        let algorithms = read_algorithms(spec.algorithms, &at("algorithms"), jwks_url.is_none())?;
        Ok(Self { issuer, jwks_url, secret_sealed, audience, algorithms })
    }

    /// As the API shows it: all but the secret.
    pub fn info(&self) -> IssuerInfo {
        IssuerInfo {
            issuer: self.issuer.clone(),
            jwks_url: self.jwks_url.clone(),
            has_secret: self.secret_sealed.is_some(),
            audience: self.audience.clone(),
            algorithms: self.algorithms.clone(),
        }
    }

    /// Its algorithms.
    pub fn algorithms(&self) -> Vec<Algorithm> {
        self.algorithms.iter().filter_map(|name| Algorithm::parse(name)).collect()
    }
}

/// Under which name a secret is encrypted: no variable can be called so.
pub fn secret_name(issuer: &str) -> String {
    format!("=issuer:{issuer}")
}

/// Keys come over a connection that cannot be listened to, or from this very machine.
fn check_url(text: &str) -> Result<(), &'static str> {
    let url = Url::parse(text).map_err(|_| "is not a URL")?;
    let local = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(_)) | None => false,
    };
    if url.scheme() != "https" && !(url.scheme() == "http" && local) {
        return Err("must begin with https://");
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err("may have neither a user nor a fragment");
    }
    Ok(())
}

/// A public key used as a secret is the oldest of all mistakes: everyone has it.
fn check_secret(secret: &str) -> Result<(), &'static str> {
    if secret.contains("-----BEGIN") || secret.trim_start().starts_with('{') {
        return Err("looks like a key of another kind: a shared secret is random text");
    }
    VerifyKey::secret(secret.as_bytes()).map(|_| ()).map_err(|_| "must have at least 32 bytes")
}

fn read_audience(audience: Option<Value>, path: &str) -> ApiResult<Vec<String>> {
    let items = match audience {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(one) => vec![one],
    };
    let read = |item: Value| match item {
        Value::String(text) if (1..=ISSUER_CHARS_MAX).contains(&text.len()) => Some(text),
        _ => None,
    };
    let count = items.len();
    let audience: Vec<String> = items.into_iter().filter_map(read).collect();
    if count == audience.len() && (1..=AUDIENCES_MAX).contains(&count) {
        Ok(audience)
    } else {
        Err(ApiError::invalid(path, format!("must be a text, or a list of 1 to {AUDIENCES_MAX} texts")))
    }
}

fn read_algorithms(algorithms: Option<Value>, path: &str, symmetric: bool) -> ApiResult<Vec<String>> {
    let fitting = || Algorithm::ALL.into_iter().filter(|algorithm| algorithm.is_symmetric() == symmetric);
    let items = match algorithms {
        None | Some(Value::Null) => {
            let usual: &[&str] = if symmetric { &["HS256"] } else { &["RS256", "ES256"] };
            return Ok(usual.iter().map(|name| (*name).to_owned()).collect());
        }
        Some(Value::Array(items)) if items.len() <= Algorithm::ALL.len() => items,
        Some(_) => {
            let words = format!("must be a list of {} items at most", Algorithm::ALL.len());
            return Err(ApiError::invalid(path, words));
        }
    };
    let mut algorithms = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let known = item
            .as_str()
            .and_then(Algorithm::parse)
            .filter(|algorithm| algorithm.is_symmetric() == symmetric);
        let Some(known) = known else {
            let names: Vec<&str> = fitting().map(Algorithm::as_str).collect();
            let words = format!("must be one of {}", names.join(", "));
            return Err(ApiError::invalid(&format!("{path}[{place}]"), words));
        };
        algorithms.push(known.as_str().to_owned());
    }
    if algorithms.is_empty() {
        return Err(ApiError::invalid(path, "must name at least one"));
    }
    Ok(algorithms)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> Result<Issuer, String> {
        let dir = tempfile::tempdir().unwrap();
        let keyring = KeyRing::load_or_create(&dir.path().join("k")).unwrap();
        let known = Issuer {
            issuer: "known".into(),
            jwks_url: None,
            secret_sealed: Some("sealed".into()),
            audience: vec![],
            algorithms: vec![],
        };
        mayfly_api::decode::value(value, "auth.issuers[0]")
            .and_then(|spec| Issuer::of(spec, "auth.issuers[0]", "app_0123456789ab", &keyring, &[known]))
            .map_err(|error| error.message().to_owned())
    }

    #[test]
    fn an_issuer_is_read_strictly() {
        let secret = "0123456789abcdef0123456789abcdef";
        let by_url = read(json!({"issuer": "https://i", "jwks_url": "https://i/jwks"})).unwrap();
        assert_eq!(by_url.algorithms, ["RS256", "ES256"]);
        let by_secret = read(json!({"issuer": "i", "secret": secret, "audience": "me"})).unwrap();
        assert_eq!(
            (by_secret.algorithms.as_slice(), by_secret.audience.as_slice()),
            (&["HS256".to_owned()][..], &["me".to_owned()][..])
        );
        assert!(by_secret.info().has_secret);
        assert_eq!(read(json!({"issuer": "known"})).unwrap().secret_sealed.as_deref(), Some("sealed"));
        for (value, path) in [
            (json!({"issuer": "i"}), "auth.issuers[0]: needs"),
            (
                json!({"issuer": "i", "secret": secret, "jwks_url": "https://i"}),
                "auth.issuers[0]: has either",
            ),
            (json!({"issuer": "i", "secret": "short"}), "auth.issuers[0].secret: must have"),
            (
                json!({"issuer": "i", "secret": format!("-----BEGIN PUBLIC KEY-----{secret}")}),
                "auth.issuers[0].secret: looks",
            ),
            (
                json!({"issuer": "i", "secret": secret, "algorithms": ["RS256"]}),
                "auth.issuers[0].algorithms[0]: must be one of HS",
            ),
            (
                json!({"issuer": "i", "jwks_url": "https://i", "algorithms": ["HS256"]}),
                "auth.issuers[0].algorithms[0]: must be one of ES",
            ),
            (
                json!({"issuer": "i", "jwks_url": "https://i", "algorithms": ["none"]}),
                "auth.issuers[0].algorithms[0]",
            ),
            (
                json!({"issuer": "i", "jwks_url": "https://i", "algorithms": []}),
                "auth.issuers[0].algorithms: must name",
            ),
            (json!({"issuer": "i", "jwks_url": "http://i.example"}), "auth.issuers[0].jwks_url: must begin"),
            (
                json!({"issuer": "i", "jwks_url": "file:///etc/passwd"}),
                "auth.issuers[0].jwks_url: must begin",
            ),
            (json!({"issuer": "i", "jwks_url": "https://a:b@i"}), "auth.issuers[0].jwks_url: may have"),
            (json!({"issuer": "butterbase:app:app_x", "secret": secret}), "auth.issuers[0].issuer: is how"),
            (json!({"issuer": "i", "secret": secret, "audience": []}), "auth.issuers[0].audience: must be"),
            (json!({"issuer": "i", "secret": secret, "extra": 1}), "auth.issuers[0].extra: is not"),
        ] {
            let message = read(value.clone()).unwrap_err();
            assert!(message.starts_with(path), "{value}: {message}");
        }
    }
}
