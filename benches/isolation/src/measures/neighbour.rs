//! A caller's latency beside another one's load: hello, one at a time, while 16 others run the integer loop again and again.

use std::time::Duration;

use super::{Bench, progress};
use crate::load::{closed, open};
use crate::report::{Cell, Neighbour};

/// Requests a second of the caller whose latency is measured; at most half of what the way can do.
const RATE: f64 = 200.0;

/// The ways of a quick run.
const QUICK: [&str; 4] = ["mayfly", "isolated-vm", "workerd", "node"];

/// Callers beside it.
const OTHERS: usize = 16;

/// Measures each way.
pub async fn measure(bench: &Bench, closed_loop: &[Cell]) -> Vec<Neighbour> {
    let (Some(hello), Some(numbers)) = (bench.work("hello"), bench.work("loop")) else { return Vec::new() };
    let during = if bench.quick { Duration::from_millis(500) } else { Duration::from_secs(2) };
    let mut found = Vec::new();
    for running in &bench.running {
        let has_both = ["hello", "loop"].iter().all(|name| bench.works.iter().any(|work| work.name == *name));
        let is_left_out = bench.quick && !QUICK.contains(&running.way.name);
        if !has_both || is_left_out || running.way.shares == crate::ways::Shares::Floor {
            continue;
        }
        progress(&format!("a neighbour on {}", running.way.name));
        let mine = bench.target(running, &hello);
        let theirs = bench.target(running, &numbers);
        let most = closed_loop.iter().filter(|cell| cell.way == running.way.name && cell.work == "hello");
        let most = most.filter_map(|cell| cell.per_second).fold(0.0, f64::max);
        let rate = (most * 0.5).clamp(1.0, RATE);
        let alone = open(&mine, OTHERS, rate, during).await.latency();
        let load = closed(&theirs, OTHERS, Duration::ZERO, during + Duration::from_millis(500));
        let beside = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            open(&mine, OTHERS, rate, during).await.latency()
        };
        let (_, beside) = futures_util::future::join(load, beside).await;
        found.push(Neighbour { way: running.way.name.to_owned(), alone, beside });
    }
    found
}
