//! A cache of external issuers' published key sets (JWKS): fetched on demand, and never more often than an attacker
//! with unknown key ids should be able to make us.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::future::Shared;
use tokio::time::Instant;

use super::token::KeySet;

/// How long a set is fresh.
const FRESH: Duration = Duration::from_secs(10 * 60);
/// How long a stale set is used while a newer one cannot be fetched.
const STALE_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// Between two attempts, while there is a set.
const PAUSE: Duration = Duration::from_secs(30);
/// Between two attempts, while there is none.
const PAUSE_WITHOUT: Duration = Duration::from_secs(5);
/// The longest set.
const JWKS_BYTES_MAX: usize = 64 << 10;
/// Maximum cached key sets; beyond it, sets without a fetch in flight are evicted.
const SETS_MAX: usize = 10_000;

/// Fetches documents on behalf of an app.
pub trait Documents: Send + Sync {
    /// A document of at most `bytes_max` bytes, or why there is none.
    fn get(&self, app: &str, url: &str, bytes_max: usize) -> BoxFuture<'static, Result<Bytes, String>>;
}

/// The keys of all external issuers. Cheap to clone.
#[derive(Clone)]
pub struct Jwks {
    documents: Arc<dyn Documents>,
    /// By app and URL: what one app does to a URL must not affect another.
    sets: Arc<Mutex<HashMap<Address, State>>>,
}

type Address = (Box<str>, Box<str>);
type Fetching = Shared<BoxFuture<'static, ()>>;

#[derive(Default)]
struct State {
    keys: Option<(Arc<KeySet>, Instant)>,
    attempted: Option<Instant>,
    error: String,
    /// What was told of malformed keys.
    passed_over: Vec<String>,
    fetching: Option<Fetching>,
}

/// There are no keys, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the issuer's keys cannot be had: {0}")]
pub struct KeysUnavailable(String);

enum Step {
    Take(Arc<KeySet>),
    Wait(Fetching),
    Fail(KeysUnavailable),
}

impl Jwks {
    /// An empty cache.
    pub fn new(documents: Arc<dyn Documents>) -> Self {
        Self { documents, sets: Arc::default() }
    }

    /// The keys published at a URL; fetched again when they are stale, or lack the one that is asked for.
    ///
    /// # Errors
    /// When there are none, and none can be had.
    pub async fn keys(&self, app: &str, url: &str, id: Option<&str>) -> Result<Arc<KeySet>, KeysUnavailable> {
        match self.step(app, url, id) {
            Step::Take(keys) => Ok(keys),
            Step::Fail(why) => Err(why),
            Step::Wait(fetching) => {
                fetching.await;
                self.usable(app, url)
            }
        }
    }

    /// The keys as they are known now, while they are good.
    pub fn known(&self, app: &str, url: &str) -> Option<Arc<KeySet>> {
        let sets = self.sets();
        let (keys, at) = sets.get(&(app.into(), url.into()))?.keys.as_ref()?;
        (at.elapsed() < FRESH).then(|| Arc::clone(keys))
    }

    fn step(&self, app: &str, url: &str, id: Option<&str>) -> Step {
        let mut sets = self.sets();
        if sets.len() >= SETS_MAX {
            sets.retain(|_, state| state.fetching.is_some());
        }
        let state = sets.entry((app.into(), url.into())).or_default();
        if let Some((keys, at)) = &state.keys
            && at.elapsed() < FRESH
            && id.is_none_or(|id| keys.has(id))
        {
            return Step::Take(Arc::clone(keys));
        }
        if let Some(fetching) = &state.fetching {
            return Step::Wait(fetching.clone());
        }
        let pause = if state.keys.is_some() { PAUSE } else { PAUSE_WITHOUT };
        if state.attempted.is_some_and(|at| at.elapsed() < pause) {
            return match state.usable() {
                Ok(keys) => Step::Take(keys),
                Err(why) => Step::Fail(why),
            };
        }
        state.attempted = Some(Instant::now());
        let fetching = self.fetch(app, url);
        state.fetching = Some(fetching.clone());
        Step::Wait(fetching)
    }

    /// A task of its own: a caller that is cancelled does not cancel the fetch that others wait for.
    #[allow(clippy::disallowed_methods, reason = "the callers that wait for the fetch await its task")]
    fn fetch(&self, app: &str, url: &str) -> Fetching {
        let (this, address) = (self.clone(), (Box::from(app), Box::from(url)));
        let document = self.documents.get(app, url, JWKS_BYTES_MAX);
        let task = tokio::spawn(async move {
            let mut passed_over = Vec::new();
            let answer = document.await.and_then(|document| {
                let told = |place, error| passed_over.push(format!("key {place}: {error}"));
                KeySet::published(&document, told)
                    .map_err(|error| format!("the document is no key set: {error}"))
            });
            this.store(&address, answer, passed_over);
        });
        let done: BoxFuture<'static, ()> = Box::pin(task.map(|_| ()));
        done.shared()
    }

