//! Prints the results of the benches as one table: the last step of `make bench`.
#![allow(clippy::disallowed_methods, reason = "a bench spawns and reads the environment by itself")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::Value;

fn main() {
    let medians = medians(&criterion_directory());
    println!("\n{}\n", machine());
    println!("| bench | median |\n|---|---:|");
    for (name, ns) in &medians {
        println!("| {name} | {} |", time(*ns));
    }
    let figures = mayfly_benches::figures::all();
    for (name, value) in &figures {
        println!("| {name} | {value:.1} |");
    }
    println!("\n| goal | measured |\n|---|---:|");
    for (goal, measured) in goals(&medians, &figures) {
        println!("| {goal} | {measured} |");
    }
}

/// The goals, each with its measurement; ratios are to a floor of the same run.
fn goals(medians: &BTreeMap<String, f64>, figures: &[(String, f64)]) -> Vec<(&'static str, String)> {
    let get = |name: &str| medians.get(name).copied();
    let time_of = |name: &str| get(name).map(time);
    let database = || {
        let (alone, ours) = (get("db_select/tokio-postgres alone")?, get("db_select/ctx.db's provider")?);
        Some(format!("{:+.0}%", 100.0 * (ours / alone - 1.0)))
    };
    let figure = |name: &str| figures.iter().find(|(of, _)| of == name).map(|(_, value)| *value);
    let edge = || Some(format!("{:.0}%", figure("http_hello/percent of hyper plus sandbox")?));
    let apps = || Some(format!("{:.2} MiB", figure("many_apps/KiB resident per app")? / 1024.0));
    let resident = |when: &str| {
        let of = |kind: &str| figure(&format!("many_functions/KiB {kind} per function, {when}"));
        Some(format!("{:.2} MiB", (of("private")? + of("mapped")?) / 1024.0))
    };
    let connections = || {
        let (open, bound) =
            (figure("many_apps/connections to apps' databases")?, figure("many_apps/connection limit")?);
        Some(format!("{open:.0} of {bound:.0}"))
    };
    let cron = || {
        let (started, ended) = (
            figure("cron_minute/s until the last of 10,000 has started")?,
            figure("cron_minute/s until the last of 10,000 is settled")?,
        );
        Some(format!("{started:.1} s; {ended:.1} s"))
    };
    let neighbours = || {
        let alone = figure("neighbours/us at the 99th percentile, alone")?;
        Some(format!(
            "{:.1}x",
            figure("neighbours/us at the 99th percentile, beside 200 busy loops")? / alone
        ))
    };
    let user = || {
        let (alone, ours) =
            (get("db_select/tokio-postgres alone")?, get("db_select/ctx.db's provider, as a user")?);
        Some(format!("{:.2}x", ours / alone))
    };
    let identity = || {
        let (anonymous, token) = (get("identity/no credentials")?, get("identity/a token")?);
        Some(format!("{:+.0} us", (token - anonymous) / 1e3))
    };
    let apply = || {
        let (psql, ours) = (get("schema_apply/50 new tables by psql")?, get("schema_apply/50 new tables")?);
        Some(format!("{:.1}x", ours / psql))
    };
    let run = |what: &str, unit: &str| {
        Some(format!("{:.0} {unit}", figure(&format!("run_code/{what}"))?).trim_end().to_owned())
    };
    let natives = || {
        let works = ["SHA-256", "HMAC", "AES-GCM", "gzip", "TextEncoder", "atob", "btoa"];
        let ratios = works.map(|work| figure(&format!("web_platform/times node, {work} of 1 MB")));
        let worst = ratios.into_iter().collect::<Option<Vec<_>>>()?.into_iter().fold(0.0, f64::max);
        Some(format!("{worst:.1}x"))
    };
    [
        ("a sandbox is made in at most 10 us", time_of("instantiate")),
        ("hello in process takes at most 60 us", time_of("hello_in_process/clean")),
        (
            "hello in process, in a slot that a heavy neighbour used",
            time_of("hello_in_process/after heavy ones"),
        ),
        ("a small deploy takes at most 20 ms", time_of("deploy_small")),
        ("a function that is not in memory adds at most 1 ms", time_of("many_functions/load from disk")),
        (
            "resident memory of a function that was just called: at most 0.5 MiB",
            resident("after one call each"),
        ),
        ("resident memory of a function whose image was unmapped, after a minute", resident("when idle")),
        ("HTTP hello: at least 60% of the throughput that hyper and the sandbox allow", edge()),
        ("a query by ctx.db, compared with tokio-postgres: at most +15%", database()),
        ("a query as a user with signed claims, compared with tokio-postgres: at most 1.6x", user()),
        ("authentication by token, compared with an anonymous call: at most +60 us", identity()),
        ("a tenant's 99th percentile beside another tenant's 200 busy loops: at most 2x", neighbours()),
        ("10,000 cron triggers due in the same minute have all started after at most 5 s; and ended", cron()),
        ("500 apps of two functions, each called once: at most 1.5 MiB resident each", apps()),
        ("their connections to PostgreSQL stay within the limit", connections()),
        (
            "hashes, AES-GCM, gzip, UTF-8 and base64 of 1 MB, the slowest compared with Node: at most 2x",
            natives(),
        ),
        (
            "a plan of 50 tables and 1,000 columns against itself takes at most 150 ms",
            time_of("schema_plan/50 tables, 1,000 columns, against itself"),
        ),
        (
            "code of 1 KB that runs once, never seen before, is answered in at most 1.5 ms",
            run("us of new code", "us"),
        ),
        ("runs of such code a second and core: at least 1,500", run("new code a second and core", "")),
        ("an apply of 50 new tables, compared with psql running the same SQL: at most 2x", apply()),
    ]
    .into_iter()
    .map(|(goal, measured)| (goal, measured.unwrap_or_else(|| "not measured in this run".to_owned())))
    .collect()
}

fn criterion_directory() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    env::var_os("CRITERION_HOME").map_or_else(|| target.join("criterion"), PathBuf::from)
}

/// The median of every bench below a directory, in nanoseconds, by its full name.
fn medians(directory: &Path) -> BTreeMap<String, f64> {
    let mut found = BTreeMap::new();
    let Ok(entries) = fs::read_dir(directory) else { return found };
    for entry in entries.flatten().filter(|entry| entry.path().is_dir()) {
        let path = entry.path();
        let read = |name: &str| -> Option<Value> {
            serde_json::from_slice(&fs::read(path.join("new").join(name)).ok()?).ok()
        };
        let bench = (read("benchmark.json"), read("estimates.json"));
        if let (Some(benchmark), Some(estimates)) = bench {
            let name = benchmark["full_id"].as_str().unwrap_or_default().to_owned();
            if let Some(median) = estimates["median"]["point_estimate"].as_f64() {
                found.insert(name, median);
            }
        }
        found.extend(medians(&path));
    }
    found
}

fn time(ns: f64) -> String {
    match ns {
        ns if ns < 1e3 => format!("{ns:.0} ns"),
        ns if ns < 1e6 => format!("{:.1} us", ns / 1e3),
        ns => format!("{:.2} ms", ns / 1e6),
    }
}

/// The machine of this run: a figure without it cannot be compared.
fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or(env::consts::ARCH, |(_, name)| name.trim());
    format!("{} cores, {model}, {}", mayfly_benches::cores(), env::consts::OS)
}
