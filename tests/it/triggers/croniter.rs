//! Generated schedules agree with croniter, an implementation that is not ours.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use chrono::{DateTime, Offset as _, TimeZone as _, Utc};
use mayfly_core::triggers::cron::CronSchedule;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::npm::root;
use crate::python;

/// Schedules compared.
const CASES: usize = 10_000;
/// Times of each.
const TIMES: usize = 5;

/// Zones of many kinds: without changes, on both halves of the earth, by half an hour, at midnight.
const ZONES: &[&str] = &[
    "UTC",
    "Europe/Vienna",
    "America/New_York",
    "America/St_Johns",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Africa/Cairo",
    "Pacific/Auckland",
    "Asia/Tokyo",
];

#[derive(Debug, Clone)]
struct Case {
    expression: String,
    zone: &'static str,
    after: DateTime<Utc>,
}

/// A field: any of the forms between `min` and `max`.
fn field(min: u32, max: u32) -> impl Strategy<Value = String> {
    let number = min..=max;
    // croniter takes a range of one number for a star.
    let range = (min..max).prop_flat_map(move |from| (Just(from), from + 1..=max));
    let range = range.prop_map(|(from, to)| format!("{from}-{to}"));
    let list = proptest::collection::vec(number.clone(), 1..4)
        .prop_map(|numbers| numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(","));
    let span = max - min;
    let stepped = (range.clone(), 1..=span).prop_map(|(range, step)| format!("{range}/{step}"));
    prop_oneof![
        4 => Just("*".to_owned()),
        4 => number.prop_map(|number| number.to_string()),
        2 => list,
        1 => range,
        1 => stepped,
        2 => (1..=span).prop_map(|step| format!("*/{step}")),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    let days = prop_oneof![4 => Just("*".to_owned()), 1 => field(1, 28)];
    let months = prop_oneof![4 => Just("*".to_owned()), 1 => field(1, 12)];
    let weekdays = prop_oneof![3 => Just("*".to_owned()), 1 => field(0, 6)];
    let fields = (field(0, 59), field(0, 23), days, months, weekdays);
    // 2024 to 2027.
    let after = 1_704_067_200_i64..1_830_297_600;
    (fields, proptest::sample::select(ZONES), after).prop_map(
        |((minute, hour, day, month, weekday), zone, after)| {
            let expression = format!("{minute} {hour} {day} {month} {weekday}");
            Case { expression, zone, after: DateTime::from_timestamp(after, 0).unwrap() }
        },
    )
}

#[test]
fn ten_thousand_schedules_agree_with_croniter() {
    let untested = "cron schedules are not compared with croniter";
    let Some(python) = python::environment("croniter", "tests/triggers/requirements.txt", untested) else {
        return;
    };
    let mut runner = TestRunner::deterministic();
    let cases: Vec<Case> = (0..CASES).map(|_| case().new_tree(&mut runner).unwrap().current()).collect();
    let theirs = by_croniter(&python, &cases);
    let (mut differ, mut changes) = (Vec::new(), 0);
    for (case, theirs) in cases.iter().zip(theirs) {
        let schedule = CronSchedule::parse(&case.expression, case.zone).unwrap();
        let ours: Vec<i64> = schedule.after(case.after).take(TIMES).map(|at| at.timestamp()).collect();
        let Some((our, their)) = ours.iter().zip(&theirs).find(|(our, their)| our != their) else { continue };
        // Where clocks change croniter has a rule of its own: tests of the schedule hold ours.
        if clocks_change_near(case.zone, *our.min(their)) {
            changes += 1;
            continue;
        }
        let shown = |at: &i64| DateTime::from_timestamp(*at, 0).unwrap().to_rfc3339();
        differ.push(format!("{case:?}: {} here, {} by croniter", shown(our), shown(their)));
    }
    assert!(differ.is_empty(), "{} of {CASES} differ:\n{}", differ.len(), differ.join("\n"));
    assert!(changes < CASES / 50, "{changes} differ where clocks change");
}

/// Whether a zone's offset changes within a day of this instant.
fn clocks_change_near(zone: &str, at: i64) -> bool {
    let zone: chrono_tz::Tz = zone.parse().unwrap();
    let offset = |at: i64| {
        let at = DateTime::from_timestamp(at, 0).unwrap().naive_utc();
        zone.offset_from_utc_datetime(&at).fix().local_minus_utc()
    };
    const DAY: i64 = 26 * 3_600;
    offset(at - DAY) != offset(at + DAY)
}

fn by_croniter(python: &Path, cases: &[Case]) -> Vec<Vec<i64>> {
    let asked: Vec<_> =
        cases.iter().map(|case| (&case.expression, case.zone, case.after.timestamp(), TIMES)).collect();
    let mut child = Command::new(python.join("bin/python"))
        .arg(root().join("tests/triggers/croniter_next.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(serde_json::to_string(&asked).unwrap().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}
