//! `RateLimitStatus`: the `RateLimit` and `RateLimit-Policy` headers.

use std::fmt::Write as _;
use std::time::Duration;

/// Seconds of a day.
const DAY: u64 = 86_400;

/// What is left of each limit that was set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RateLimitStatus {
    items: Vec<Item>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Item {
    name: &'static str,
    quota: u64,
    window_seconds: u64,
    left: u64,
    resets_in: u64,
}

impl RateLimitStatus {
    /// Add the limit of requests per second.
    pub fn second(&mut self, quota: u32, left: u32) {
        self.items.push(Item {
            name: "second",
            quota: quota.into(),
            window_seconds: 1,
            left: left.into(),
            resets_in: 1,
        });
    }

    /// Add a daily quota.
    pub fn day(&mut self, name: &'static str, quota: u64, left: u64, resets_in: Duration) {
        let resets_in = resets_in.as_secs() + 1;
        self.items.push(Item { name, quota, window_seconds: DAY, left, resets_in });
    }

    /// `RateLimit-Policy` and `RateLimit`; nothing without limits.
    pub fn to_headers(&self) -> Option<(String, String)> {
        if self.items.is_empty() {
            return None;
        }
        let (mut policy, mut limit) = (String::new(), String::new());
        for item in &self.items {
            let separator = if policy.is_empty() { "" } else { ", " };
            // Writing into a text cannot fail.
            let _ = write!(policy, "{separator}\"{}\";q={};w={}", item.name, item.quota, item.window_seconds);
            let _ = write!(limit, "{separator}\"{}\";r={};t={}", item.name, item.left, item.resets_in);
        }
        Some((policy, limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_name_each_limit_that_was_set() {
        let mut rate_limit = RateLimitStatus::default();
        assert_eq!(rate_limit.to_headers(), None);
        rate_limit.second(10, 4);
        rate_limit.day("invocations", 1_000, 0, Duration::from_secs(59));
        let (policy, limit) = rate_limit.to_headers().unwrap();
        assert_eq!(policy, "\"second\";q=10;w=1, \"invocations\";q=1000;w=86400");
        assert_eq!(limit, "\"second\";r=4;t=1, \"invocations\";r=0;t=60");
    }
}
