//! What came of a load: counts, and a histogram of latencies.

use std::time::Duration;

use hdrhistogram::Histogram;
use schemars::JsonSchema;
use serde::Serialize;

/// Latencies up to a minute, in microseconds, with three digits.
const LONGEST_US: u64 = 60_000_000;
const DIGITS: u8 = 3;

/// What came of a load.
#[derive(Debug, Clone)]
pub struct Tally {
    /// Right answers.
    pub right: u64,
    /// Answers with another status or body.
    pub wrong: u64,
    /// Requests without an answer.
    pub failed: u64,
    /// How long it took.
    pub took: Duration,
    /// An example of what was wrong.
    pub example: Option<String>,
    histogram: Option<Histogram<u64>>,
}

/// Latencies of a load, in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, JsonSchema)]
pub struct Latency {
    /// The median.
    pub p50_us: u64,
    /// The 90th percentile.
    pub p90_us: u64,
    /// The 99th percentile.
    pub p99_us: u64,
    /// The 99.9th percentile.
    pub p999_us: u64,
    /// The longest.
    pub max_us: u64,
    /// Measured requests.
    pub count: u64,
}

impl Default for Tally {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST_US, DIGITS).ok();
        Self { right: 0, wrong: 0, failed: 0, took: Duration::ZERO, example: None, histogram }
    }
}

impl Tally {
    /// Counts a right answer.
    pub(super) fn count(&mut self, latency: Duration) {
        self.right += 1;
        if let Some(histogram) = &mut self.histogram {
            histogram.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX).max(1));
        }
    }

    /// Counts a wrong answer.
    pub(super) fn count_wrong(&mut self, status: u16, body: &[u8]) {
        self.wrong += 1;
        let start = String::from_utf8_lossy(body.get(..body.len().min(200)).unwrap_or_default());
        self.example.get_or_insert_with(|| format!("{status}: {start}"));
    }

    /// Counts a request without an answer.
    pub(super) fn count_failed(&mut self, error: &std::io::Error) {
        self.failed += 1;
        self.example.get_or_insert_with(|| error.to_string());
    }

    /// Adds another one's counts and latencies; the time is the sum, as of one after the other.
    pub fn add(&mut self, other: &Self) {
        self.right += other.right;
        self.wrong += other.wrong;
        self.failed += other.failed;
        self.took += other.took;
        if self.example.is_none() {
            self.example.clone_from(&other.example);
        }
        if let (Some(histogram), Some(other)) = (&mut self.histogram, &other.histogram) {
            // Both have the same bounds, so this cannot fail.
            let _ = histogram.add(other);
        }
    }

    /// Right answers a second.
    pub fn rate(&self) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
        let right = self.right as f64;
        if self.took.is_zero() { 0.0 } else { right / self.took.as_secs_f64() }
    }

    /// The percentiles.
    pub fn latency(&self) -> Latency {
        let Some(histogram) = &self.histogram else { return Latency::default() };
        Latency {
            p50_us: histogram.value_at_quantile(0.5),
            p90_us: histogram.value_at_quantile(0.9),
            p99_us: histogram.value_at_quantile(0.99),
            p999_us: histogram.value_at_quantile(0.999),
            max_us: histogram.max(),
            count: histogram.len(),
        }
    }
}
