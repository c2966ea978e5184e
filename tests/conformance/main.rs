//! Conformance: the Web Platform Tests and Test262, run through the runtime. `make conformance` writes
//! `docs/CONFORMANCE.md`.
#![allow(clippy::disallowed_methods, reason = "a test spawns, reads the clock and the environment by itself")]
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a command whose output is text")]

mod files;
mod guest;
mod report;
mod suite;
mod test262;
mod wpt;

use std::path::PathBuf;

use clap::Parser;

/// Runs the given suites and writes the results.
#[derive(Parser)]
struct Options {
    /// A checkout of github.com/web-platform-tests/wpt, or several: the first that has a folder counts.
    #[arg(long)]
    wpt: Vec<PathBuf>,
    /// An interpreter of Python that has the suite's package `wptserve`: tests that ask the suite's own server need it.
    #[arg(long)]
    python: Option<PathBuf>,
    /// A checkout of github.com/tc39/test262.
    #[arg(long)]
    test262: Option<PathBuf>,
    /// Run every n-th test of Test262's folders.
    #[arg(long, default_value_t = 1)]
    sample: usize,
    /// Only tests whose path contains this; failures are printed, and no document is written.
    #[arg(long)]
    only: Option<String>,
    /// The document to write.
    #[arg(long, default_value = "docs/CONFORMANCE.md")]
    out: PathBuf,
}

#[tokio::main]
async fn main() {
    let options = Options::parse();
    if options.wpt.is_empty() && options.test262.is_none() {
        println!(
            "make conformance WPT=<checkout of web-platform-tests/wpt> PYTHON=<python3 with wptserve> TEST262=<checkout of tc39/test262>"
        );
        return;
    }
    let filter = options.only.clone().unwrap_or_default();
    let mut sections = Vec::new();
    if !options.wpt.is_empty() {
        let folders = report::folders();
        let runs = wpt::run(&options.wpt, options.python.as_deref(), &folders, &filter).await;
        if options.only.is_some() {
            report::print_failures(&runs);
        }
        sections.push(report::wpt(&runs));
    }
    if let Some(test262) = &options.test262 {
        let outcome = test262::run(test262, options.sample, &filter).await;
        if options.only.is_some() {
            report::print_outcomes(&outcome);
        }
        sections.push(report::test262(&outcome, options.sample));
    }
    let text = report::document(&sections, options.python.is_some());
    if options.only.is_some() {
        println!("{text}");
    } else {
        std::fs::write(&options.out, text).expect("the document can be written");
    }
}
