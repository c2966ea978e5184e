//! From a server's start to its first answer.

use std::time::Instant;

use super::{Bench, median, ms, progress};
use crate::failure::{Tried, Trying as _};
use crate::report::ColdStart;
use crate::ways::{Running, Server, Start};
use crate::work::Work;

/// The second node's directory.
const NODE: &str = "mayfly-cold";

/// Starts each way a few times, beside the ways that run and are idle.
pub async fn measure(bench: &Bench, failures: &mut Vec<String>) -> Vec<ColdStart> {
    let times = if bench.quick { 1 } else { 3 };
    let mut found = Vec::new();
    let node = prepare(bench).await;
    failures.extend(node.err().map(|error| format!("cold start: {error}")));
    let Some(hello) = bench.work("hello") else { return found };
    // With other arguments, ours starts in the same time.
    let is_measured = |running: &&Running| !matches!(running.way.start, Start::Mayfly([_, ..]));
    for running in bench.running.iter().filter(is_measured) {
        progress(&format!("cold start of {}", running.way.name));
        let mut took = Vec::new();
        for _ in 0..times {
            match once(bench, running, &hello).await {
                Ok(Some(time)) => took.push(time),
                Ok(None) => {}
                Err(error) => failures.push(format!("cold start: {error}")),
            }
        }
        if !took.is_empty() {
            found.push(ColdStart { way: running.way.name.to_owned(), first_answer_ms: median(&took) });
        }
    }
    found
}

/// Our second node has the first one's keys, and has compiled the engine before.
async fn prepare(bench: &Bench) -> Tried<()> {
    let (first, second) = (bench.place.scratch.join("mayfly"), bench.place.scratch.join(NODE));
    if first.is_dir() {
        let tried = || "prepare a second node".to_owned();
        std::fs::create_dir_all(&second).trying(tried)?;
        std::fs::copy(first.join("secrets.key"), second.join("secrets.key")).trying(tried)?;
        drop(Server::start(&bench.place, NODE, &[]).await?);
    }
    Ok(())
}

async fn once(bench: &Bench, running: &Running, hello: &Work) -> Tried<Option<f64>> {
    if matches!(running.way.start, Start::Mayfly(_)) {
        // A second node over the same database: what a restart costs, its functions deployed before.
        let Ok(server) = Server::start(&bench.place, NODE, &[]).await? else { return Ok(None) };
        let Some(app) = &running.app else { return Ok(None) };
        let begun = Instant::now();
        let second = Running {
            way: running.way,
            version: String::new(),
            address: server.process.address,
            app: Some(app.clone()),
            process: None,
        };
        second.check(hello).await?;
        return Ok(Some(ms(server.process.took + begun.elapsed())));
    }
    let begun = Instant::now();
    let Ok(second) = Running::start(running.way, &bench.place, std::slice::from_ref(hello)).await? else {
        return Ok(None);
    };
    second.check(hello).await?;
    Ok(Some(ms(begun.elapsed())))
}
