//! `make siege`: attacks a server, one after the other and in mixtures, and prints what another app saw of it.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it speaks to its caller")]
#![allow(clippy::expect_used, reason = "a siege that cannot begin ends here and now")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use support::cluster;
use support::siege::{self, ATTACKS, Attack, Field, MEMORY_MARGIN, MEMORY_MAX};

/// Attacks a server beside a victim's steady load
#[derive(Debug, Parser)]
struct Args {
    /// How long, in minutes; each attack runs once at least
    #[arg(long, default_value_t = 60)]
    minutes: u64,

    /// Only this attack
    #[arg(long)]
    attack: Option<String>,

    /// The server's program; by default the one that was built beside this
    #[arg(long)]
    server: Option<PathBuf>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let chosen: Vec<&'static Attack> = ATTACKS
        .iter()
        .filter(|attack| args.attack.as_ref().is_none_or(|wanted| wanted == attack.name))
        .collect();
    if chosen.is_empty() {
        let names: Vec<_> = ATTACKS.iter().map(|attack| attack.name).collect();
        eprintln!("there is no such attack; there are: {}", names.join(", "));
        return ExitCode::from(2);
    }
    let server = args
        .server
        .unwrap_or_else(|| std::env::current_exe().expect("this program's path").with_file_name("server"));
    if cluster::run(besiege(&server.to_string_lossy(), &chosen, Duration::from_secs(args.minutes * 60))) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Whether the victim was served all the time, and the memory within its bound.
async fn besiege(server: &str, attacks: &[&'static Attack], lasting: Duration) -> bool {
    let field = Arc::new(Field::start(server).await);
    let begun = Instant::now();
    println!(
        "{:44} {:>8} {:>7} {:>9} {:>9} {:>9}",
        "attack", "answered", "failed", "p50 ms", "p99 ms", "peak MiB"
    );
    let mut withstood = show(&field, &[]).await;
    for attack in attacks {
        withstood &= show(&field, &[attack]).await;
    }
    // Then two to ten at once, whichever come next.
    let counts = (2..=10).cycle().take_while(|_| begun.elapsed() < lasting);
    for (place, count) in counts.enumerate() {
        let mixture: Vec<_> = (0..count).map(|next| attacks[(place + next * 5) % attacks.len()]).collect();
        withstood &= show(&field, &mixture).await;
    }
    withstood
}

/// One row of the table.
async fn show(field: &Arc<Field>, attacks: &[&'static Attack]) -> bool {
    let outcome = siege::run(field, attacks).await;
    let names = match attacks {
        [] => "(none)".to_owned(),
        [one] => one.name.to_owned(),
        many => many.iter().map(|attack| attack.name).collect::<Vec<_>>().join("+"),
    };
    let ms = |part: f64| outcome.seen.quantile(part).as_secs_f64() * 1_000.0;
    let peak = outcome.memory_peak.map_or("?".to_owned(), |bytes| (bytes >> 20).to_string());
    println!(
        "{names:44} {:>8} {:>7} {:>9.1} {:>9.1} {peak:>9}",
        outcome.seen.latencies.len(),
        outcome.seen.failures.len(),
        ms(0.5),
        ms(0.99)
    );
    if let Some(first) = outcome.seen.failures.first() {
        println!("    {first:.200}");
    }
    outcome.seen.failures.is_empty()
        && outcome.memory_peak.is_none_or(|peak| peak <= MEMORY_MAX + MEMORY_MARGIN)
}
