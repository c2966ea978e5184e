//! Answers kept in memory that are never old for long: thrown away by news, checked again by age.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::error::{ApiError, ApiResult, Code};

/// How old an answer may be before it is asked for again: what a lost notification can cost at most.
const AGE_MAX: Duration = Duration::from_secs(1);
/// How old it may be while the one who answers cannot be reached.
const OUTAGE_AGE_MAX: Duration = Duration::from_secs(300);
/// Answers kept. Beyond that all of them go: rare, and dear to nobody.
const ENTRIES_MAX: usize = 50_000;

/// A map of answers. Lookups happen outside its lock; no lock is held across an await.
#[derive(Debug)]
pub struct Fresh<K, V> {
    entries: RwLock<HashMap<K, Entry<V>>>,
    /// Moves with every invalidation, so that an answer asked for before one is not kept after it.
    generation: AtomicU64,
    epoch: Instant,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    /// When it was last known to be right.
    answered_ms: u64,
    /// When someone last set out to check it; moved first, so that one goes and the others go on.
    checked_ms: AtomicU64,
}

enum Found<V> {
    Fresh(V),
    /// Old: whoever finds it has to check.
    Old(V, u64),
    Nothing,
}

impl<K, V> Default for Fresh<K, V> {
    fn default() -> Self {
        Self { entries: RwLock::default(), generation: AtomicU64::new(0), epoch: Instant::now() }
    }
}

impl<K: Hash + Eq + Clone, V: Clone + PartialEq> Fresh<K, V> {
    /// The answer for `key`; asks for it when there is none or it is old. During an outage an old one will do.
    pub async fn get<F>(&self, key: &K, ask: impl FnOnce() -> F) -> ApiResult<V>
    where
        F: Future<Output = ApiResult<V>>,
    {
        let old = match self.find(key) {
            Found::Fresh(value) => return Ok(value),
            Found::Old(value, answered_ms) => Some((value, answered_ms)),
            Found::Nothing => None,
        };
        let generation = self.generation.load(Ordering::Acquire);
        match ask().await {
            Ok(answer) => Ok(self.keep(key, answer, generation)),
            Err(error) => self.make_do(old, error),
        }
    }

    fn find(&self, key: &K) -> Found<V> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = entries.get(key) else { return Found::Nothing };
        let now = self.now_ms();
        let checked = entry.checked_ms.load(Ordering::Relaxed);
        let young = now.saturating_sub(checked) < AGE_MAX.as_millis() as u64;
        if young
            || entry.checked_ms.compare_exchange(checked, now, Ordering::Relaxed, Ordering::Relaxed).is_err()
        {
            return Found::Fresh(entry.value.clone());
        }
        Found::Old(entry.value.clone(), entry.answered_ms)
    }

    /// Keep the answer, or the old one where they are equal: what hangs on it stays warm.
    fn keep(&self, key: &K, answer: V, generation: u64) -> V {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if self.generation.load(Ordering::Acquire) != generation {
            return answer;
        }
        let now = self.now_ms();
        if let Some(entry) = entries.get_mut(key)
            && entry.value == answer
        {
            entry.answered_ms = now;
            return entry.value.clone();
        }
        if entries.len() >= ENTRIES_MAX {
            entries.clear();
        }
        let entry = Entry { value: answer.clone(), answered_ms: now, checked_ms: AtomicU64::new(now) };
        entries.insert(key.clone(), entry);
        answer
    }

    fn make_do(&self, old: Option<(V, u64)>, error: ApiError) -> ApiResult<V> {
        match old {
            Some((value, answered_ms))
                if error.code() == Code::SubsystemUnavailable
                    && self.now_ms().saturating_sub(answered_ms) < OUTAGE_AGE_MAX.as_millis() as u64 =>
            {
                Ok(value)
            }
            _ => Err(error),
        }
    }

    /// Forget the answers for which `old` holds, and those under way.
    pub fn forget(&self, old: impl Fn(&K) -> bool) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        self.generation.fetch_add(1, Ordering::AcqRel);
        entries.retain(|key, _| !old(key));
    }

    /// Forget everything.
    pub fn forget_all(&self) {
        self.forget(|_| true);
    }

    fn now_ms(&self) -> u64 {
        self.epoch.elapsed().as_millis() as u64
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    async fn ask(
        fresh: &Fresh<&'static str, u32>,
        answer: ApiResult<u32>,
        asked: &AtomicU32,
    ) -> ApiResult<u32> {
        fresh
            .get(&"key", || async {
                asked.fetch_add(1, Ordering::Relaxed);
                answer
            })
            .await
    }

    fn outage() -> ApiResult<u32> {
        Err(ApiError::unavailable("postgresql", "down"))
    }

    #[tokio::test]
    async fn an_answer_is_kept_until_there_is_news() {
        let (fresh, asked) = (Fresh::default(), AtomicU32::new(0));
        assert_eq!(ask(&fresh, Ok(1), &asked).await.unwrap(), 1);
        assert_eq!(ask(&fresh, Ok(2), &asked).await.unwrap(), 1);
        fresh.forget(|key| *key == "key");
        assert_eq!(ask(&fresh, Ok(2), &asked).await.unwrap(), 2);
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn an_old_answer_is_checked_by_one_and_outlives_an_outage() {
        let asked = AtomicU32::new(0);
        // Its clock began long enough ago for an answer of the beginning to be old.
        let epoch = Instant::now().checked_sub(AGE_MAX * 2).unwrap();
        let fresh = Fresh { epoch, ..Fresh::default() };
        let make_old = || {
            for entry in fresh.entries.read().unwrap().values() {
                entry.checked_ms.store(0, Ordering::Relaxed);
            }
        };
        ask(&fresh, Ok(1), &asked).await.unwrap();
        make_old();
        assert_eq!(ask(&fresh, outage(), &asked).await.unwrap(), 1, "the old one will do");
        assert_eq!(ask(&fresh, Ok(2), &asked).await.unwrap(), 1, "someone has just checked");
        make_old();
        assert_eq!(ask(&fresh, Ok(3), &asked).await.unwrap(), 3);
        fresh.forget_all();
        assert!(ask(&fresh, outage(), &asked).await.is_err());
    }

    #[tokio::test]
    async fn an_answer_asked_for_before_the_news_is_not_kept() {
        let fresh: Fresh<&str, u32> = Fresh::default();
        let answer = fresh
            .get(&"key", || async {
                fresh.forget_all();
                Ok(1)
            })
            .await;
        assert_eq!(answer.unwrap(), 1);
        assert_eq!(fresh.get(&"key", || async { Ok(2) }).await.unwrap(), 2);
    }
}
