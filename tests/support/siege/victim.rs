//! The victim's steady load: calls that compute nothing, that read a row, and that hash a password; and now and then a
//! script and a list by its key.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::app::TestApp;
use crate::client::Ask;

/// From the beginning of a call to that of the next.
const EVERY: Duration = Duration::from_millis(20);
/// From a request of its owner's to the next.
const MANAGED_EVERY: Duration = Duration::from_millis(500);
/// A call that has no answer by then has none.
const GIVEN_UP: Duration = Duration::from_secs(30);

/// What came of the victim's calls.
#[derive(Debug, Default, Clone)]
pub struct Seen {
    /// How long each that was answered took, in order.
    pub latencies: Vec<Duration>,
    /// What went wrong with the others.
    pub failures: Vec<String>,
}

impl Seen {
    /// The latency that this part of the calls did not exceed.
    pub fn quantile(&self, part: f64) -> Duration {
        let place = (self.latencies.len() as f64 * part) as usize;
        self.latencies.get(place.min(self.latencies.len().saturating_sub(1))).copied().unwrap_or_default()
    }
}

/// The running load.
pub(super) struct Victim {
    stop: CancellationToken,
    seen: JoinHandle<Seen>,
}

impl Victim {
    pub(super) fn start(app: TestApp) -> Self {
        let stop = CancellationToken::new();
        Self { seen: tokio::spawn(load(app, stop.clone())), stop }
    }

    pub(super) async fn stop(self) -> Seen {
        self.stop.cancel();
        self.seen.await.expect("the load ends")
    }
}

async fn load(app: TestApp, stop: CancellationToken) -> Seen {
    let managing = tokio::spawn(manage(app.clone(), stop.clone()));
    let mut calls = Vec::new();
    let mut ticks = tokio::time::interval(EVERY);
    for number in 0_u64.. {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = ticks.tick() => {}
        }
        let (name, request) = match number % 20 {
            19 => ("hash", app.call("GET", "hash")),
            9 | 14 => ("query", app.call("GET", "query")),
            _ => ("hi", app.call("GET", "hi")),
        };
        calls.push(tokio::spawn(call(name, request)));
    }
    let mut seen = managing.await.expect("the owner's requests end");
    for call in calls {
        match call.await.expect("a call ends") {
            Ok(latency) => seen.latencies.push(latency),
            Err(failure) => seen.failures.push(failure),
        }
    }
    seen.latencies.sort_unstable();
    seen
}

/// Its owner's requests, one after the other: two scripts at once are a conflict.
async fn manage(app: TestApp, stop: CancellationToken) -> Seen {
    let mut seen = Seen::default();
    let mut ticks = tokio::time::interval(MANAGED_EVERY);
    loop {
        tokio::select! {
            () = stop.cancelled() => return seen,
            _ = ticks.tick() => {}
        }
        let script = app.manage("POST", "/sql").json(json!({ "sql": "SELECT 1" }));
        for (name, request) in [("sql", script), ("list", app.manage("GET", "/functions"))] {
            match call(name, request).await {
                Ok(latency) => seen.latencies.push(latency),
                Err(failure) => seen.failures.push(failure),
            }
        }
    }
}

async fn call(name: &str, request: Ask) -> Result<Duration, String> {
    let begun = Instant::now();
    match tokio::time::timeout(GIVEN_UP, request.try_send()).await {
        Ok(Ok(answer)) if answer.status == 200 => Ok(begun.elapsed()),
        Ok(Ok(answer)) => Err(format!("{name}: {} {}", answer.status, answer.text())),
        Ok(Err(error)) => Err(format!("{name}: {error}")),
        Err(_) => Err(format!("{name}: no answer")),
    }
}
