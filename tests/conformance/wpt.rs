//! The Web Platform Tests: finds the files and their scripts, runs them, and collects the results.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use mayfly_runtime::providers::Fetch;
use mayfly_runtime::{FUEL_PER_CPU_MS, Limits};
use serde_json::{Value, json};

use crate::files::{Files, ORIGIN};
use crate::guest::Runner;
use crate::suite::Suite;

const FUNCTION: &str = include_str!("wpt.js");
const AT_ONCE: usize = 4;

/// One subtest.
pub(crate) struct Subtest {
    pub(crate) name: String,
    pub(crate) passed: bool,
    pub(crate) message: String,
}

/// One file with one of its variants.
pub(crate) struct TestRun {
    /// The path from the checkout's root, with the variant.
    pub(crate) name: String,
    pub(crate) subtests: Vec<Subtest>,
}

/// A checkout, and access to its files.
struct Checkout {
    root: PathBuf,
    server: Server,
}

/// The source of the checkout's files.
enum Server {
    /// The suite's own server.
    Suite(Box<Suite>),
    /// The plain files.
    Files(Arc<Files>),
}

/// A test's path, and the requirements in its head.
struct Test {
    checkout: Arc<Checkout>,
    path: String,
    variant: String,
    scripts: Vec<String>,
}

/// Runs every test below `folders`, a folder or a file each, whose path has `filter` in it.
pub(crate) async fn run(
    roots: &[PathBuf],
    python: Option<&Path>,
    folders: &[&str],
    filter: &str,
) -> Vec<TestRun> {
    let limits = Limits {
        fuel: 200_000 * FUEL_PER_CPU_MS,
        timeout: Duration::from_secs(90),
        memory_bytes: 512 << 20,
        ..Limits::default()
    };
    let runner = Runner::new(FUNCTION, limits).await;
    let mut checkouts = Vec::new();
    for root in roots {
        let server = match python {
            Some(python) => Server::Suite(Box::new(Suite::start(python, root).await)),
            None => Server::Files(Arc::new(Files(roots.to_vec()))),
        };
        checkouts.push(Arc::new(Checkout { root: root.clone(), server }));
    }
    let tests = collect(&checkouts, folders).into_iter().filter(|test| test.path.contains(filter));
    let mut runs: Vec<TestRun> =
        stream::iter(tests).map(|test| run_one(&runner, test)).buffer_unordered(AT_ONCE).collect().await;
    runs.sort_by(|a, b| a.name.cmp(&b.name));
    runs
}

impl Checkout {
    /// The base URL of the tests.
    fn origin(&self) -> String {
        match &self.server {
            Server::Suite(suite) => suite.origin(),
            Server::Files(_) => ORIGIN.to_owned(),
        }
    }

    fn fetch(&self) -> Arc<dyn Fetch> {
        match &self.server {
            Server::Suite(suite) => suite.fetch(),
            Server::Files(files) => Arc::clone(files) as Arc<dyn Fetch>,
        }
    }

    /// A script, by its path from the root.
    async fn script(&self, path: &str) -> String {
        match &self.server {
            Server::Suite(suite) if path.contains(".sub.") => suite.text(path).await,
            _ => fs::read(self.root.join(path))
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                .unwrap_or_default(),
        }
    }
}

fn collect(checkouts: &[Arc<Checkout>], folders: &[&str]) -> Vec<Test> {
    let mut seen = BTreeSet::new();
    let mut tests = Vec::new();
    for folder in folders {
        // The first checkout that has the folder counts.
        let Some(checkout) = checkouts.iter().find(|checkout| checkout.root.join(folder).exists()) else {
            continue;
        };
        for path in files(&checkout.root.join(folder)) {
            let name =
                path.strip_prefix(&checkout.root).expect("a path below").to_string_lossy().into_owned();
            if name.ends_with(".any.js") && seen.insert(name.clone()) {
                tests.extend(read(checkout, &name));
            }
        }
    }
    tests
}

fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        found.extend(files(&entry.path()));
    }
    found.sort();
    found
}

/// The test, once for each of its variants; none where it is for windows alone.
fn read(checkout: &Arc<Checkout>, name: &str) -> Vec<Test> {
    let text = fs::read_to_string(checkout.root.join(name)).unwrap_or_default();
    let (mut scripts, mut variants) = (Vec::new(), Vec::new());
    let mut for_us = true;
    for line in text.lines() {
        let Some((key, value)) = line.strip_prefix("// META: ").and_then(|meta| meta.split_once('=')) else {
            continue;
        };
        match key {
            "script" => scripts.push(value.to_owned()),
            "variant" => variants.push(value.to_owned()),
            "global" => for_us = value.split(',').any(|global| global.trim() != "window"),
            _ => {}
        }
    }
    if !for_us {
        return Vec::new();
    }
    if variants.is_empty() {
        variants.push(String::new());
    }
    let test = |variant| Test {
        checkout: Arc::clone(checkout),
        path: name.to_owned(),
        variant,
        scripts: scripts.clone(),
    };
    variants.into_iter().map(test).collect()
}

/// A script that a test names, from the root or from beside it.
async fn script(test: &Test, name: &str) -> Value {
    let path = match name.strip_prefix('/') {
        // The suite's server has it under another name.
        Some("resources/WebIDLParser.js") => "resources/webidl2/lib/webidl2.js".to_owned(),
        Some(path) => path.to_owned(),
        None => beside(&test.path, name),
    };
    json!({ "name": name, "text": test.checkout.script(&path).await })
}

/// Resolves `name` relative to the file at `path`.
fn beside(path: &str, name: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in name.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

async fn run_one(runner: &Runner, test: Test) -> TestRun {
    let name = format!("{}{}", test.path, test.variant);
    let mut scripts = Vec::new();
    for named in &test.scripts {
        scripts.push(script(&test, named).await);
    }
    scripts.push(script(&test, &format!("/{}", test.path)).await);
    let page = test.path.replace(".any.js", ".any.worker.html");
    let payload = json!({
        "harness": script(&test, "/resources/testharness.js").await,
        "scripts": scripts,
        "url": format!("{}{page}{}", test.checkout.origin(), test.variant),
    });
    let subtests = match runner.run(&payload, Some(test.checkout.fetch())).await {
        Ok(answer) => subtests(&answer),
        Err(fault) => vec![failed("(the whole file)", fault)],
    };
    TestRun { name, subtests }
}

fn failed(name: &str, message: String) -> Subtest {
    Subtest { name: name.to_owned(), passed: false, message }
}

fn subtests(answer: &Value) -> Vec<Subtest> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut all: Vec<Subtest> = answer["tests"]
        .as_array()
        .into_iter()
        .flatten()
        // 3 is "not run", 4 "precondition failed": the test itself says that it does not apply.
        .filter(|test| test["status"] != 4)
        .map(|test| Subtest {
            name: text(&test["name"]),
            passed: test["status"] == 0,
            message: text(&test["message"]),
        })
        .collect();
    // An error of the harness is one more failure: later tests were never run.
    if answer["status"]["status"] != 0 {
        all.push(failed("(the harness)", text(&answer["status"]["message"])));
    }
    all
}
