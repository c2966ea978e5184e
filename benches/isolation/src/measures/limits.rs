//! What each limit costs in the sandbox: the same module under wasmtime with one limit at a time, in process, interleaved.

use super::{Bench, median, progress};
use crate::failure::Tried;
use crate::report::LimitCost;
use crate::ways::Limited;

/// The works, and how often each runs in a round.
const WORKS: [(&str, usize); 2] = [("hello", 100), ("fib", 2)];

/// Rounds.
const ROUNDS: usize = 7;

/// Measures all limits of all works.
pub async fn measure(bench: &Bench, failures: &mut Vec<String>) -> Vec<LimitCost> {
    let mut found = Vec::new();
    for (name, times) in &WORKS[..if bench.quick { 1 } else { WORKS.len() }] {
        progress(&format!("what limits cost: {name}"));
        match of(bench, name, *times).await {
            Ok(costs) => found.extend(costs),
            Err(error) => failures.push(error.to_string()),
        }
    }
    found
}

async fn of(bench: &Bench, name: &str, times: usize) -> Tried<Vec<LimitCost>> {
    let Some(work) = bench.work(name) else { return Ok(Vec::new()) };
    let all = Limited::all(&work).await?;
    let mut took: Vec<Vec<f64>> = vec![Vec::new(); all.len()];
    for _ in 0..ROUNDS {
        for (limited, took) in all.iter().zip(&mut took) {
            took.push(limited.time(&work, times).await?.as_secs_f64() * 1e6);
        }
    }
    let none = took.first().map(|took| median(took)).unwrap_or_default();
    let costs = all.iter().zip(&took).map(|(limited, took)| LimitCost {
        limit: limited.name.to_owned(),
        work: name.to_owned(),
        us: median(took),
        of_none: median(took) / none,
    });
    Ok(costs.collect())
}
