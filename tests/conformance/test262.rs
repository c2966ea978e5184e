//! Test262: finds the files of the language's suite, runs them, and collects the results.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use mayfly_runtime::{FUEL_PER_CPU_MS, Limits};
use serde_json::json;

use crate::guest::Runner;

const FUNCTION: &str = include_str!("test262.js");
const AT_ONCE: usize = 4;
const FOLDERS: [&str; 4] = ["annexB", "built-ins", "intl402", "language"];

/// The result of one file.
pub(crate) struct Outcome {
    /// Its path below `test`.
    pub(crate) name: String,
    /// The failure, if any.
    pub(crate) failure: Option<String>,
}

/// A file's front matter.
#[derive(Default)]
struct Front {
    includes: Vec<String>,
    strict: bool,
    raw: bool,
    module: bool,
    asynchronous: bool,
    /// The error that it must end with.
    negative: Option<String>,
}

/// Runs every `sample`th file whose path has `filter` in it.
pub(crate) async fn run(root: &Path, sample: usize, filter: &str) -> Vec<Outcome> {
    let limits = Limits {
        fuel: 20_000 * FUEL_PER_CPU_MS,
        timeout: Duration::from_secs(60),
        memory_bytes: 256 << 20,
        ..Limits::default()
    };
    let runner = Runner::new(FUNCTION, limits).await;
    let tests = root.join("test");
    let mut all = Vec::new();
    for folder in FOLDERS {
        files(&tests.join(folder), &mut all);
    }
    all.sort();
    let chosen = all.into_iter().step_by(sample).filter(|path| path.to_string_lossy().contains(filter));
    let mut outcomes: Vec<Outcome> = stream::iter(chosen)
        .map(|path| run_one(&runner, root, path))
        .buffer_unordered(AT_ONCE)
        .filter_map(std::future::ready)
        .collect()
        .await;
    outcomes.sort_by(|a, b| a.name.cmp(&b.name));
    outcomes
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "js")
            && !path.to_string_lossy().contains("_FIXTURE")
        {
            found.push(path);
        }
    }
}

async fn run_one(runner: &Runner, root: &Path, path: PathBuf) -> Option<Outcome> {
    let name = path.strip_prefix(root.join("test")).ok()?.to_string_lossy().into_owned();
    let text = fs::read_to_string(&path).ok()?;
    let front = front(&text);
    if front.module {
        return None;
    }
    let harness = |file: &str| fs::read_to_string(root.join("harness").join(file)).unwrap_or_default();
    let mut scripts = Vec::new();
    if !front.raw {
        scripts.extend(["assert.js", "sta.js"].map(harness));
        scripts.extend(front.includes.iter().map(|file| harness(file)));
    }
    if front.strict {
        scripts.insert(0, "\"use strict\";".to_owned());
    }
    scripts.push(text);
    let answer = runner.run(&json!({ "scripts": scripts, "asynchronous": front.asynchronous }), None).await;
    let failure = match (answer, &front.negative) {
        (Err(fault), _) => Some(fault),
        (Ok(thrown), Some(expected)) if thrown["name"] == expected.as_str() => None,
        (Ok(_), Some(expected)) => Some(format!("{expected} was expected")),
        (Ok(thrown), None) if thrown.is_null() => None,
        (Ok(thrown), None) => Some(thrown["message"].as_str().unwrap_or_default().to_owned()),
    };
    Some(Outcome { name, failure })
}

/// Reads the comment at a file's head, as far as it is needed here.
fn front(text: &str) -> Front {
    let mut front = Front::default();
    let comment = text.split_once("/*---").and_then(|(_, rest)| rest.split_once("---*/"));
    let mut section = "";
    for line in comment.map_or("", |(head, _)| head).lines() {
        let trimmed = line.trim();
        if !line.starts_with(' ') {
            section = trimmed.split(':').next().unwrap_or_default();
        }
        match section {
            "includes" => front.includes.extend(items(trimmed)),
            "flags" => {
                for flag in items(trimmed) {
                    match flag.as_str() {
                        "onlyStrict" => front.strict = true,
                        "raw" => front.raw = true,
                        "module" => front.module = true,
                        "async" => front.asynchronous = true,
                        _ => {}
                    }
                }
            }
            "negative" => {
                if let Some(name) = trimmed.strip_prefix("type:") {
                    front.negative = Some(name.trim().to_owned());
                }
            }
            _ => {}
        }
    }
    front
}

/// The items of `key: [a, b]`, or of `- a` in a line of its own.
fn items(line: &str) -> Vec<String> {
    if let Some(item) = line.strip_prefix("- ") {
        return vec![item.trim().to_owned()];
    }
    let list = line.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map_or("", |(list, _)| list);
    list.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
}
