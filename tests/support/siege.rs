//! A siege: a server with a victim whose load is steady, attacks beside it, and what the victim saw of them.

pub mod attacks;
mod field;
mod memory;
mod victim;

pub use attacks::{ATTACKS, Attack};
pub use field::{Field, MEMORY_MARGIN, MEMORY_MAX};
pub use victim::Seen;

use std::sync::Arc;
use std::time::Duration;

/// What an attack, or some at once, came to.
#[derive(Debug)]
pub struct Outcome {
    /// What the victim saw.
    pub seen: Seen,
    /// The most memory of the server's own, in bytes; `None` where the system does not say.
    pub memory_peak: Option<u64>,
}

/// With no attack: the victim's load alone, for this long.
const QUIET: Duration = Duration::from_secs(5);

/// Runs attacks at once beside the victim's load, until all of them have ended.
pub async fn run(field: &Arc<Field>, attacks: &[&'static Attack]) -> Outcome {
    let memory = memory::Watch::start(field.pid());
    let victim = victim::Victim::start(field.victim().clone());
    let running: Vec<_> =
        attacks.iter().map(|attack| tokio::spawn((attack.run)(Arc::clone(field)))).collect();
    if attacks.is_empty() {
        tokio::time::sleep(QUIET).await;
    }
    for attack in running {
        attack.await.expect("an attack runs to its end");
    }
    Outcome { seen: victim.stop().await, memory_peak: memory.stop().await }
}
