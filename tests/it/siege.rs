//! Whatever one app does, the others are served: each attack beside a victim's steady load, counted and not timed.

use std::sync::Arc;

use support::cluster::run;
use support::siege::{self, ATTACKS, Attack, Field, MEMORY_MARGIN, MEMORY_MAX};

const SERVER: &str = env!("CARGO_BIN_EXE_server");

/// What was wrong under attack; empty where nothing was.
async fn wrong_under(field: &Arc<Field>, attacks: &[&'static Attack]) -> String {
    let outcome = siege::run(field, attacks).await;
    let names: Vec<_> = attacks.iter().map(|attack| attack.name).collect();
    let (seen, peak) = (outcome.seen, outcome.memory_peak.unwrap_or_default());
    if let Some(failure) = seen.failures.first() {
        return format!("{names:?}: {} of the victim's calls failed: {failure:.300}\n", seen.failures.len());
    }
    if seen.latencies.is_empty() || peak > MEMORY_MAX + MEMORY_MARGIN {
        return format!("{names:?}: {} calls, {} MiB\n", seen.latencies.len(), peak >> 20);
    }
    String::new()
}

#[test]
fn no_attack_costs_others_an_answer() {
    run(async {
        let field = Arc::new(Field::start(SERVER).await);
        let mut wrong = String::new();
        for attack in ATTACKS {
            wrong += &wrong_under(&field, &[attack]).await;
        }
        for first in 0..ATTACKS.len() {
            // Mixtures, without those that have ended a moment ago.
            if first % 6 == 0 {
                let three = [first, first + 2, first + 4].map(|place| &ATTACKS[place % ATTACKS.len()]);
                wrong += &wrong_under(&field, &three).await;
            }
        }
        assert!(wrong.is_empty(), "{wrong}");
    });
}
