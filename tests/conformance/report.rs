//! The document: figures of this run, and a reason for each group of failures.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::test262::Outcome;
use crate::wpt::TestRun;

/// `interface | folders`, a line each.
const INTERFACES: &str = include_str!("interfaces.txt");
/// `part of a test's name | why it fails`, a line each; the first that fits counts.
const REASONS: &str = include_str!("reasons.txt");

fn table(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(" | "))
        .map(|(left, right)| (left.trim(), right.trim()))
}

/// Every folder that an interface has tests in.
pub(crate) fn folders() -> Vec<&'static str> {
    table(INTERFACES).flat_map(|(_, folders)| folders.split_whitespace()).collect()
}

fn percent(passed: usize, total: usize) -> String {
    if total == 0 {
        return "-".to_owned();
    }
    // Rounded down: 100 % means all.
    let tenths = passed * 1000 / total;
    format!("{}.{} %", tenths / 10, tenths % 10)
}

fn count<'a>(runs: impl Iterator<Item = &'a TestRun>) -> (usize, usize) {
    runs.flat_map(|run| &run.subtests)
        .fold((0, 0), |(passed, total), test| (passed + usize::from(test.passed), total + 1))
}

/// The tables of the Web Platform Tests.
pub(crate) fn wpt(runs: &[TestRun]) -> String {
    let mut text = String::from(
        "## Web Platform Tests\n\n| interface | folders | passed | of | rate |\n|---|---|---|---|---|\n",
    );
    for (interface, folders) in table(INTERFACES) {
        let mine =
            runs.iter().filter(|run| folders.split_whitespace().any(|folder| run.name.starts_with(folder)));
        let (passed, total) = count(mine);
        if total > 0 {
            let folders = folders.replace(' ', ", ");
            let _ = writeln!(
                text,
                "| {interface} | {folders} | {passed} | {total} | {} |",
                percent(passed, total)
            );
        }
    }
    let (passed, total) = count(runs.iter());
    let _ = writeln!(text, "| all | | {passed} | {total} | {} |", percent(passed, total));
    text.push_str("\n### What fails, and why\n\n| file | failing | reason |\n|---|---|---|\n");
    for (name, reasons) in failures(runs) {
        for (reason, failing) in reasons {
            let _ = writeln!(text, "| {name} | {failing} | {reason} |");
        }
    }
    text
}

/// The failing tests of each file, by reason.
fn failures(runs: &[TestRun]) -> BTreeMap<&str, BTreeMap<&'static str, usize>> {
    let mut all: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for run in runs {
        for test in run.subtests.iter().filter(|test| !test.passed) {
            let full = format!("{} {}", run.name, test.name);
            let reason = table(REASONS).find(|(part, _)| full.contains(part)).map_or("open", |(_, why)| why);
            let file = run.name.split('?').next().unwrap_or_default();
            *all.entry(file).or_default().entry(reason).or_default() += 1;
        }
    }
    all
}

/// What failed, a line each.
pub(crate) fn print_failures(runs: &[TestRun]) {
    for run in runs {
        for test in run.subtests.iter().filter(|test| !test.passed) {
            println!("{}: {}: {}", run.name, test.name, test.message.lines().next().unwrap_or_default());
        }
    }
}

/// The same for Test262.
pub(crate) fn print_outcomes(outcomes: &[Outcome]) {
    for outcome in outcomes {
        if let Some(message) = &outcome.failure {
            println!("{}: {}", outcome.name, message.lines().next().unwrap_or_default());
        }
    }
}

/// The table of Test262.
pub(crate) fn test262(outcomes: &[Outcome], sample: usize) -> String {
    let mut folders: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for outcome in outcomes {
        let folder: Vec<&str> = outcome.name.split('/').take(2).collect();
        let entry = folders.entry(folder.join("/")).or_default();
        entry.0 += usize::from(outcome.failure.is_none());
        entry.1 += 1;
    }
    let passed = outcomes.iter().filter(|outcome| outcome.failure.is_none()).count();
    let mut text = String::from("## Test262\n\n");
    if sample > 1 {
        let _ = writeln!(text, "A sample: every {sample}th file of the suite, in the order of their names.");
    }
    text.push_str(
        "Each file runs once, in a sandbox of its own, strict where it asks for that. Modules, which import other files, and proposals \
         (`staging`) are not run.\n\n| folder | passed | of | rate |\n|---|---|---|---|\n",
    );
    for (folder, (passed, total)) in folders {
        let _ = writeln!(text, "| {folder} | {passed} | {total} | {} |", percent(passed, total));
    }
    let _ = writeln!(text, "| all | {passed} | {} | {} |", outcomes.len(), percent(passed, outcomes.len()));
    text
}

/// The document around the tables.
pub(crate) fn document(sections: &[String]) -> String {
    let head = "# Conformance\n\nWritten by `make conformance WPT=... TEST262=...`: every figure is of that run, through the runtime, each file in \
                a sandbox of its own. Of the Web Platform Tests those are run that need no window (`*.any.js`, with \
                their variants); `fetch` reads the checkout's files, so that tests which need the suite's own server fail.\n\n";
    format!("{head}{}", sections.join("\n"))
}
