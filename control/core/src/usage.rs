//! What an app used, over whole hours.

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};

use super::invoke::Invoker;
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_common::clock;
use mayfly_store::{Store, UsageGroup, UsageOf, UsageSums};

/// What is asked for when nothing is said: so many days back.
const DAYS_DEFAULT: i64 = 30;
/// The longest time at once.
const DAYS_MAX: i64 = 400;

/// Use cases of usage.
#[derive(Debug, Clone)]
pub struct Usages {
    /// The platform's tables.
    pub store: Store,
    /// Knows what is not recorded yet.
    pub invoker: Invoker,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageQuery {
    /// From this hour on.
    pub from: DateTime<Utc>,
    /// Up to this hour, and without it.
    pub to: DateTime<Utc>,
    /// Broken down how.
    pub group: UsageGroup,
}

/// What is answered.
#[derive(Debug, Clone)]
pub struct UsageReport {
    /// Of everything.
    pub total: UsageSums,
    /// By group.
    pub groups: Vec<UsageOf>,
}

impl Usages {
    /// Sums of an app's records. What this node answered before is in them.
    pub async fn read(&self, app: &str, query: &UsageQuery) -> ApiResult<UsageReport> {
        if self.store.apps().get(app).await?.is_none() {
            return Err(ApiError::not_found("the app"));
        }
        self.invoker.settle(app).await?;
        let groups = self.store.usage(app, query.from, query.to, query.group).await?;
        let mut total = UsageSums::default();
        for group in &groups {
            total += group.usage;
        }
        Ok(UsageReport { total, groups })
    }
}

/// Read the query string's pairs.
pub fn read_query<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> ApiResult<UsageQuery> {
    let (mut from, mut to, mut group) = (None, None, UsageGroup::Function);
    for (name, value) in pairs {
        match name {
            "from" => from = Some(hour("from", value)?),
            "to" => to = Some(hour("to", value)?),
            "group_by" => {
                group = match value {
                    "function" => UsageGroup::Function,
                    "day" => UsageGroup::Day,
                    _ => return Err(ApiError::invalid("group_by", "must be function or day")),
                }
            }
            _ => return Err(ApiError::invalid(name, "is not a known parameter")),
        }
    }
    let to = to.unwrap_or_else(|| next_hour(clock::now()));
    let from = from.unwrap_or(to - TimeDelta::days(DAYS_DEFAULT));
    if from >= to {
        return Err(ApiError::invalid("from", "must be before to"));
    }
    if to - from > TimeDelta::days(DAYS_MAX) {
        return Err(ApiError::invalid("from", format!("must be {DAYS_MAX} days before to at most")));
    }
    Ok(UsageQuery { from, to, group })
}

fn next_hour(now: DateTime<Utc>) -> DateTime<Utc> {
    now.duration_trunc(TimeDelta::hours(1)).unwrap_or(now) + TimeDelta::hours(1)
}

/// Sums are kept by the hour: a time within one would have to be guessed.
fn hour(name: &str, value: &str) -> ApiResult<DateTime<Utc>> {
    let message = "must be a full hour such as 2026-01-31T12:00:00Z, or a day such as 2026-01-31";
    let day =
        chrono::NaiveDate::parse_from_str(value, "%Y-%m-%d").ok().and_then(|day| day.and_hms_opt(0, 0, 0));
    let time = day
        .map(|time| time.and_utc())
        .or_else(|| DateTime::parse_from_rfc3339(value).ok().map(|time| time.with_timezone(&Utc)));
    // Far from both ends of time, so that sums of times stay within them.
    time.filter(|time| (0..253_402_300_800).contains(&time.timestamp()))
        .filter(|time| time.duration_trunc(TimeDelta::hours(1)) == Ok(*time))
        .ok_or_else(|| ApiError::invalid(name, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_is_read_and_checked() {
        let query = read_query(
            [("from", "2026-01-31"), ("to", "2026-02-01T13:00:00+01:00"), ("group_by", "day")].into_iter(),
        )
        .unwrap();
        assert_eq!(query.from.to_rfc3339(), "2026-01-31T00:00:00+00:00");
        assert_eq!(query.to.to_rfc3339(), "2026-02-01T12:00:00+00:00");
        assert_eq!(query.group, UsageGroup::Day);
        let usual = read_query(std::iter::empty()).unwrap();
        assert_eq!((usual.to - usual.from).num_days(), DAYS_DEFAULT);
        for (name, bad) in [
            ("from", "yesterday"),
            ("to", "2026-01-31T12:30:00Z"),
            ("from", "9999-12-31T23:00:00Z"),
            ("from", "1970-01-01"),
            ("to", "-0001-01-01"),
            ("group_by", "hour"),
            ("limit", "1"),
        ] {
            let error = read_query([(name, bad)].into_iter()).unwrap_err();
            assert!(!error.message().is_empty(), "{name}={bad}");
        }
    }
}
