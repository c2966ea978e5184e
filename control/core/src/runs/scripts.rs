//! Compiled code of the last minutes, by app and code. Bounded in number, bytes and time, by two generations: the younger one
//! becomes the older one when it is full or old, and the older one is dropped.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ring::digest::{Context, SHA256, SHA256_OUTPUT_LEN};

use crate::invoke::CompiledScript;

/// Scripts of a generation.
const SCRIPTS_MAX: usize = 1_000;
/// Their bytes.
const BYTES_MAX: usize = 32 << 20;
/// How long a generation is the younger one.
const AGE_MAX: Duration = Duration::from_secs(300);

/// Which app's which code.
pub(super) type ScriptKey = [u8; SHA256_OUTPUT_LEN];

#[derive(Debug, Default)]
pub(super) struct ScriptCache(Mutex<Generations>);

#[derive(Debug)]
struct Generations {
    young: HashMap<ScriptKey, Arc<CompiledScript>>,
    old: HashMap<ScriptKey, Arc<CompiledScript>>,
    bytes: usize,
    since: Instant,
}

impl Default for Generations {
    fn default() -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), bytes: 0, since: Instant::now() }
    }
}

impl ScriptCache {
    pub(super) fn key(app: &str, code: &str) -> ScriptKey {
        let mut context = Context::new(&SHA256);
        // No app's id has a NUL.
        context.update(app.as_bytes());
        context.update(&[0]);
        context.update(code.as_bytes());
        let mut key = ScriptKey::default();
        key.copy_from_slice(context.finish().as_ref());
        key
    }

    pub(super) fn get(&self, key: &ScriptKey) -> Option<Arc<CompiledScript>> {
        let mut generations = self.generations();
        generations.age(Instant::now());
        if let Some(known) = generations.young.get(key) {
            return Some(Arc::clone(known));
        }
        let known = generations.old.remove(key)?;
        generations.insert(*key, &known);
        Some(known)
    }

    pub(super) fn put(&self, key: ScriptKey, script: &Arc<CompiledScript>) {
        let mut generations = self.generations();
        generations.age(Instant::now());
        generations.insert(key, script);
    }

    fn generations(&self) -> MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn insert(&mut self, key: ScriptKey, script: &Arc<CompiledScript>) {
        if self.young.len() >= SCRIPTS_MAX || self.bytes + script.size() > BYTES_MAX {
            self.turn(Instant::now());
        }
        self.bytes += script.size();
        self.young.insert(key, Arc::clone(script));
    }

    fn age(&mut self, now: Instant) {
        let age = now.saturating_duration_since(self.since);
        if age >= 2 * AGE_MAX {
            // Neither was used since.
            self.turn(now);
        }
        if age >= AGE_MAX {
            self.turn(now);
        }
    }

    fn turn(&mut self, now: Instant) {
        self.old = std::mem::take(&mut self.young);
        self.bytes = 0;
        self.since = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_has_its_own_code() {
        assert_ne!(ScriptCache::key("a", "b"), ScriptCache::key("b", "b"));
        assert_ne!(ScriptCache::key("a", "b"), ScriptCache::key("a", "c"));
        assert_eq!(ScriptCache::key("a", "b"), ScriptCache::key("a", "b"));
    }
}
