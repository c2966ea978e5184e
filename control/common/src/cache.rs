//! `TtlCache`: entries live a second, are invalidated by events, and are served stale while the store is down.
//!
//! A missing key is loaded once, however many ask for it at the same time; an entry that has aged is loaded again by
//! one reader while the others go on with it. Beyond the capacity entries are evicted one by one (S3-FIFO).

use std::future::Future;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use quick_cache::sync::{Cache, GuardResult};

/// Time to live: the longest that a lost invalidation can go unnoticed.
const TTL: Duration = Duration::from_secs(1);
/// How old an entry may be served while its source cannot be reached.
const STALE_MAX: Duration = Duration::from_secs(300);
/// Entries kept.
const CAPACITY: usize = 50_000;

/// Errors of a source that may be temporarily unreachable.
pub trait Outage {
    /// Whether the source was unreachable, so that a stale entry is better than this error.
    fn is_outage(&self) -> bool;
}

/// A bounded cache in front of the store. No lock is held across an await.
#[derive(Debug)]
pub struct TtlCache<K, V> {
    entries: Cache<K, Arc<Entry<V>>>,
    /// Incremented by every invalidation: what was loaded before one is not inserted after it.
    generation: RwLock<u64>,
    epoch: Instant,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    /// When the source last confirmed it.
    loaded_ms: AtomicU64,
    /// When a reader last set out to confirm it; moved first, so that one reader loads and the others go on.
    checked_ms: AtomicU64,
}

impl<K: Hash + Eq, V: Clone> Default for TtlCache<K, V> {
    fn default() -> Self {
        Self { entries: Cache::new(CAPACITY), generation: RwLock::new(0), epoch: Instant::now() }
    }
}

impl<K: Hash + Eq + Clone, V: Clone + PartialEq> TtlCache<K, V> {
    /// The value of `key`, loaded where it is missing or older than the TTL.
    ///
    /// # Errors
    /// What `load` fails with, unless it is an outage and there is an entry of the last five minutes.
    pub async fn get<F, E>(&self, key: &K, load: impl FnOnce() -> F) -> Result<V, E>
    where
        F: Future<Output = Result<V, E>>,
        E: Outage,
    {
        match self.entries.get(key) {
            Some(entry) if self.is_fresh(&entry) => Ok(entry.value.clone()),
            Some(entry) => self.refresh(key, &entry, load).await,
            None => self.load_once(key, load).await,
        }
    }

    /// The value of `key` as it is in memory, however old; nothing is loaded.
    pub fn peek(&self, key: &K) -> Option<V> {
        self.entries.get(key).map(|entry| entry.value.clone())
    }

    /// Within its TTL, or being confirmed by another reader.
    fn is_fresh(&self, entry: &Entry<V>) -> bool {
        let now = self.now_ms();
        let checked = entry.checked_ms.load(Ordering::Relaxed);
        now.saturating_sub(checked) < TTL.as_millis() as u64
            || entry.checked_ms.compare_exchange(checked, now, Ordering::Relaxed, Ordering::Relaxed).is_err()
    }

    async fn refresh<F, E>(&self, key: &K, entry: &Entry<V>, load: impl FnOnce() -> F) -> Result<V, E>
    where
        F: Future<Output = Result<V, E>>,
        E: Outage,
    {
        let generation = self.generation();
        match load().await {
            // The same value keeps its identity: what hangs on it stays warm.
            Ok(value) if value == entry.value => {
                entry.loaded_ms.store(self.now_ms(), Ordering::Relaxed);
                Ok(entry.value.clone())
            }
            Ok(value) => {
                self.unless_invalidated(generation, || {
                    self.entries.insert(key.clone(), self.entry(value.clone()));
                });
                Ok(value)
            }
            Err(error) if error.is_outage() && self.age_ms(entry) < STALE_MAX.as_millis() as u64 => {
                Ok(entry.value.clone())
            }
            Err(error) => Err(error),
        }
    }

    async fn load_once<F, E>(&self, key: &K, load: impl FnOnce() -> F) -> Result<V, E>
    where
        F: Future<Output = Result<V, E>>,
    {
        let guard = match self.entries.get_value_or_guard(key, Some(Duration::ZERO)) {
            GuardResult::Value(entry) => return Ok(entry.value.clone()),
            GuardResult::Guard(guard) => Some(guard),
            // Another reader is loading it. Where that fails all who waited load at once, not one behind the other.
            GuardResult::Timeout => match self.entries.get_value_or_guard_async(key).await {
                Ok(entry) => return Ok(entry.value.clone()),
                Err(_) => None,
            },
        };
        let generation = self.generation();
        let value = load().await?;
        self.unless_invalidated(generation, || match guard {
            Some(guard) => {
                // Refused when the entry was removed or replaced since: it is loaded again then.
                let _ = guard.insert(self.entry(value.clone()));
            }
            None => self.entries.insert(key.clone(), self.entry(value.clone())),
        });
        Ok(value)
    }

    /// Invalidate the entries whose key matches, and those being loaded.
    pub fn invalidate(&self, matches: impl Fn(&K) -> bool) {
        *self.generation.write().unwrap_or_else(PoisonError::into_inner) += 1;
        self.entries.retain(|key, _| !matches(key));
    }

