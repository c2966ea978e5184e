//! What do 1,000 different functions cost: in time when called round robin, in memory when idle?

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use mayfly_benches::memory::Resident;
use mayfly_benches::{build, call, engine, executor, invoke};
use mayfly_runtime::{Engine, Image};
use tokio::runtime::Runtime;

const FUNCTIONS: usize = 1_000;

fn many_functions(criterion: &mut Criterion) {
    let executor = executor();
    // One engine writes the images to disk; another one, with none of them in memory, is measured.
    let digests = deploy(&executor, &engine(&executor));
    let engine = engine(&executor);
    let before = Resident::now();
    let images: Vec<Image> = digests.iter().map(|digest| cached(&engine, digest)).collect();
    let loaded = Resident::now();
    for image in &images {
        executor.block_on(invoke(&engine, image, call()));
    }
    let called = Resident::now();
    report("loaded", &before, &loaded);
    report("after one call each", &before, &called);

    let mut next = (0..FUNCTIONS).cycle();
    criterion.bench_function("many_functions/round robin", |bencher| {
        bencher.iter(|| {
            let image = &images[next.next().unwrap_or_default()];
            executor.block_on(invoke(&engine, image, call()))
        });
    });
    let mut next = (0..FUNCTIONS).cycle();
    criterion.bench_function("many_functions/load from disk", |bencher| {
        // An engine that caches one image only: every load maps a file.
        let engine = cold_engine(&executor);
        bencher.iter(|| cached(&engine, &digests[next.next().unwrap_or_default()]));
    });
    // As the server does with functions that were not called for a minute.
    drop(images);
    engine.release_idle(Duration::ZERO);
    report("when idle", &before, &Resident::now());
}

fn deploy(executor: &Runtime, engine: &Engine) -> Vec<String> {
    (0..FUNCTIONS)
        .map(|number| {
            let code = format!("const number = {number}; export default () => Response.json({{ number }});");
            let build = build(executor, engine, &code);
            executor.block_on(engine.load(&build.digest, &build.image)).expect("the image loads");
            build.digest
        })
        .collect()
}

fn cold_engine(executor: &Runtime) -> Engine {
    let mut config = mayfly_runtime::EngineConfig::new(mayfly_benches::cache_dir());
    config.images = 1;
    executor.block_on(Engine::new(config)).expect("the engine starts")
}

fn cached(engine: &Engine, digest: &str) -> Image {
    engine.cached(digest).expect("the image is on disk")
}

fn report(when: &str, before: &Resident, after: &Resident) {
    let each = |before: u64, after: u64| after.saturating_sub(before) as f64 / FUNCTIONS as f64;
    let note = |what: &str, value: f64| {
        mayfly_benches::figures::note(&format!("many_functions/KiB {what} per function, {when}"), value);
    };
    note("private", each(before.anonymous, after.anonymous));
    note("mapped", each(before.mapped, after.mapped));
}

criterion_group!(benches, many_functions);
criterion_main!(benches);
