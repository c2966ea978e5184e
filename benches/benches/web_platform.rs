//! What do operations of the web platform cost in the sandbox, compared with Node with its compiler and without?

use std::process::Command;
use std::time::{Duration, Instant};

use mayfly_benches::{call, engine, executor, figures, image, invoke};
use mayfly_runtime::{Call, Engine, Image, Limits};
use tokio::runtime::Runtime;

const WORKS: &str = include_str!("web_platform.js");
/// Repeats one operation; the response is empty: time is measured outside, where the clock is fine.
const IN_MAYFLY: &str = "
export default async (req) => {
    const { name, turns } = await req.json();
    const turn = await WORKS[name]();
    for (let i = 0; i < turns; i++) await turn();
    return new Response(null);
};";
const IN_NODE: &str = "
const [name, turns] = process.argv.slice(-2);
(async () => {
    const turn = await WORKS[name]();
    const measure = async () => {
        const start = process.hrtime.bigint();
        for (let i = 0; i < turns; i++) await turn();
        return Number(process.hrtime.bigint() - start) / turns;
    };
    const times = [];
    for (let i = 0; i < 5; i++) times.push(await measure());
    console.log(times.sort((a, b) => a - b)[2]);
})();";
const TURNS: u32 = 20;
const SAMPLES: usize = 9;

fn main() {
    let executor = executor();
    let engine = engine(&executor);
    let function = image(&executor, &engine, &format!("{WORKS}{IN_MAYFLY}"));
    for name in names() {
        let ours = in_mayfly(&executor, &engine, &function, name);
        figures::note(&format!("web_platform/us, {name}"), ours);
        for (peer, flags) in [("node", &[][..]), ("node --jitless", &["--jitless"])] {
            match in_node(flags, name) {
                Some(theirs) => figures::note(&format!("web_platform/times {peer}, {name}"), ours / theirs),
                None => eprintln!("{peer} does not run: {name} has no comparison"),
            }
        }
    }
}

/// The operations' names, from the script.
fn names() -> Vec<&'static str> {
    WORKS
        .lines()
        .filter_map(|line| line.strip_prefix("  \"")?.split_once("\": async"))
        .map(|(name, _)| name)
        .collect()
}

/// Microseconds of one repetition: the time of many minus the time of none, by the median.
fn in_mayfly(executor: &Runtime, engine: &Engine, function: &Image, name: &str) -> f64 {
    let time = |turns: u32| {
        let mut call = Call { limits: Limits { memory_bytes: 1 << 30, ..Limits::default() }, ..call() };
        call.request.method = "POST".to_owned();
        call.request.body = Some(format!("{{\"name\":\"{name}\",\"turns\":{turns}}}").into());
        let start = Instant::now();
        let (response, _) = executor.block_on(invoke(engine, function, call));
        assert_eq!(response.status, 200);
        start.elapsed()
    };
    let median = |turns: u32| {
        let mut times: Vec<Duration> = (0..SAMPLES).map(|_| time(turns)).collect();
        times.sort();
        times[SAMPLES / 2].as_secs_f64() * 1e6
    };
    (median(TURNS) - median(0)) / f64::from(TURNS)
}

fn in_node(flags: &[&str], name: &str) -> Option<f64> {
    let script = format!("{WORKS}{IN_NODE}");
    let output = Command::new("node")
        .args(flags)
        .args(["--eval", &script, "--", name, &TURNS.to_string()])
        .output()
        .ok()?;
    let ns: f64 = String::from_utf8_lossy(&output.stdout).trim().parse().ok()?;
    Some(ns / 1e3)
}
