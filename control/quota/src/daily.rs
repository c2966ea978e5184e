//! Daily limits: apps' usage of a day (UTC) over all nodes, counted here and written to the platform's database every
//! second.
//!
//! A limit can be exceeded by what runs at the moment when it is reached, and by what the other nodes did within the
//! last second. After a crash, the last second of this node is missing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::{DailyLimits, QuotaError};
use mayfly_api::error::rate_limit_status::RateLimitStatus;
use mayfly_common::clock;
use mayfly_store::{DayUsage, Store, StoreError};

/// The counts, by app and day.
type Days = HashMap<(Arc<str>, NaiveDate), Day>;

/// The daily limits and their counts. Cheap to clone.
#[derive(Clone)]
pub struct Daily {
    store: Store,
    days: Arc<Mutex<Days>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Day {
    /// The total of all nodes at our last write or read; `None`: never read.
    stored: Option<DayUsage>,
    /// What is being written.
    flushing: DayUsage,
    /// What was counted since.
    pending: DayUsage,
}

impl Day {
    fn total(&self) -> DayUsage {
        self.stored.unwrap_or_default() + self.flushing + self.pending
    }
}

impl Daily {
    /// How often [`flush`](Self::flush) is due.
    pub const FLUSH_EVERY: Duration = Duration::from_secs(1);

    /// Counts that are written to this store.
    pub fn new(store: Store) -> Self {
        Self { store, days: Arc::default() }
    }

    /// Whether the app may begin another invocation today; records it in the rate-limit status.
    ///
    /// # Errors
    /// The outer ones: the usage so far cannot be read.
    pub async fn check(
        &self,
        app: &str,
        limits: &DailyLimits,
        rate_limit: &mut RateLimitStatus,
    ) -> Result<Result<(), QuotaError>, StoreError> {
        if *limits == DailyLimits::default() {
            return Ok(Ok(()));
        }
        let now = clock::now();
        let used = self.used(app, now.date_naive()).await?;
        let resets_in = until_midnight(now);
        let mut outcome = Ok(());
        for (limit, name, max, used) in [
            ("daily_invocations", "invocations", limits.invocations, used.invocations),
            ("daily_fuel", "fuel", limits.fuel, used.fuel),
            ("daily_egress_bytes", "egress", limits.egress_bytes, used.egress_bytes),
        ] {
            let Some(max) = max else { continue };
            rate_limit.day(name, max, max.saturating_sub(used), resets_in);
            if used >= max && outcome.is_ok() {
                outcome = Err(QuotaError::Daily { limit, max, resets_in });
            }
        }
        Ok(outcome)
    }

    /// An invocation begins.
    pub fn begin(&self, app: &Arc<str>) {
        self.add(app, DayUsage { invocations: 1, ..DayUsage::default() });
    }

    /// An invocation is over.
    pub fn spend(&self, app: &Arc<str>, fuel: u64, egress_bytes: u64) {
        self.add(app, DayUsage { invocations: 0, fuel, egress_bytes });
    }

    /// Writes the counts now.
    ///
    /// # Errors
    /// When they cannot be written. They are kept, and written the next time.
    pub async fn flush(&self) -> Result<(), StoreError> {
        let batch = self.begin_flush();
        if batch.is_empty() {
            return Ok(());
        }
        let answer = self.store.day_usage().add(&batch).await;
        self.end_flush(&batch, answer)
    }

    async fn used(&self, app: &str, date: NaiveDate) -> Result<DayUsage, StoreError> {
        let key = (Arc::from(app), date);
        if let Some(day) = self.days().get(&key).filter(|day| day.stored.is_some()) {
            return Ok(day.total());
        }
        let stored = self.store.day_usage().get(app, date).await?;
        let mut days = self.days();
        let day = days.entry(key).or_default();
        // A concurrent flush has the newer total.
        day.stored.get_or_insert(stored);
        Ok(day.total())
    }

    fn add(&self, app: &Arc<str>, usage: DayUsage) {
        let mut days = self.days();
        let day = days.entry((Arc::clone(app), clock::now().date_naive())).or_default();
        day.pending = day.pending + usage;
    }

    fn begin_flush(&self) -> Vec<(Arc<str>, NaiveDate, DayUsage)> {
        let (mut days, today) = (self.days(), clock::now().date_naive());
        days.retain(|(_, date), day| *date >= today || day.flushing + day.pending != DayUsage::default());
        days.iter_mut()
            .filter(|(_, day)| day.flushing + day.pending != DayUsage::default())
            .map(|((app, date), day)| {
                day.flushing = day.flushing + day.pending;
                day.pending = DayUsage::default();
                (Arc::clone(app), *date, day.flushing)
            })
            .collect()
    }

    fn end_flush(
        &self,
        batch: &[(Arc<str>, NaiveDate, DayUsage)],
        answer: Result<Vec<(String, NaiveDate, DayUsage)>, StoreError>,
    ) -> Result<(), StoreError> {
        let mut days = self.days();
        match answer {
            Ok(totals) => {
                // An app that was deleted has no total, and nothing left to count.
                for (app, date, _) in batch {
                    if let Some(day) = days.get_mut(&(Arc::clone(app), *date)) {
                        day.flushing = DayUsage::default();
                    }
                }
                for (app, date, total) in totals {
                    if let Some(day) = days.get_mut(&(Arc::from(app), date)) {
                        day.stored = Some(total);
                    }
                }
                Ok(())
            }
            Err(error) => {
                for (app, date, usage) in batch {
                    if let Some(day) = days.get_mut(&(Arc::clone(app), *date)) {
                        day.pending = day.pending + *usage;
                        day.flushing = DayUsage::default();
                    }
                }
                Err(error)
            }
        }
    }

    fn days(&self) -> std::sync::MutexGuard<'_, Days> {
        self.days.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn until_midnight(now: DateTime<Utc>) -> Duration {
    let next = now.date_naive().succ_opt().unwrap_or(NaiveDate::MAX).and_time(NaiveTime::MIN).and_utc();
    (next - now).to_std().unwrap_or_default()
}

impl std::fmt::Debug for Daily {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Daily").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        assert_eq!(until_midnight(at("2026-02-28T23:59:00Z")), Duration::from_secs(60));
        assert_eq!(until_midnight(at("2026-12-31T00:00:00Z")), Duration::from_secs(86_400));
    }
}
