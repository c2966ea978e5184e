//! Throughput and latency in a closed loop, in interleaved rounds: never all of one way first, since a machine's speed changes
//! from one minute to the next.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::{Bench, median, progress};
use crate::load::{Tally, closed};
use crate::report::Cell;
use crate::ways::{Shares, Start};
use crate::work::Work;

/// The floor that all figures are compared with.
pub const FLOOR: &str = "hyper";

/// Works that are measured at all numbers of connections by default; the others at one.
const SMALL: [&str; 2] = ["hello", "select"];

/// No round begins that would end after this, so that a run ends in a quarter of an hour on slow machines, too.
const ROUNDS_MAX: Duration = Duration::from_secs(540);

/// A work, and at how many connections.
type Column = (Work, usize);

#[derive(Default)]
struct Rounds {
    sum: Tally,
    rates: Vec<f64>,
    shares: Vec<f64>,
}

/// What is measured: all works at `at` when it was asked for, else the smallest ones at 1, 16 and 128, and the others at 16.
pub fn columns(works: &[Work], at: Option<&[usize]>) -> Vec<Column> {
    let of = |work: &Work| match at {
        Some(at) => at.to_vec(),
        None if SMALL.contains(&work.name) => vec![1, 16, 128],
        None => vec![16],
    };
    works.iter().flat_map(|work| of(work).into_iter().map(|at| (work.clone(), at))).collect()
}

/// Lets compilers compile: a shared isolate is only fast once it has run a while, and is compared when it is.
pub async fn warm_up(bench: &Bench) {
    let (shared, other) = if bench.quick { (300, 100) } else { (1_500, 400) };
    for running in &bench.running {
        let long = match running.way.start {
            Start::Peer(_) if running.way.shares != Shares::Heap => other,
            // Ours compiles what was found hot beside the calls.
            Start::Peer(_) | Start::Mayfly([_, ..]) => shared,
            Start::Mayfly([]) | Start::InProcess(_) => continue,
        };
        progress(&format!("warming {}", running.way.name));
        let long = Duration::from_millis(long);
        for work in bench.works.iter().filter(|work| running.way.lack(work).is_none()) {
            closed(&bench.target(running, work), 16, Duration::ZERO, long).await;
        }
    }
}

/// Measures all columns of all ways; and in how many rounds.
pub async fn measure(bench: &Bench, columns: &[Column]) -> (Vec<Cell>, usize) {
    let mut found: BTreeMap<(usize, usize), Rounds> = BTreeMap::new();
    let begun = Instant::now();
    let mut rounds = 0;
    for round in 0..bench.rounds {
        let each = begun.elapsed() / u32::try_from(round).unwrap_or(1).max(1);
        if bench.is_bounded && round > 0 && begun.elapsed() + each > ROUNDS_MAX {
            progress(&format!("{round} rounds took their time; there is no other one"));
            break;
        }
        rounds = round + 1;
        for (column, (work, connections)) in columns.iter().enumerate() {
            progress(&format!("round {} of {}: {} at {connections}", round + 1, bench.rounds, work.name));
            let mut rates = vec![None; bench.running.len()];
            for step in 0..bench.running.len() {
                // Another way begins each round.
                let way = (step + round) % bench.running.len();
                let Some(running) = bench.running.get(way) else { continue };
                if running.way.lack(work).is_some() {
                    continue;
                }
                let target = bench.target(running, work);
                let tally = closed(&target, *connections, bench.warm(), bench.measured).await;
                let rounds = found.entry((column, way)).or_default();
                rounds.rates.push(tally.rate());
                rounds.sum.add(&tally);
                if let Some(rate) = rates.get_mut(way) {
                    *rate = Some(tally.rate());
                }
            }
            compare(bench, column, &rates, &mut found);
        }
    }
    (cells(bench, columns, &found), rounds)
}

/// Notes the ratios of one round to its floor.
fn compare(
    bench: &Bench,
    column: usize,
    rates: &[Option<f64>],
    found: &mut BTreeMap<(usize, usize), Rounds>,
) {
    let floor = bench.running.iter().position(|running| running.way.name == FLOOR);
    let Some(floor) = floor.and_then(|floor| rates.get(floor).copied().flatten()).filter(|rate| *rate > 0.0)
    else {
        return;
    };
    for (way, rate) in rates.iter().enumerate() {
        if let (Some(rate), Some(rounds)) = (rate, found.get_mut(&(column, way))) {
            rounds.shares.push(rate / floor);
        }
    }
}

fn cells(bench: &Bench, columns: &[Column], found: &BTreeMap<(usize, usize), Rounds>) -> Vec<Cell> {
    let mut cells = Vec::new();
    for (column, (work, connections)) in columns.iter().enumerate() {
        for (place, running) in bench.running.iter().enumerate() {
            let rounds = found.get(&(column, place));
            let lack = running.way.lack(work).map(str::to_owned);
            cells.push(Cell {
                way: running.way.name.to_owned(),
                work: work.name.to_owned(),
                connections: *connections,
                per_second: rounds.map(|rounds| median(&rounds.rates)),
                of_floor: rounds
                    .filter(|rounds| !rounds.shares.is_empty())
                    .map(|rounds| median(&rounds.shares)),
                latency: rounds.map(|rounds| rounds.sum.latency()),
                wrong: rounds.map_or(0, |rounds| rounds.sum.wrong),
                failed: rounds.map_or(0, |rounds| rounds.sum.failed),
                note: lack.or_else(|| rounds.and_then(|rounds| rounds.sum.example.clone())),
            });
        }
    }
    cells
}
