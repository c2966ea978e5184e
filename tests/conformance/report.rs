//! The conformance report: figures of this run, and a reason for each group of failures.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::test262::Outcome;
use crate::wpt::{Subtest, TestRun};

/// Lines of `interface | folders`.
const INTERFACES: &str = include_str!("interfaces.txt");
/// Lines of `part of a failure | reason`; the first match counts.
const REASONS: &str = include_str!("reasons.txt");

const HEAD: &str = "# Conformance

Written by `make conformance WPT=... PYTHON=... TEST262=...`: all figures come from one run of it, through the runtime, each file in a
sandbox of its own. It runs the Web Platform Tests that need no window (`*.any.js`, with their variants). The last column leaves
out tests that do not apply to a server; `tests/conformance/reasons.txt` lists them, and the reasons of the other failures.
";
const WITH_SERVER: &str = "The suite's own server ran (HTTP/1.1, without TLS), and `fetch` reached it through the platform's own egress.

";
const WITHOUT_SERVER: &str =
    "`fetch` read the checkout's files: tests that need scripts of the suite's own server fail without it.

";

fn table(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(" | "))
        .map(|(left, right)| (left.trim(), right.trim()))
}

/// Every folder with tests of an interface.
pub(crate) fn folders() -> Vec<&'static str> {
    table(INTERFACES).flat_map(|(_, folders)| folders.split_whitespace()).collect()
}

/// The reason for a failure, and whether the test applies at all.
fn reason(failure: &str) -> (&'static str, bool) {
    let why = table(REASONS).find(|(part, _)| failure.contains(part)).map_or("open", |(_, why)| why);
    why.strip_prefix('!').map_or((why, true), |why| (why, false))
}

fn percent(passed: usize, total: usize) -> String {
    if total == 0 {
        return "-".to_owned();
    }
    // Rounded down: 100 % means all.
    let tenths = passed * 1000 / total;
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// The numbers of passed, of all, and of applicable tests.
#[derive(Default)]
struct Count {
    passed: usize,
    total: usize,
    applicable: usize,
}

impl Count {
    fn add(&mut self, failure: Option<&str>) {
        self.total += 1;
        self.passed += usize::from(failure.is_none());
        self.applicable += usize::from(failure.is_none_or(|failure| reason(failure).1));
    }

    fn row(&self) -> String {
        let Self { passed, total, applicable } = *self;
        format!("{passed} | {total} | {} | {}", percent(passed, total), percent(passed, applicable))
    }
}

fn failure(run: &TestRun, test: &Subtest) -> Option<String> {
    (!test.passed).then(|| format!("{} {}: {}", run.name, test.name, test.message))
}

fn count<'a>(runs: impl Iterator<Item = &'a TestRun>) -> Count {
    let mut all = Count::default();
    for run in runs {
        for test in &run.subtests {
            all.add(failure(run, test).as_deref());
        }
    }
    all
}

/// The tables of the Web Platform Tests.
pub(crate) fn wpt(runs: &[TestRun]) -> String {
    let mut text = String::from(
        "## Web Platform Tests\n\n| interface | folders | passed | total | rate | rate of applicable |\n|---|---|---|---|---|---|\n",
    );
    for (interface, folders) in table(INTERFACES) {
        let below = |run: &TestRun, folder: &str| {
            run.name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        };
        let is_mine = |run: &&TestRun| folders.split_whitespace().any(|folder| below(run, folder));
        let mine = count(runs.iter().filter(is_mine));
        if mine.total > 0 {
            let _ = writeln!(text, "| {interface} | {} | {} |", folders.replace(' ', ", "), mine.row());
        }
    }
    let _ = writeln!(text, "| all | | {} |", count(runs.iter()).row());
    text.push_str("\n### Failures and their reasons\n\n| file | failing | reason |\n|---|---|---|\n");
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
        for failure in run.subtests.iter().filter_map(|test| failure(run, test)) {
            let file = run.name.split('?').next().unwrap_or_default();
            *all.entry(file).or_default().entry(reason(&failure).0).or_default() += 1;
        }
    }
    all
}

/// Prints the failures of the Web Platform Tests, one per line.
pub(crate) fn print_failures(runs: &[TestRun]) {
    for run in runs {
        for failure in run.subtests.iter().filter_map(|test| failure(run, test)) {
            println!("{}", failure.lines().next().unwrap_or_default());
        }
    }
}

/// The failure of a Test262 file, if any.
fn failure_of(outcome: &Outcome) -> Option<String> {
    outcome.failure.as_ref().map(|message| format!("{}: {message}", outcome.name))
}

/// Prints the failures of Test262, one per line.
pub(crate) fn print_outcomes(outcomes: &[Outcome]) {
    for failure in outcomes.iter().filter_map(failure_of) {
        println!("{}", failure.lines().next().unwrap_or_default());
    }
}

/// The tables of Test262.
pub(crate) fn test262(outcomes: &[Outcome], sample: usize) -> String {
    let mut folders: BTreeMap<String, Count> = BTreeMap::new();
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    let mut all = Count::default();
    for outcome in outcomes {
        let folder: Vec<&str> = outcome.name.split('/').take(2).collect();
        let failure = failure_of(outcome);
        folders.entry(folder.join("/")).or_default().add(failure.as_deref());
        all.add(failure.as_deref());
        if let Some(failure) = failure {
            *reasons.entry(reason(&failure).0).or_default() += 1;
        }
    }
    let mut text = String::from("## Test262\n\n");
    if sample > 1 {
        let _ = writeln!(text, "A sample: every {sample}th file of the suite, in the order of their names.");
    }
    text.push_str(
        "Each file runs once, in a sandbox of its own, strict where it asks for that. Modules, which import other files, and \
         proposals (`staging`) are not run.\n\n| folder | passed | total | rate | rate of applicable |\n|---|---|---|---|---|\n",
    );
    for (folder, count) in folders {
        let _ = writeln!(text, "| {folder} | {} |", count.row());
    }
    let _ = writeln!(text, "| all | {} |", all.row());
    text.push_str("\n### Failures and their reasons\n\n| failing | reason |\n|---|---|\n");
    for (reason, failing) in reasons {
        let _ = writeln!(text, "| {failing} | {reason} |");
    }
    text
}

/// The whole document.
pub(crate) fn document(sections: &[String], with_server: bool) -> String {
    let server = if with_server { WITH_SERVER } else { WITHOUT_SERVER };
    format!("{HEAD}{server}{}", sections.join("\n"))
}
