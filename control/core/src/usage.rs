//! What an app used, over whole hours.

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};

use mayfly_api::endpoint::{ApiCall, Handler};
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::routes::UsageGet;
use mayfly_api::usage::{GetUsage, GroupBy, UsageGroupSums, UsageReport, UsageSums};
use mayfly_api::value::Millis;
use mayfly_common::clock;
use mayfly_store::{Store, UsageGroup, UsageOf, UsageTotals};

use crate::invoke::Invoker;

/// The default period: the last 30 days.
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
struct UsageQuery {
    /// From this hour on.
    from: DateTime<Utc>,
    /// Up to this hour, and without it.
    to: DateTime<Utc>,
    /// Broken down how.
    group: UsageGroup,
}

impl Handler<UsageGet> for Usages {
    /// What this node answered before is in the sums.
    async fn handle(&self, call: ApiCall<UsageGet>) -> ApiResult<UsageReport> {
        let app = &call.context.app;
        let query = read_query(&call.query)?;
        if self.store.apps().get(app).await?.is_none() {
            return Err(ApiError::not_found("the app"));
        }
        self.invoker.recorded(app).await?;
        let groups = self.store.usage(app, query.from, query.to, query.group).await?;
        let mut total = UsageTotals::default();
        for group in &groups {
            total += group.usage;
        }
        Ok(UsageReport {
            from: query.from.into(),
            to: query.to.into(),
            group_by: call.query.group_by.unwrap_or(GroupBy::Function),
            total: sums(&total),
            groups: groups.into_iter().map(|group| group_sums(query.group, group)).collect(),
        })
    }
}

fn group_sums(by: UsageGroup, group: UsageOf) -> UsageGroupSums {
    let sums = sums(&group.usage);
    match by {
        UsageGroup::Function => {
            UsageGroupSums { function_id: Some(group.key), function: Some(group.name), day: None, sums }
        }
        UsageGroup::Day => UsageGroupSums { function_id: None, function: None, day: Some(group.key), sums },
    }
}

fn sums(usage: &UsageTotals) -> UsageSums {
    let millis = |micros: u128| Millis::of_micros(u64::try_from(micros).unwrap_or(u64::MAX));
    UsageSums {
        invocations: usage.invocations.into(),
        errors: usage.errors.into(),
        duration_ms: millis(usage.duration_us),
        fuel: usage.fuel.into(),
        database_ms: millis(usage.database_us),
        egress_bytes: usage.egress_bytes.into(),
    }
}

/// The range and the grouping that were asked for.
fn read_query(query: &GetUsage) -> ApiResult<UsageQuery> {
    let from = query.from.as_deref().map(|value| hour("from", value)).transpose()?;
    let to = query.to.as_deref().map(|value| hour("to", value)).transpose()?;
    let group = match query.group_by {
        Some(GroupBy::Day) => UsageGroup::Day,
        Some(GroupBy::Function) | None => UsageGroup::Function,
    };
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
        let read =
            |text: &str| mayfly_api::decode::query::<GetUsage>(text).and_then(|query| read_query(&query));
        let query = read("from=2026-01-31&to=2026-02-01T13:00:00%2B01:00&group_by=day").unwrap();
        assert_eq!(query.from.to_rfc3339(), "2026-01-31T00:00:00+00:00");
        assert_eq!(query.to.to_rfc3339(), "2026-02-01T12:00:00+00:00");
        assert_eq!(query.group, UsageGroup::Day);
        let usual = read("").unwrap();
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
            let error = read(&format!("{name}={bad}")).unwrap_err();
            assert!(error.message().starts_with(name) || name == "to", "{name}={bad}: {}", error.message());
        }
    }
}
