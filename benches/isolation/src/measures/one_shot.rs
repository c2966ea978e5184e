//! Code that runs once: from the code to its answer.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::json;

use super::{Bench, median, ms, progress};
use crate::failure::{BenchError, Tried, Trying as _};
use crate::machine;
use crate::report::OneShot;
use crate::ways::{Deployed, Start, program_of};

/// What is run, where the answer is printed.
const PRINTED: &str = "console.log(JSON.stringify({ hello: 'world' }))";

/// Measures ours over HTTP, with new code and with known code, and processes that are given code.
pub async fn measure(bench: &Bench, failures: &mut Vec<String>) -> Vec<OneShot> {
    progress("code that runs once");
    let mut found = Vec::new();
    let times = if bench.quick { 5 } else { 20 };
    let running = bench.running.iter().find(|running| matches!(running.way.start, Start::Mayfly(_)));
    if let Some(app) = running.and_then(|running| running.app.as_ref()) {
        for (name, is_new) in [("mayfly, new code", true), ("mayfly, known code", false)] {
            match ours(app, times, is_new).await {
                Ok(ms) => found.push(OneShot { way: name.to_owned(), ms }),
                Err(error) => failures.push(error.to_string()),
            }
        }
    }
    for (way, flags) in [("node", &["-e"][..]), ("deno", &["eval", "--quiet"]), ("bun", &["-e"])] {
        let is_there = bench.running.iter().any(|running| running.way.name == way);
        if let Some(program) = program_of(way, &bench.place).filter(|_| is_there) {
            let arguments: Vec<&str> = flags.iter().copied().chain([PRINTED]).collect();
            one(&format!("a process of {way}"), &program, &arguments, bench, times, &mut found, failures);
        }
    }
    if bench.running.iter().any(|running| running.way.name == "process") {
        let own = bench.place.own.clone();
        one("a process with QuickJS", &own, &["once", "hello"], bench, times, &mut found, failures);
    }
    found
}

fn one(
    name: &str,
    program: &Path,
    arguments: &[&str],
    bench: &Bench,
    times: usize,
    found: &mut Vec<OneShot>,
    failures: &mut Vec<String>,
) {
    let mut took = Vec::new();
    for _ in 0..times {
        match process(program, arguments, bench.place.core) {
            Ok(time) => took.push(time),
            Err(error) => return failures.push(error.to_string()),
        }
    }
    found.push(OneShot { way: name.to_owned(), ms: median(&took) });
}

fn process(program: &Path, arguments: &[&str], core: Option<usize>) -> Tried<f64> {
    let tried = || format!("run {}", program.display());
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let begun = Instant::now();
    let child = machine::bound(core, || command.spawn()).trying(tried)?;
    let output = child.wait_with_output().trying(tried)?;
    let took = ms(begun.elapsed());
    if output.stdout.trim_ascii() == br#"{"hello":"world"}"# {
        return Ok(took);
    }
    Err(BenchError::new(tried(), format!("it prints {}", String::from_utf8_lossy(&output.stdout))))
}

async fn ours(app: &Deployed, times: usize, is_new: bool) -> Tried<f64> {
    let mut took = Vec::new();
    for number in 0..times {
        let number = if is_new { number } else { times };
        let body = json!({ "code": format!("return {{ hello: 'world' }} // {number}") });
        let begun = Instant::now();
        let ran = app.manage("POST", "/run", &body).await?;
        took.push(ms(begun.elapsed()));
        if ran["status"] != 200 || !ran["error"].is_null() {
            return Err(BenchError::new("run code once", ran));
        }
    }
    Ok(median(&took))
}
