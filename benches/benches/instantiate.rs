//! How long does it take to create and to drop a sandbox?

use criterion::{Criterion, criterion_group, criterion_main};
use mayfly_benches::{HELLO, engine, executor, image};

fn instantiate(criterion: &mut Criterion) {
    let executor = executor();
    let engine = engine(&executor);
    let hello = image(&executor, &engine, HELLO);
    criterion.bench_function("instantiate", |bencher| {
        bencher.iter(|| engine.instantiate_only(&hello).expect("a sandbox"));
    });
}

criterion_group!(benches, instantiate);
criterion_main!(benches);