    /// Invalidate everything.
    pub fn invalidate_all(&self) {
        self.invalidate(|_| true);
    }

    fn generation(&self) -> u64 {
        *self.generation.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Insert, unless there was an invalidation since `generation` was read; none can come in between.
    fn unless_invalidated(&self, generation: u64, insert: impl FnOnce()) {
        let present = self.generation.read().unwrap_or_else(PoisonError::into_inner);
        if *present == generation {
            insert();
        }
    }

    fn entry(&self, value: V) -> Arc<Entry<V>> {
        let now = self.now_ms();
        Arc::new(Entry { value, loaded_ms: AtomicU64::new(now), checked_ms: AtomicU64::new(now) })
    }

    fn age_ms(&self, entry: &Entry<V>) -> u64 {
        self.now_ms().saturating_sub(entry.loaded_ms.load(Ordering::Relaxed))
    }

    fn now_ms(&self) -> u64 {
        self.epoch.elapsed().as_millis() as u64
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    #[derive(Debug, PartialEq)]
    struct Down;

    impl Outage for Down {
        fn is_outage(&self) -> bool {
            true
        }
    }

    async fn get(
        cache: &TtlCache<&'static str, u32>,
        answer: Result<u32, Down>,
        loads: &AtomicU32,
    ) -> Result<u32, Down> {
        cache
            .get(&"key", || async {
                loads.fetch_add(1, Ordering::Relaxed);
                answer
            })
            .await
    }

    fn expire(cache: &TtlCache<&'static str, u32>) {
        cache.entries.get(&"key").unwrap().checked_ms.store(0, Ordering::Relaxed);
    }

    /// A cache whose clock began long enough ago for an entry of the beginning to be old.
    fn running() -> TtlCache<&'static str, u32> {
        TtlCache { epoch: Instant::now().checked_sub(TTL * 2).unwrap(), ..TtlCache::default() }
    }

    #[tokio::test]
    async fn an_entry_is_kept_until_it_is_invalidated() {
        let (cache, loads) = (TtlCache::default(), AtomicU32::new(0));
        assert_eq!(get(&cache, Ok(1), &loads).await, Ok(1));
        assert_eq!(get(&cache, Ok(2), &loads).await, Ok(1));
        cache.invalidate(|key| *key == "key");
        assert_eq!(get(&cache, Ok(2), &loads).await, Ok(2));
        assert_eq!(loads.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn an_expired_entry_is_loaded_by_one_reader_and_outlives_an_outage() {
        let (cache, loads) = (running(), AtomicU32::new(0));
        get(&cache, Ok(1), &loads).await.unwrap();
        expire(&cache);
        assert_eq!(get(&cache, Err(Down), &loads).await, Ok(1), "the stale entry is served");
        assert_eq!(get(&cache, Ok(2), &loads).await, Ok(1), "another reader has just checked");
        expire(&cache);
        assert_eq!(get(&cache, Ok(3), &loads).await, Ok(3));
        cache.invalidate_all();
        assert_eq!(get(&cache, Err(Down), &loads).await, Err(Down));
    }

    #[tokio::test]
    async fn what_was_loaded_before_an_invalidation_is_not_inserted_after_it() {
        let cache: TtlCache<&str, u32> = TtlCache::default();
        let loaded: Result<u32, Down> = cache
            .get(&"key", || async {
                cache.invalidate_all();
                Ok(1)
            })
            .await;
        assert_eq!(loaded, Ok(1));
        assert_eq!(get(&cache, Ok(2), &AtomicU32::new(0)).await, Ok(2));
    }

    #[tokio::test]
    async fn a_missing_key_is_loaded_once_by_all_who_ask() {
        let (cache, loads) = (TtlCache::default(), AtomicU32::new(0));
        let (cache, loads) = (&cache, &loads);
        let ask = || async {
            cache
                .get(&"key", || async {
                    loads.fetch_add(1, Ordering::Relaxed);
                    tokio::task::yield_now().await;
                    Ok::<u32, Down>(1)
                })
                .await
        };
        assert_eq!(tokio::join!(ask(), ask(), ask()), (Ok(1), Ok(1), Ok(1)));
        assert_eq!(loads.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_load_that_fails_fails_for_its_own_reader_alone() {
        let cache: &TtlCache<&str, u32> = &TtlCache::default();
        let failing = cache.get(&"key", || async {
            tokio::task::yield_now().await;
            Err(Down)
        });
        let waiting = cache.get(&"key", || async { Ok::<u32, Down>(2) });
        assert_eq!(tokio::join!(failing, waiting), (Err(Down), Ok(2)));
    }

    #[tokio::test]
    async fn beyond_the_capacity_entries_are_evicted_one_by_one() {
        let cache: TtlCache<u32, u32> = TtlCache::default();
        for key in 0..CAPACITY as u32 + 1_000 {
            cache.get(&key, || async { Ok::<u32, Down>(key) }).await.unwrap();
        }
        let len = cache.entries.len();
        assert!(len <= CAPACITY && len > CAPACITY * 9 / 10, "{len}");
    }
}
