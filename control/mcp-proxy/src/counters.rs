//! Counters of a policy, in this process. After a restart they are what the audit log says: each call that may run was
//! written there with what it counts against, before it ran.

use std::collections::HashMap;

use mayfly_policy::CounterUse;
use serde_json::{Value, json};

/// Counters that are kept; beyond, those of past windows go.
const COUNTERS_MAX: usize = 100_000;

#[derive(Debug, Clone, Copy)]
struct Window {
    start: i64,
    seconds: u32,
    used: u32,
}

/// Uses in the present window, by counter.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    windows: HashMap<String, Window>,
}

/// A counter that is full.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full {
    /// Which one, of those that were asked for.
    pub(crate) place: usize,
    pub(crate) retry_after_seconds: u32,
}

impl Counters {
    /// Count a call against all of these, or against none. `now` is in seconds since 1970.
    pub(crate) fn take(&mut self, uses: &[CounterUse], now: i64) -> Result<(), Full> {
        for (place, wanted) in uses.iter().enumerate() {
            let window = self.window(wanted, now);
            // One call may name a counter more than once.
            let before = uses[..place].iter().filter(|other| other.key == wanted.key).count() as u32;
            if window.used.saturating_add(before) >= wanted.max {
                let end = window.start + i64::from(window.seconds);
                let left = u32::try_from(end - now).unwrap_or(window.seconds).clamp(1, window.seconds.max(1));
                return Err(Full { place, retry_after_seconds: left });
            }
        }
        for wanted in uses {
            let mut window = self.window(wanted, now);
            window.used += 1;
            self.windows.insert(wanted.key.clone(), window);
        }
        if self.windows.len() > COUNTERS_MAX {
            self.windows.retain(|_, window| window.start + i64::from(window.seconds) > now);
        }
        Ok(())
    }

    /// Take back what a call counted that does not run after all.
    pub(crate) fn give_back(&mut self, uses: &[CounterUse]) {
        for wanted in uses {
            if let Some(window) = self.windows.get_mut(&wanted.key) {
                window.used = window.used.saturating_sub(1);
            }
        }
    }

    /// What a call counts against, for the audit log.
    pub(crate) fn written(&self, uses: &[CounterUse]) -> Value {
        let of = |wanted: &CounterUse| {
            let start = self.windows.get(&wanted.key).map_or(0, |window| window.start);
            json!({ "key": wanted.key, "start": start, "seconds": wanted.window_seconds })
        };
        uses.iter().map(of).collect()
    }

    /// Count what the audit log says was counted.
    pub(crate) fn restore(&mut self, row: &Value) {
        for counted in row["counters"].as_array().into_iter().flatten() {
            let (Some(key), Some(start)) = (counted["key"].as_str(), counted["start"].as_i64()) else {
                continue;
            };
            let seconds =
                counted["seconds"].as_u64().and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or(1);
            let fresh = Window { start, seconds, used: 0 };
            let window = self.windows.entry(key.to_owned()).or_insert(fresh);
            if window.start < start {
                *window = fresh;
            }
            if window.start == start {
                window.used += 1;
            }
        }
    }

    /// The present window of a counter. A clock that goes back opens none a second time.
    fn window(&self, wanted: &CounterUse, now: i64) -> Window {
        let seconds = wanted.window_seconds.max(1);
        let start = now - now.rem_euclid(i64::from(seconds));
        match self.windows.get(&wanted.key) {
            Some(window) if window.start >= start => *window,
            _ => Window { start, seconds, used: 0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(key: &str, seconds: u32, max: u32) -> CounterUse {
        CounterUse {
            key: key.to_owned(),
            counter: key.to_owned(),
            window_seconds: seconds,
            max,
            rule: "tools.a.limits[0]".to_owned(),
        }
    }

    #[test]
    fn a_full_counter_says_when_to_come_back() {
        let mut counters = Counters::default();
        let minute = [uses("a", 60, 2)];
        assert_eq!(counters.take(&minute, 119), Ok(()));
        assert_eq!(counters.take(&minute, 120), Ok(()), "another window");
        assert_eq!(counters.take(&minute, 121), Ok(()));
        assert_eq!(counters.take(&minute, 130), Err(Full { place: 0, retry_after_seconds: 50 }));
        counters.give_back(&minute);
        assert_eq!(counters.take(&minute, 130), Ok(()));
        assert!(counters.take(&minute, 119).is_err(), "the clock went back");
        assert_eq!(counters.take(&[uses("b", 1, 0)], 5), Err(Full { place: 0, retry_after_seconds: 1 }));
    }

    #[test]
    fn a_refused_call_counts_against_none() {
        let mut counters = Counters::default();
        let both = [uses("wide", 60, 10), uses("narrow", 60, 1)];
        assert_eq!(counters.take(&both, 0), Ok(()));
        assert_eq!(counters.take(&both, 1), Err(Full { place: 1, retry_after_seconds: 59 }));
        assert_eq!(counters.windows["wide"].used, 1);
        assert!(Counters::default().take(&[uses("a", 60, 1), uses("a", 60, 1)], 0).is_err(), "named twice");
    }

    #[test]
    fn a_restart_forgets_nothing() {
        let mut counters = Counters::default();
        let minute = [uses("a", 60, 2)];
        let mut after = Counters::default();
        for now in [10, 70, 71] {
            counters.take(&minute, now).unwrap();
            after.restore(&json!({ "counters": counters.written(&minute) }));
        }
        assert_eq!(after.take(&minute, 80), Err(Full { place: 0, retry_after_seconds: 40 }));
        assert_eq!(after.take(&minute, 120), Ok(()));
    }
}
