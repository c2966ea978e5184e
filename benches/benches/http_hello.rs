//! How much of a bare hyper server's throughput is left when every request runs in a sandbox of its own?

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mayfly_benches::server::{Server, load};
use mayfly_benches::{HELLO, call, cores, engine, figures, floor, image, invoke};
use mayfly_runtime::{Engine, Image};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const CONNECTIONS: u64 = 16;
const ROUNDS: usize = 11;
const REQUESTS_A_ROUND: u64 = 20_000;

fn http_hello(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("an executor starts");
    let bare = runtime.block_on(floor::hyper_hello());
    let server = runtime.block_on(Server::start());
    runtime.block_on(server.deploy("hello", HELLO));
    let path = server.path("hello");

    let mut group = criterion.benchmark_group("http_hello");
    group.throughput(Throughput::Elements(1)).measurement_time(Duration::from_secs(8));
    group.bench_function("bare hyper", |bencher| {
        bencher.iter_custom(|requests| runtime.block_on(load(bare, "/", CONNECTIONS, requests)));
    });
    // The sandbox alone, on as many threads as the server's.
    let engine = engine(&runtime);
    let hello = image(&runtime, &engine, HELLO);
    group.bench_function("in process", |bencher| {
        bencher.iter_custom(|requests| runtime.block_on(in_process(&engine, &hello, requests)));
    });
    group.bench_function("mayfly", |bencher| {
        bencher.iter_custom(|requests| runtime.block_on(load(server.address, &path, CONNECTIONS, requests)));
    });
    group.finish();
    runtime.block_on(interleaved(bare, &engine, &hello, &server));
    runtime.block_on(server.stop());
}

/// Interleaves all three, and takes the ratio of each round: a machine's speed changes from one minute to the next, and affects
/// all three of a round alike. The result is the median. A measurement ends when its calls are recorded, too.
async fn interleaved(bare: SocketAddr, engine: &Engine, hello: &Image, server: &Server) {
    let path = server.path("hello");
    let mut ratios = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let floor = load(bare, "/", CONNECTIONS, REQUESTS_A_ROUND).await
            + in_process(engine, hello, REQUESTS_A_ROUND).await;
        let started = Instant::now();
        load(server.address, &path, CONNECTIONS, REQUESTS_A_ROUND).await;
        server.recorded("hello").await;
        ratios.push(100.0 * floor.as_secs_f64() / started.elapsed().as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    let [low, median, high] = [ROUNDS / 4, ROUNDS / 2, ROUNDS * 3 / 4].map(|place| ratios[place]);
    figures::note("http_hello/percent of hyper plus sandbox", median);
    println!("percent of hyper plus sandbox: {median:.0} (quartiles {low:.0} and {high:.0})");
}

async fn in_process(engine: &Engine, hello: &Image, requests: u64) -> Duration {
    let workers = cores();
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for worker in 0..workers {
        let (engine, hello) = (engine.clone(), hello.clone());
        tasks.spawn(async move {
            for _ in (worker..requests).step_by(workers as usize) {
                invoke(&engine, &hello, call()).await;
            }
        });
    }
    tasks.join_all().await;
    started.elapsed()
}

criterion_group!(benches, http_hello);
criterion_main!(benches);
