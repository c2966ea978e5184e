//! Rate limiter: a token bucket that is filled by time and emptied by requests. Pure: the time is given.

use std::time::{Duration, Instant};

use super::Rate;

/// The tokens in a bucket, and at what time.
#[derive(Debug, Clone, Copy)]
pub(super) struct TokenBucket {
    tokens: f64,
    at: Instant,
}

impl TokenBucket {
    /// A full bucket.
    pub(super) fn new(rate: Rate, now: Instant) -> Self {
        Self { tokens: f64::from(rate.burst), at: now }
    }

    /// Takes a token. When there is none: how long until there is.
    pub(super) fn take(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        self.fill(rate, now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            Ok(())
        } else {
            Err(Duration::from_secs_f64((1.0 - self.tokens) / f64::from(rate.per_second)))
        }
    }

    /// How many could be taken now.
    pub(super) fn left(&self) -> u32 {
        self.tokens as u32
    }

    /// Whether it is full, so that it holds no state.
    pub(super) fn is_full(&mut self, rate: Rate, now: Instant) -> bool {
        self.fill(rate, now);
        self.tokens >= f64::from(rate.burst)
    }

    /// A changed rate takes effect at once.
    fn fill(&mut self, rate: Rate, now: Instant) {
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        self.tokens = (self.tokens + since * f64::from(rate.per_second)).min(f64::from(rate.burst));
        self.at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_gives_what_came_in_and_no_more() {
        let (rate, start) = (Rate { per_second: 10, burst: 3 }, Instant::now());
        let mut bucket = TokenBucket::new(rate, start);
        assert!((0..3).all(|_| bucket.take(rate, start).is_ok()));
        assert_eq!(bucket.take(rate, start), Err(Duration::from_millis(100)));
        assert!(bucket.take(rate, start + Duration::from_millis(101)).is_ok());
        assert!(bucket.take(rate, start + Duration::from_millis(110)).is_err());
        let later = start + Duration::from_secs(3_600);
        assert!(bucket.is_full(rate, later) && bucket.left() == 3, "a pause buys no more than a burst");
        let lowered = Rate { per_second: 1, burst: 1 };
        assert!(bucket.take(lowered, later).is_ok() && bucket.take(lowered, later).is_err());
        assert!(bucket.take(rate, start).is_err(), "a clock that goes back gives nothing");
    }

    proptest::proptest! {
        #[test]
        fn never_more_than_burst_and_rate(steps in proptest::collection::vec(0_u64..200, 1..200)) {
            let (rate, start) = (Rate { per_second: 20, burst: 5 }, Instant::now());
            let mut bucket = TokenBucket::new(rate, start);
            let (mut elapsed, mut taken) = (0, 0.0);
            for step in steps {
                elapsed += step;
                if bucket.take(rate, start + Duration::from_millis(elapsed)).is_ok() {
                    taken += 1.0;
                }
            }
            proptest::prop_assert!(taken <= 5.0 + elapsed as f64 / 1e3 * 20.0 + 1e-6);
        }
    }
}
