//! What a request costs, in counts that no clock is needed for: the guest's fuel, the host's allocations, page faults. Each is held
//! against the committed table `counts.json`, with a tolerance; `UPDATE_GENERATED=1` writes it again.
//!
//! A binary of its own, because an allocator that counts is the whole process's.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and is told by the environment what to write"
)]

mod requests;

use std::alloc::System;
use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use support::app::TestApp;
use support::cluster::run;

use requests::{Asked, CONNECTIONS, all};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What a change may add to the fuel before the table has to say so: it is the same in each run.
const FUEL_TOLERANCE: f64 = 0.02;
/// The same for what the host counts, where records are written in batches of whatever size comes.
const HOST_TOLERANCE: f64 = 0.10;
const ROUNDS: usize = 5;
const REQUESTS_A_ROUND: usize = 50 * CONNECTIONS;

/// What one request of a kind costs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Cost {
    /// The guest's, the same each time.
    fuel: u64,
    /// Of the whole server, records and jobs included: the fewest of the rounds.
    allocations: u64,
    /// The same in bytes.
    allocated_bytes: u64,
    /// Likewise: pages that had to be mapped or copied.
    page_faults: u64,
}

#[test]
fn a_request_costs_what_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("counts/counts.json");
    let app = run(TestApp::new());
    let costs: BTreeMap<String, Cost> =
        all(&app).into_iter().map(|asked| (asked.name.to_owned(), cost(&app, &asked))).collect();
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        let text = serde_json::to_string_pretty(&costs).unwrap() + "\n";
        std::fs::write(&path, text).unwrap();
        return;
    }
    let table: BTreeMap<String, Cost> =
        serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let within = |now: u64, then: u64, tolerance: f64, slack: u64| {
        now <= (then as f64 * (1.0 + tolerance)) as u64 + slack
    };
    for (name, now) in &costs {
        let then = table.get(name).unwrap_or_else(|| panic!("{name} is not in the table: {now:?}"));
        // Fewer are a reason to write the table again, and no failure.
        let fits = within(now.fuel, then.fuel, FUEL_TOLERANCE, 0)
            && within(now.allocations, then.allocations, HOST_TOLERANCE, 2)
            && within(now.allocated_bytes, then.allocated_bytes, HOST_TOLERANCE, 1_024)
            && within(now.page_faults, then.page_faults, HOST_TOLERANCE, 2);
        assert!(fits, "{name} costs {now:?}, the table says {then:?}");
        println!("{name}: {now:?}");
    }
}

fn cost(app: &TestApp, asked: &Asked) -> Cost {
    asked.ask(REQUESTS_A_ROUND);
    let (mut allocations, mut bytes, mut faults) = (u64::MAX, u64::MAX, u64::MAX);
    for _ in 0..ROUNDS {
        let (before, faults_before) = (ALLOCATOR.stats(), page_faults());
        asked.ask(REQUESTS_A_ROUND);
        let of = |after: usize, before: usize| (after - before) as u64 / REQUESTS_A_ROUND as u64;
        let after = ALLOCATOR.stats();
        allocations = allocations
            .min(of(after.allocations + after.reallocations, before.allocations + before.reallocations));
        bytes = bytes.min(of(after.bytes_allocated, before.bytes_allocated));
        faults = faults.min((page_faults() - faults_before) / REQUESTS_A_ROUND as u64);
    }
    let fuel = run(asked.fuel(app));
    Cost { fuel, allocations, allocated_bytes: bytes, page_faults: faults }
}

/// Of this process so far; none where the system does not tell.
fn page_faults() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.nth(7).and_then(|count| count.parse().ok()).unwrap_or(0)
}
