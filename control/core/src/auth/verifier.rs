//! Who an end user's token is for, if it is good.

use std::sync::Arc;

use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_common::clock;
use mayfly_jwt::jwks::Jwks;
use mayfly_jwt::token::{Compact, Expected, KeySet, TokenClaims, TokenFault, verify};

use super::caller::EndUser;
use super::verified::{Entry, Verified, hash};
use crate::app_cache::{AppCache, AppKeys, Signer};

/// Checks tokens of end users. Cheap to clone.
#[derive(Clone)]
pub struct TokenVerifier {
    shared: Arc<Shared>,
}

struct Shared {
    apps: AppCache,
    jwks: Jwks,
    verified: Verified,
}

/// What became of a token.
pub(super) type Verdict = Result<Arc<EndUser>, TokenFault>;

impl TokenVerifier {
    /// One over these apps' keys, and the published keys of their issuers.
    pub fn new(apps: AppCache, jwks: Jwks) -> Self {
        Self { shared: Arc::new(Shared { apps, jwks, verified: Verified::default() }) }
    }

    /// Whose token of this app's that is.
    ///
    /// # Errors
    /// The outer ones are not the token's fault: keys that cannot be had now.
    pub async fn verify(&self, app: &str, token: &str) -> ApiResult<Verdict> {
        let Some(app_now) = self.shared.apps.find(app).await? else {
            return Ok(Err(TokenFault::IssuerUnknown));
        };
        let keys = Arc::clone(&app_now.keys);
        let (hash, now) = (hash(app, token), now_seconds());
        if let Some(entry) = self.shared.verified.get(&hash)
            && now < entry.ends
            && Arc::ptr_eq(&entry.keys, &keys)
            && self.still_published(app, &entry)
        {
            return Ok(Ok(entry.user));
        }
        match self.verify_again(app, token, &keys, now).await? {
            Ok(entry) => {
                let user = Arc::clone(&entry.user);
                self.shared.verified.put(hash, entry);
                Ok(Ok(user))
            }
            Err(fault) => Ok(Err(fault)),
        }
    }

    fn still_published(&self, app: &str, entry: &Entry) -> bool {
        entry.published.as_ref().is_none_or(|(keys, url)| {
            self.shared.jwks.known(app, url).is_some_and(|known| Arc::ptr_eq(&known, keys))
        })
    }

    async fn verify_again(
        &self,
        app: &str,
        token: &str,
        keys: &Arc<AppKeys>,
        now: f64,
    ) -> ApiResult<Result<Entry, TokenFault>> {
        let (token, claims) = match read(token) {
            Ok(read) => read,
            Err(fault) => return Ok(Err(fault)),
        };
        let terms = match claims.issuer().and_then(|issuer| keys.terms(issuer)) {
            // Before keys are fetched for it.
            Ok(terms) if !terms.algorithms.contains(&token.algorithm()) => {
                return Ok(Err(TokenFault::AlgorithmNotAllowed));
            }
            Ok(terms) => terms,
            Err(fault) => return Ok(Err(fault)),
        };
        let mut published: Option<(Arc<KeySet>, Arc<str>)> = None;
        let set = match terms.signer {
            Signer::Own(set) | Signer::Secret(set) => set,
            Signer::Published(url) => {
                let set = self.shared.jwks.keys(app, url, token.key_id()).await.map_err(|error| {
                    let text = error.to_string();
                    ApiError::new(Code::SubsystemUnavailable, text)
                        .with_details(serde_json::json!({ "subsystem": "token issuer" }))
                })?;
                &published.insert((set, Arc::clone(url))).0
            }
            Signer::Undecryptable => {
                let text = "the secret of the token's issuer cannot be decrypted";
                return Err(ApiError::new(Code::SecretsUnavailable, text));
            }
        };
        let own = matches!(terms.signer, Signer::Own(_));
        let expected = Expected { audiences: terms.audiences, audience_optional: own, foreign_clock: !own };
        let key_ends = if own { keys.own_key_ends(token.key_id()) } else { f64::INFINITY };
        let checked = verify(&token, set, terms.algorithms)
            .and(if now < key_ends { Ok(()) } else { Err(TokenFault::KeyUnknown) })
            .and_then(|()| claims.check(expected, now))
            .and_then(|ends| Ok((ends, claims.subject()?)));
        Ok(checked.map(|(ends, subject)| {
            let ends = ends.min(key_ends);
            let user = Arc::new(EndUser::new(subject, claims.to_json(), ends));
            Entry { keys: Arc::clone(keys), published, ends, user }
        }))
    }
}

fn read(token: &str) -> Result<(Compact<'_>, TokenClaims), TokenFault> {
    let token = Compact::parse(token)?;
    let claims = TokenClaims::parse(token.payload())?;
    Ok((token, claims))
}

fn now_seconds() -> f64 {
    clock::now_ms() as f64 / 1e3
}

impl std::fmt::Debug for TokenVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenVerifier").finish_non_exhaustive()
    }
}
