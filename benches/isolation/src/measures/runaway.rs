//! How long a runaway lives: from its call to the answer that says it was ended, beside its limit.

use std::time::Instant;

use serde_json::{Value, json};

use super::{Bench, median, ms, progress};
use crate::connection::{Connection, request};
use crate::failure::{Tried, Trying as _};
use crate::report::Runaway;
use crate::ways::{Deployed, Start};

/// The limit in milliseconds: of CPU, and of time.
const LIMIT_MS: u32 = 100;

/// What never ends: what it does, the member of the deploy that limits it, and its code.
const ENDLESS: [(&str, &str, &str); 3] = [
    ("a loop, by its CPU limit", "cpuLimitMs", "export default () => { for (;;); }"),
    (
        "a regular expression, by its CPU limit",
        "cpuLimitMs",
        "export default () => new Response(String(/^(a+)+$/.test('a'.repeat(40) + 'b')))",
    ),
    (
        "a promise that waits, by its time limit",
        "timeoutMs",
        "export default () => new Promise((done) => setTimeout(done, 3600000))",
    ),
];

/// Measures ours. Ways that share a heap have no such limit: their process is ended from outside, with all its requests.
pub async fn measure(bench: &Bench, failures: &mut Vec<String>) -> Vec<Runaway> {
    progress("runaways");
    let running = bench.running.iter().find(|running| matches!(running.way.start, Start::Mayfly(_)));
    let Some(app) = running.and_then(|running| running.app.as_ref()) else { return Vec::new() };
    let mut found = Vec::new();
    for (number, (about, limit, code)) in ENDLESS.iter().enumerate() {
        match one(app, number, limit, code, if bench.quick { 3 } else { 11 }).await {
            Ok((dead_ms, code)) => {
                let about = (*about).to_owned();
                found.push(Runaway { about, limit_ms: f64::from(LIMIT_MS), dead_ms, code });
            }
            Err(error) => failures.push(error.to_string()),
        }
    }
    found
}

async fn one(app: &Deployed, number: usize, limit: &str, code: &str, times: usize) -> Tried<(f64, String)> {
    let name = format!("runaway-{number}");
    let trigger = json!({ "type": "http", "config": { "auth": "none" } });
    let mut body = json!({ "name": name, "code": code, "trigger": trigger });
    if let Some(body) = body.as_object_mut() {
        body.insert(limit.to_owned(), LIMIT_MS.into());
    }
    app.manage("POST", "/functions", &body).await?;
    let mut connection = Connection::open(app.address).await.trying(|| "connect".to_owned())?;
    let call = request("GET", &app.path(&name), &[], b"");
    let (mut took, mut said) = (Vec::new(), String::new());
    for _ in 0..times {
        let begun = Instant::now();
        let (_, answer) = connection.send(&call).await.trying(|| format!("call {name}"))?;
        took.push(ms(begun.elapsed()));
        let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
        said = answer["error"]["code"].as_str().unwrap_or("no error").to_owned();
    }
    Ok((median(&took), said))
}
