//! `CronSchedule`: the instants of a cron expression in a time zone, right across changes of the clocks.
//!
//! The rule is ISC cron's. A job at fixed times of the day whose time is skipped by the clocks runs right after the
//! change, once; one whose time comes twice runs the first time. A job whose hour or minute begins with `*` follows
//! elapsed time: it neither stops nor runs twice as often.

use ::cron::Schedule;
use chrono::{DateTime, NaiveDateTime, Offset, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

use super::expression::{Expression, ExpressionError};

/// When a trigger fires.
#[derive(Debug, Clone)]
pub struct CronSchedule {
    expression: Expression,
    zone: Tz,
}

/// Why there is no such schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// The expression is wrong.
    #[error("{0}")]
    Expression(String),
    /// No such zone.
    #[error("is not an IANA time zone, such as Europe/Vienna")]
    Zone,
}

impl From<ExpressionError> for ScheduleError {
    fn from(error: ExpressionError) -> Self {
        Self::Expression(error.to_string())
    }
}

impl CronSchedule {
    /// Read an expression and a zone's name.
    pub fn parse(expression: &str, zone: &str) -> Result<Self, ScheduleError> {
        let zone: Tz = zone.parse().map_err(|_| ScheduleError::Zone)?;
        let schedule = Self { expression: Expression::parse(expression)?, zone };
        // The year does not matter: eight of them have every date that there is.
        let some_day = Utc.with_ymd_and_hms(2024, 1, 1, 0, 0, 0).single().unwrap_or_default();
        match schedule.next_after(some_day) {
            Some(_) => Ok(schedule),
            None => Err(ExpressionError::Never.into()),
        }
    }

    /// The first instant later than this one.
    pub fn next_after(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let after = after.with_nanosecond(0)?;
        // A stretch of time with one offset from UTC: within it, local time is plain arithmetic.
        let mut stretch = after;
        let mut from = self.local(after).checked_add_signed(TimeDelta::seconds(1))?;
        loop {
            let offset = self.offset(stretch);
            let candidate = self.first_local(from)?;
            let instant = to_utc(candidate, offset)?;
            match self.change_within(stretch, instant, offset) {
                None if !self.expression.is_interval && self.is_second_time(candidate, offset) => {
                    from = candidate.checked_add_signed(TimeDelta::seconds(1))?;
                }
                None => return Some(instant),
                Some(change) => {
                    let (begin, end) = (to_local(change, offset)?, self.local(change));
                    let skipped = begin < end && self.first_local(begin).is_some_and(|time| time < end);
                    if skipped && !self.expression.is_interval {
                        return Some(change);
                    }
                    stretch = change;
                    from = end;
                }
            }
        }
    }

    /// Every instant later than this one, in order.
    pub fn after(&self, after: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
        std::iter::successors(self.next_after(after), |last| self.next_after(*last))
    }

    /// The first local time from this one on that the expression matches, in a calendar without changes of clocks.
    fn first_local(&self, from: NaiveDateTime) -> Option<NaiveDateTime> {
        let before = from.checked_sub_signed(TimeDelta::seconds(1))?.and_utc();
        let first = |schedule: &Schedule| schedule.after(&before).next();
        self.expression.schedules.iter().filter_map(first).min().map(|at| at.naive_utc())
    }

    /// Whether clocks showed this local time before, with a greater offset.
    fn is_second_time(&self, local: NaiveDateTime, offset: TimeDelta) -> bool {
        let found = self.zone.offset_from_local_datetime(&local);
        found.earliest().is_some_and(|first| delta(first) > offset)
    }

    /// The first instant after `from`, up to `to`, with another offset.
    fn change_within(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        offset: TimeDelta,
    ) -> Option<DateTime<Utc>> {
        // No zone changes its offset and back within a day.
        let mut same = from;
        while same < to {
            let probe = same.checked_add_signed(TimeDelta::days(1)).map_or(to, |probe| probe.min(to));
            if self.offset(probe) == offset {
                same = probe;
                continue;
            }
            let mut changed = probe;
            while (changed - same).num_seconds() > 1 {
                let middle = same + TimeDelta::seconds((changed - same).num_seconds() / 2);
                if self.offset(middle) == offset {
                    same = middle;
                } else {
                    changed = middle;
                }
            }
            return Some(changed);
        }
        None
    }

    fn offset(&self, at: DateTime<Utc>) -> TimeDelta {
        delta(self.zone.offset_from_utc_datetime(&at.naive_utc()))
    }

    fn local(&self, at: DateTime<Utc>) -> NaiveDateTime {
        at.with_timezone(&self.zone).naive_local()
    }
}

fn delta(offset: impl Offset) -> TimeDelta {
    TimeDelta::seconds(offset.fix().local_minus_utc().into())
}

fn to_utc(local: NaiveDateTime, offset: TimeDelta) -> Option<DateTime<Utc>> {
    local.checked_sub_signed(offset).map(|naive| naive.and_utc())
}

