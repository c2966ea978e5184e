//! What does authentication cost, by a service key and by a token?

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use mayfly_benches::HELLO;
use mayfly_benches::server::{Client, Server};
use tokio::runtime::Runtime;

fn identity(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("an executor starts");
    let server = runtime.block_on(Server::start());
    runtime.block_on(server.deploy("hello", HELLO));
    let token = runtime.block_on(server.token("alice"));
    let path = server.path("hello");
    let mut client = runtime.block_on(Client::connect(server.address));
    let mut group = criterion.benchmark_group("identity");
    group.measurement_time(Duration::from_secs(6));
    for (who, bearer) in
        [("no credentials", ""), ("a service key", server.service_key.as_str()), ("a token", &token)]
    {
        group.bench_function(who, |bencher| {
            bencher.iter(|| runtime.block_on(client.get_as(&path, bearer)));
        });
    }
    group.finish();
    drop(client);
    runtime.block_on(server.stop());
}

criterion_group!(benches, identity);
criterion_main!(benches);
