//! How long does code of 1 KB take that runs once, over HTTP with a fresh sandbox: code that was never seen, and code of a moment
//! ago; and how many a second does a core run?

#![allow(clippy::disallowed_methods, reason = "a bench spawns and reads the environment by itself")]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use mayfly_benches::server::{Client, Server};
use mayfly_benches::{cores, figures};
use serde_json::{Value, json};

const CALLS: usize = 2_000;
const CONNECTIONS: usize = 16;
const ROUNDS: usize = 5;
const CALLS_A_ROUND: usize = 4_000;
/// What the server runs to strip types, as `mayfly` does of itself.
const WORKER: &str = "--compile-worker";

fn main() {
    if std::env::args().any(|argument| argument == WORKER) {
        return mayfly_runtime::compile_worker().expect("the worker ends");
    }
    mayfly_benches::run(measure());
}

async fn measure() {
    let program = std::env::current_exe().expect("the bench has a path");
    let server =
        Server::start_with(|config| config.compile_worker = Some(vec![program.into(), WORKER.into()])).await;
    let target = Target {
        address: server.address,
        path: format!("/v1/{}/run", server.app_id),
        key: server.service_key.clone(),
    };
    for n in 0..200 {
        target.run(&mut target.client().await, n).await;
    }
    let mut client = target.client().await;
    let (mut new, mut known, mut inside) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..CALLS {
        // In turns: the machine's mood is the same for both.
        new.push(micros(target.run(&mut client, 1_000 + n).await.took));
        let ran = target.run(&mut client, 0).await;
        known.push(micros(ran.took));
        inside.push(ran.sandbox_us);
    }
    let sandbox = "known code, in its sandbox";
    for (what, values) in [("new code", &mut new), ("known code", &mut known), (sandbox, &mut inside)] {
        values.sort_by(f64::total_cmp);
        let [half, last] = [values.len() / 2, values.len() * 99 / 100].map(|place| values[place]);
        figures::note(&format!("run_code/us of {what}"), half);
        println!("{half:.0} us of {what}, {last:.0} us at the 99th percentile");
    }
    let mut rates: Vec<f64> = Vec::new();
    for round in 0..ROUNDS {
        let took = target.load(10_000 + round * CALLS_A_ROUND).await;
        rates.push(CALLS_A_ROUND as f64 / took.as_secs_f64() / cores() as f64);
    }
    rates.sort_by(f64::total_cmp);
    figures::note("run_code/new code a second and core", rates[ROUNDS / 2]);
    println!("{:.0} runs of new code a second and core, the clients' work included", rates[ROUNDS / 2]);
    server.stop().await;
}

fn micros(took: Duration) -> f64 {
    took.as_secs_f64() * 1e6
}

/// About 1 KB of TypeScript, other for each number.
fn code(n: usize) -> String {
    let words = "the quick brown fox jumps over the lazy dog ".repeat(12);
    format!(
        "interface Count {{ word: string; times: number }}
const text: string = `{words} {n}`;
function count(words: string[]): Count[] {{
  const all = new Map<string, number>();
  for (const word of words) all.set(word, (all.get(word) ?? 0) + 1);
  return [...all].map(([word, times]) => ({{ word, times }}));
}}
const counted = count(text.split(/\\s+/u).filter((word) => word !== ''));
counted.sort((a, b) => b.times - a.times || a.word.localeCompare(b.word));
return {{ first: counted[0], n: {n} }};"
    )
}

/// One run.
struct Ran {
    /// As its caller saw it.
    took: Duration,
    /// What its record says.
    sandbox_us: f64,
}

#[derive(Clone)]
struct Target {
    address: SocketAddr,
    path: String,
    key: String,
}

impl Target {
    async fn client(&self) -> Client {
        Client::connect(self.address).await
    }

    /// Run the code of this number.
    async fn run(&self, client: &mut Client, n: usize) -> Ran {
        let request = http::Request::post(&self.path)
            .header("host", "bench")
            .header("authorization", format!("Bearer {}", self.key))
            .body(Full::new(Bytes::from(json!({ "code": code(n) }).to_string())))
            .expect("the request is well formed");
        let began = Instant::now();
        let (status, answer) = client.send(request).await;
        let took = began.elapsed();
        let answer: Value = serde_json::from_slice(&answer).expect("the answer is JSON");
        assert_eq!((status, &answer["body"]["n"]), (200, &json!(n)), "{answer}");
        Ran { took, sandbox_us: answer["duration_ms"].as_f64().expect("its time") * 1e3 }
    }

    /// Codes from this number on, over all connections.
    async fn load(&self, from: usize) -> Duration {
        let mut clients = Vec::new();
        for _ in 0..CONNECTIONS {
            clients.push(self.client().await);
        }
        let began = Instant::now();
        let mut tasks = Vec::new();
        for (index, mut client) in clients.into_iter().enumerate() {
            let target = self.clone();
            tasks.push(tokio::spawn(async move {
                for n in (index..CALLS_A_ROUND).step_by(CONNECTIONS) {
                    target.run(&mut client, from + n).await;
                }
            }));
        }
        for task in tasks {
            task.await.expect("no request fails");
        }
        began.elapsed()
    }
}
