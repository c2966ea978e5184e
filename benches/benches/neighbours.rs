//! How much do 200 concurrent busy loops of one tenant raise another tenant's 99th percentile?
#![allow(clippy::disallowed_methods, reason = "a bench spawns and reads the environment by itself")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mayfly_benches::HELLO;
use mayfly_benches::figures;
use mayfly_benches::server::{Client, Server};

const SPIN: &str = "export default () => { for (let n = 0; n < 2e6; n++); return new Response('spun') }";
const SPINNERS: usize = 200;
const REQUESTS: usize = 2_000;

fn main() {
    mayfly_benches::run(measure());
}

async fn measure() {
    let server = Server::start().await;
    let spinner = server.neighbour().await;
    server.deploy("hello", HELLO).await;
    spinner.deploy("spin", SPIN).await;
    spinner.be_patient().await;
    let (hello, spin) = (server.path("hello"), format!("/v1/{}/fn/spin", spinner.app_id));
    percentile(&server, &hello).await;
    let alone = percentile(&server, &hello).await;
    let stop = Arc::new(AtomicBool::new(false));
    let spinning: Vec<_> = (0..SPINNERS)
        .map(|_| {
            let (stop, spin, address) = (Arc::clone(&stop), spin.clone(), server.address);
            tokio::spawn(async move {
                let mut client = Client::connect(address).await;
                while !stop.load(Ordering::Relaxed) {
                    client.get(&spin).await;
                }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let beside = percentile(&server, &hello).await;
    stop.store(true, Ordering::Relaxed);
    for one in spinning {
        one.await.expect("a spinner ends");
    }
    figures::note("neighbours/us at the 99th percentile, alone", alone.as_secs_f64() * 1e6);
    figures::note("neighbours/us at the 99th percentile, beside 200 busy loops", beside.as_secs_f64() * 1e6);
    println!("99th percentile: {alone:?} alone, {beside:?} beside {SPINNERS} busy loops");
    server.stop().await;
}

/// Sequential requests with a short pause: the latency that each of many users sees.
async fn percentile(server: &Server, path: &str) -> Duration {
    let mut client = Client::connect(server.address).await;
    let mut times = Vec::with_capacity(REQUESTS);
    for _ in 0..REQUESTS {
        let start = Instant::now();
        client.get(path).await;
        times.push(start.elapsed());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    times.sort();
    times[REQUESTS * 99 / 100]
}
