//! Latency at a rate that the server can keep up with: a share of what the closed loop reached.

use super::{Bench, progress};
use crate::load::open;
use crate::report::{Cell, OpenCell};

/// The share of the throughput.
const SHARE: f64 = 0.5;

/// Connections over which a rate is sent.
const CONNECTIONS: usize = 64;

/// Faster than this, the load is what is measured, on the processor that is left for it.
const RATE_MAX: f64 = 20_000.0;

/// The works that are measured.
const WORKS: [&str; 2] = ["hello", "echo"];

/// Measures each way at a rate of its own.
pub async fn measure(bench: &Bench, closed: &[Cell]) -> Vec<OpenCell> {
    let mut cells = Vec::new();
    for work in bench.works.iter().filter(|work| WORKS.contains(&work.name)) {
        progress(&format!("{} at a rate", work.name));
        for running in &bench.running {
            let reached = closed.iter().filter(|cell| {
                cell.way == running.way.name && cell.work == work.name && cell.connections <= CONNECTIONS
            });
            let reached = reached.filter_map(|cell| cell.per_second).fold(0.0, f64::max);
            let rate = (reached * SHARE).min(RATE_MAX);
            if rate < 1.0 {
                continue;
            }
            let target = bench.target(running, work);
            let tally = open(&target, CONNECTIONS, rate, bench.measured * 3).await;
            cells.push(OpenCell {
                way: running.way.name.to_owned(),
                work: work.name.to_owned(),
                rate,
                share: rate / reached,
                latency: tally.latency(),
                unanswered: tally.failed + tally.wrong,
            });
        }
    }
    cells
}