fn to_local(at: DateTime<Utc>, offset: TimeDelta) -> Option<NaiveDateTime> {
    at.naive_utc().checked_add_signed(offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// The next instants, as `MM-DDTHH:MM`.
    fn next(expression: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
        let schedule = CronSchedule::parse(expression, zone).unwrap();
        let times = schedule.after(instant(after)).take(count);
        times.map(|at| at.format("%Y-%m-%dT%H:%M").to_string()).collect()
    }

    #[test]
    fn a_time_that_clocks_skip_comes_right_after_the_change() {
        assert_eq!(
            next("30 2 * * *", "America/New_York", "2026-03-08T06:30:00Z", 2),
            ["2026-03-08T07:00", "2026-03-09T06:30"]
        );
        assert_eq!(next("0 8 * * 0", "America/Chicago", "2026-03-08T05:45:00Z", 1), ["2026-03-08T13:00"]);
        assert_eq!(next("0 12 * * 0", "Europe/Berlin", "2022-03-24T11:00:00Z", 1), ["2022-03-27T10:00"]);
        assert_eq!(
            next("10,35,40 2 * * *", "Australia/Lord_Howe", "2026-10-03T15:29:00Z", 4),
            ["2026-10-03T15:30", "2026-10-03T15:35", "2026-10-03T15:40", "2026-10-04T15:10"]
        );
        // Two times in the gap are one instant.
        assert_eq!(
            next("10,20 2 * * *", "America/New_York", "2026-03-08T06:30:00Z", 2),
            ["2026-03-08T07:00", "2026-03-09T06:10"]
        );
        // What comes at the change itself is no second run.
        assert_eq!(next("30 2,3 * * *", "America/New_York", "2026-03-08T07:00:00Z", 1), ["2026-03-08T07:30"]);
    }

    #[test]
    fn intervals_follow_elapsed_time() {
        assert_eq!(
            next("*/5 * * * *", "America/New_York", "2026-03-08T06:59:00Z", 2),
            ["2026-03-08T07:00", "2026-03-08T07:05"]
        );
        assert_eq!(
            next("*/15 * * * *", "Europe/Vienna", "2025-10-25T23:59:00Z", 9),
            [
                "2025-10-26T00:00",
                "2025-10-26T00:15",
                "2025-10-26T00:30",
                "2025-10-26T00:45",
                "2025-10-26T01:00",
                "2025-10-26T01:15",
                "2025-10-26T01:30",
                "2025-10-26T01:45",
                "2025-10-26T02:00"
            ]
        );
        assert_eq!(
            next("0 * * * *", "Europe/Vienna", "2025-10-25T23:30:00Z", 3),
            ["2025-10-26T00:00", "2025-10-26T01:00", "2025-10-26T02:00"]
        );
    }

    #[test]
    fn a_time_that_comes_twice_runs_the_first_time() {
        assert_eq!(
            next("30 2 * * *", "Europe/Vienna", "2025-10-25T23:00:00Z", 2),
            ["2025-10-26T00:30", "2025-10-27T01:30"]
        );
        assert_eq!(
            next("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T14:00:00Z", 2),
            ["2026-04-04T14:45", "2026-04-05T15:15"]
        );
    }

    #[test]
    fn rare_dates_come_and_impossible_ones_are_refused() {
        assert_eq!(next("0 0 29 2 *", "UTC", "2026-03-01T00:00:00Z", 1), ["2028-02-29T00:00"]);
        for impossible in ["0 0 31 2 *", "0 0 30 2 *", "0 0 31 4,6,9,11 *"] {
            let error = CronSchedule::parse(impossible, "UTC").unwrap_err().to_string();
            assert_eq!(error, "never comes: no date fits it", "{impossible}");
        }
        assert_eq!(CronSchedule::parse("* * * * *", "Mars/Olympus").unwrap_err(), ScheduleError::Zone);
        // A day that is the 31st of February or a Monday is a Monday.
        assert!(CronSchedule::parse("0 0 31 2 1", "UTC").is_ok());
    }

    #[test]
    fn days_of_month_and_week_are_joined_by_or() {
        assert_eq!(
            next("0 0 13 * 5", "UTC", "2026-11-01T00:00:00Z", 4),
            ["2026-11-06T00:00", "2026-11-13T00:00", "2026-11-20T00:00", "2026-11-27T00:00"]
        );
        assert_eq!(
            next("0 0 */2 * 1", "UTC", "2026-11-01T00:00:00Z", 2),
            ["2026-11-09T00:00", "2026-11-23T00:00"]
        );
    }

    #[test]
    fn seconds_come_first() {
        let schedule = CronSchedule::parse("*/20 0 9 * * *", "UTC").unwrap();
        let times = schedule.after(instant("2026-11-01T09:00:00.5Z")).take(3);
        let times: Vec<String> = times.map(|at| at.format("%dT%H:%M:%S").to_string()).collect();
        assert_eq!(times, ["01T09:00:20", "01T09:00:40", "02T09:00:00"]);
    }

    /// A year of every zone: times only move forward, and a daily job runs once on each local day.
    #[test]
    fn a_daily_job_runs_once_a_day_in_every_zone() {
        let (begin, end) = (instant("2026-01-01T12:00:00Z"), instant("2026-12-31T12:00:00Z"));
        for zone in chrono_tz::TZ_VARIANTS {
            for expression in ["30 2 * * *", "0 0 * * *", "45 1 * * *"] {
                let schedule = CronSchedule { expression: Expression::parse(expression).unwrap(), zone };
                let times: Vec<_> = schedule.after(begin).take_while(|at| *at <= end).collect();
                assert!(times.is_sorted_by(|a, b| a < b), "{expression} in {zone}");
                let mut days: Vec<_> = times.iter().map(|at| schedule.local(*at).date()).collect();
                days.dedup();
                assert_eq!(days.len(), times.len(), "{expression} in {zone}: one day has two");
                assert!((363..=366).contains(&days.len()), "{expression} in {zone}: {}", days.len());
            }
        }
    }
}
