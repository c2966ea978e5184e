//! How long does a whole invocation take, in process, in its own sandbox?

use criterion::{Criterion, criterion_group, criterion_main};
use mayfly_benches::{HELLO, call, engine, executor, image, invoke};

fn hello_in_process(criterion: &mut Criterion) {
    let executor = executor();
    let engine = engine(&executor);
    let hello = image(&executor, &engine, HELLO);
    let heavy = image(
        &executor,
        &engine,
        "export default () => new Response(JSON.stringify(Array.from({ length: 4000 }, (_, i) => ({ i, s: 'x'.repeat(40) }))).slice(0, 9))",
    );
    criterion.bench_function("hello_in_process/clean", |bencher| {
        bencher.iter(|| executor.block_on(invoke(&engine, &hello, call())));
    });
    // Memory that one heavy request dirtied in a slot must be reset for every later user: this is the honest figure.
    for _ in 0..8 {
        executor.block_on(invoke(&engine, &heavy, call()));
    }
    criterion.bench_function("hello_in_process/after heavy ones", |bencher| {
        bencher.iter(|| executor.block_on(invoke(&engine, &hello, call())));
    });
}

criterion_group!(benches, hello_in_process);
criterion_main!(benches);
