//! How much of a bare hyper server's throughput is left when every request runs in a sandbox of its own?

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mayfly_benches::server::{Server, load};
use mayfly_benches::{HELLO, floor};
use tokio::runtime::Runtime;

const CONNECTIONS: u64 = 16;

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
    group.bench_function("mayfly", |bencher| {
        bencher.iter_custom(|requests| runtime.block_on(load(server.address, &path, CONNECTIONS, requests)));
    });
    group.finish();
    runtime.block_on(server.stop());
}

criterion_group!(benches, http_hello);
criterion_main!(benches);
