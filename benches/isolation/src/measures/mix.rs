//! The operator's own mix: functions, their shares and a rate, on a server of its own; and what follows for machines.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::progress;
use crate::connection::{Connection, request};
use crate::failure::{BenchError, Tried, Trying as _};
use crate::load::{Shot, Target, closed, open};
use crate::machine::memory_kib;
use crate::report::{Mix, MixPart};
use crate::ways::{Deployed, Place, Server};

/// Shares of all functions together.
const SHARES_MAX: u32 = 10_000;

/// Functions of a mix.
const FUNCTIONS_MAX: usize = 1_000;

/// How much of what there can be a machine is given: beyond, waiting grows faster than the load.
const COMFORT: f64 = 0.6;

/// Connections of the closed loop.
const CONNECTIONS: usize = 32;

/// A mix as its file says it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MixFile {
    /// Requests a second that are expected.
    pub rate: Option<f64>,
    /// The functions.
    pub function: Vec<MixFunction>,
}

/// A function of a mix.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MixFunction {
    /// Its name.
    pub name: String,
    /// The file of its code, from the mix's folder.
    pub source: String,
    /// Its share of the requests.
    pub share: u32,
    /// The body; without one, the request is a GET.
    pub body: Option<String>,
}

/// Reads a mix, and says what is wrong with it.
pub fn read(path: &Path) -> Tried<MixFile> {
    let tried = || format!("read {}", path.display());
    let text = std::fs::read_to_string(path).trying(tried)?;
    let mix: MixFile = toml::from_str(&text).trying(tried)?;
    let wrong = |reason: &str| Err(BenchError::new(tried(), reason));
    if mix.function.is_empty() || mix.function.len() > FUNCTIONS_MAX {
        return wrong("it must have 1 to 1000 functions");
    }
    if mix.function.iter().any(|function| function.share == 0)
        || mix.function.iter().map(|function| u64::from(function.share)).sum::<u64>() > u64::from(SHARES_MAX)
    {
        return wrong("shares must be 1 or more, and 10000 together at most");
    }
    if mix.rate.is_some_and(|rate| !(1.0..=1e6).contains(&rate)) {
        return wrong("the rate must be within 1 to 1000000");
    }
    Ok(mix)
}

/// Deploys a mix on a server of its own, and measures it.
pub async fn measure(place: &Place, path: &Path, measured: Duration) -> Tried<Mix> {
    let file = read(path)?;
    let server = Server::start(place, "mayfly-mix", &[]).await?;
    let server = server.map_err(|absent| BenchError::new(absent.missing, absent.remedy))?;
    let app = Deployed::new(server.process.address, &server.admin_key, "mix").await?;
    let target = Target { address: app.address, shots: deploy(&app, &file, path).await? };
    let memory = || memory_kib(server.process.pid()).unwrap_or_default();
    progress("the mix, as fast as it goes");
    let most = closed(&target, CONNECTIONS, measured / 4, measured).await;
    if most.right == 0 {
        return Err(BenchError::new("the mix", most.example.unwrap_or_default()));
    }
    let rate = file.rate.unwrap_or(most.rate() * 0.5);
    progress(&format!("the mix at {rate:.0} a second"));
    // A rate beyond what there can be would only measure a queue.
    let at_rate = open(&target, CONNECTIONS * 2, rate.min(most.rate() * 0.9), measured).await;
    #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
    let memory_mib = memory() as f64 / 1024.0;
    let parts = file.function.iter();
    Ok(Mix {
        per_second: most.rate(),
        saturated: most.latency(),
        rate,
        at_rate: at_rate.latency(),
        unanswered: most.wrong + most.failed + at_rate.wrong + at_rate.failed,
        memory_mib,
        parts: parts.map(|part| MixPart { name: part.name.clone(), share: part.share }).collect(),
        advice: advice(most.rate(), rate, memory_mib),
    })
}

async fn deploy(app: &Deployed, file: &MixFile, path: &Path) -> Tried<Vec<Shot>> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut shots = Vec::new();
    for function in &file.function {
        let source = folder.join(&function.source);
        let code = std::fs::read_to_string(&source).trying(|| format!("read {}", source.display()))?;
        app.deploy(&function.name, &code).await?;
        let (method, body) = function.body.as_ref().map_or(("GET", ""), |body| ("POST", body));
        let headers = [("content-type", "application/json")];
        let bytes = request(method, &app.path(&function.name), &headers, body.as_bytes());
        let tried = || format!("call {}", function.name);
        let mut connection = Connection::open(app.address).await.trying(tried)?;
        let (status, answer) = connection.send(&bytes).await.trying(tried)?;
        if !(200..300).contains(&status) {
            let answer = String::from_utf8_lossy(answer).into_owned();
            return Err(BenchError::new(tried(), format!("{status}: {answer}")));
        }
        shots.push((function.share, Shot { request: bytes.into(), answer: None }));
    }
    Ok(interleaved(&shots))
}

/// Each shot as often as its share says, spread evenly.
fn interleaved(shots: &[(u32, Shot)]) -> Vec<Shot> {
    let all: i64 = shots.iter().map(|(share, _)| i64::from(*share)).sum();
    let mut debts = vec![0_i64; shots.len()];
    let mut order = Vec::new();
    for _ in 0..all {
        for (debt, (share, _)) in debts.iter_mut().zip(shots) {
            *debt += i64::from(*share);
        }
        let next = debts.iter().enumerate().max_by_key(|(_, debt)| **debt).map(|(place, _)| place);
        if let Some((place, (_, shot))) = next.and_then(|place| Some((place, shots.get(place)?))) {
            order.push(shot.clone());
            if let Some(debt) = debts.get_mut(place) {
                *debt -= all;
            }
        }
    }
    order
}

/// What a machine has to have.
fn advice(most: f64, rate: f64, memory_mib: f64) -> Vec<String> {
    let cores = (rate / (most * COMFORT)).ceil().max(1.0);
    vec![
        format!("One processor answers {most:.0} requests a second of this mix, with nothing to spare."),
        format!(
            "{rate:.0} a second take {cores:.0} processor{} at 60% of that, PostgreSQL's own not counted.",
            if cores > 1.0 { "s" } else { "" }
        ),
        format!(
            "The server held {memory_mib:.0} MiB; give it --max-memory of {:.0} MiB or more, and PostgreSQL its own.",
            (memory_mib * 2.0).max(512.0)
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shot(text: &'static str) -> Shot {
        Shot { request: text.into(), answer: None }
    }

    #[test]
    fn shares_are_kept_and_spread() {
        let order = interleaved(&[(3, shot("a")), (1, shot("b"))]);
        let texts: Vec<_> = order.iter().map(|shot| &shot.request[..]).collect();
        assert_eq!(texts.iter().filter(|text| **text == b"a").count(), 3);
        assert_eq!(texts.len(), 4);
    }

    #[test]
    fn advice_rounds_up() {
        assert!(advice(1_000.0, 1_300.0, 100.0)[1].contains("3 processors"));
    }
}