    fn store(&self, address: &Address, answer: Result<KeySet, String>, passed_over: Vec<String>) {
        let mut sets = self.sets();
        let Some(state) = sets.get_mut(address) else { return };
        state.fetching = None;
        // Once, not with each fetch.
        if answer.is_ok() && state.passed_over != passed_over {
            if !passed_over.is_empty() {
                tracing::warn!(app = %address.0, url = %address.1, keys = ?passed_over, "malformed keys of an issuer are passed over");
            }
            state.passed_over = passed_over;
        }
        match answer {
            Ok(fresh) => {
                // An unchanged set stays the same one: what was verified with it stays verified.
                let kept = state.keys.take().map(|(keys, _)| keys).filter(|keys| **keys == fresh);
                state.keys = Some((kept.unwrap_or_else(|| Arc::new(fresh)), Instant::now()));
            }
            Err(error) => {
                tracing::warn!(app = %address.0, url = %address.1, error, "cannot fetch an issuer's keys");
                state.error = error;
            }
        }
    }

    fn usable(&self, app: &str, url: &str) -> Result<Arc<KeySet>, KeysUnavailable> {
        match self.sets().get(&(app.into(), url.into())) {
            Some(state) => state.usable(),
            None => Err(KeysUnavailable("too many issuers at once".to_owned())),
        }
    }

    fn sets(&self) -> std::sync::MutexGuard<'_, HashMap<Address, State>> {
        self.sets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn usable(&self) -> Result<Arc<KeySet>, KeysUnavailable> {
        match &self.keys {
            Some((keys, at)) if at.elapsed() < STALE_MAX => Ok(Arc::clone(keys)),
            _ => Err(KeysUnavailable(self.error.clone())),
        }
    }
}

impl std::fmt::Debug for Jwks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jwks").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::token::SigningKey;

    #[derive(Default)]
    struct Issuer {
        asked: AtomicU32,
        /// What it answers; nothing: it is down.
        document: Mutex<Option<String>>,
    }

    impl Documents for Arc<Issuer> {
        fn get(&self, _: &str, _: &str, _: usize) -> BoxFuture<'static, Result<Bytes, String>> {
            let this = Arc::clone(self);
            Box::pin(async move {
                this.asked.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                this.document.lock().unwrap().clone().map(Bytes::from).ok_or_else(|| "down".to_owned())
            })
        }
    }

    impl Issuer {
        fn publish(&self, ids: &[&str]) {
            let keys: Vec<_> =
                ids.iter().map(|id| SigningKey::generate((*id).to_owned()).unwrap().0.public_jwk()).collect();
            *self.document.lock().unwrap() = Some(serde_json::json!({ "keys": keys }).to_string());
        }

        fn asked(&self) -> u32 {
            self.asked.load(Ordering::Relaxed)
        }
    }

    fn jwks() -> (Jwks, Arc<Issuer>) {
        let issuer = Arc::new(Issuer::default());
        (Jwks::new(Arc::new(Arc::clone(&issuer))), issuer)
    }

    async fn ask(jwks: &Jwks, id: &str) -> Result<bool, KeysUnavailable> {
        jwks.keys("app", "https://i", Some(id)).await.map(|keys| keys.has(id))
    }

    #[tokio::test(start_paused = true)]
    async fn many_at_once_fetch_once_and_an_unknown_id_looks_again_after_a_pause() {
        let (jwks, issuer) = jwks();
        issuer.publish(&["a"]);
        let all = futures_util::future::join_all((0..50).map(|_| ask(&jwks, "a"))).await;
        assert!(all.into_iter().all(|found| found == Ok(true)));
        assert_eq!(issuer.asked(), 1);
        issuer.publish(&["a", "b"]);
        for _ in 0..100 {
            assert_eq!(ask(&jwks, "b").await, Ok(false), "too soon to look again");
        }
        assert_eq!(issuer.asked(), 1);
        tokio::time::advance(PAUSE).await;
        assert_eq!(ask(&jwks, "b").await, Ok(true));
        assert_eq!(issuer.asked(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_set_outlives_an_outage_for_a_day() {
        let (jwks, issuer) = jwks();
        assert_eq!(ask(&jwks, "a").await, Err(KeysUnavailable("down".into())));
        issuer.publish(&["a"]);
        assert!(ask(&jwks, "a").await.is_err(), "too soon to try again");
        tokio::time::advance(PAUSE_WITHOUT).await;
        assert_eq!(ask(&jwks, "a").await, Ok(true));
        let known = jwks.known("app", "https://i").unwrap();
        *issuer.document.lock().unwrap() = None;
        tokio::time::advance(FRESH).await;
        assert!(jwks.known("app", "https://i").is_none());
        assert_eq!(ask(&jwks, "a").await, Ok(true), "the old one will do");
        tokio::time::advance(STALE_MAX).await;
        assert!(ask(&jwks, "a").await.is_err());
        drop(known);
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancelled_caller_leaves_the_others_an_answer() {
        let (jwks, issuer) = jwks();
        issuer.publish(&["a"]);
        {
            let mut first = Box::pin(ask(&jwks, "a"));
            assert!(futures_util::poll!(&mut first).is_pending());
        }
        assert_eq!(ask(&jwks, "a").await, Ok(true));
        assert_eq!(issuer.asked(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_unchanged_set_stays_the_same_one() {
        let (jwks, issuer) = jwks();
        issuer.publish(&["a"]);
        ask(&jwks, "a").await.unwrap();
        let before = jwks.known("app", "https://i").unwrap();
        tokio::time::advance(FRESH).await;
        ask(&jwks, "a").await.unwrap();
        assert_eq!(issuer.asked(), 2);
        assert!(Arc::ptr_eq(&before, &jwks.known("app", "https://i").unwrap()));
    }
}
