//! What do 1,000 different functions cost: in time when they take turns, in memory when they are idle?

use std::fs;

use criterion::{Criterion, criterion_group, criterion_main};
use mayfly_benches::{build, call, engine, executor, invoke};
use mayfly_runtime::{Engine, Image};
use tokio::runtime::Runtime;

const FUNCTIONS: usize = 1_000;

fn many_functions(criterion: &mut Criterion) {
    let executor = executor();
    // One engine puts the images on disk; another, which has seen none of them, is measured.
    let digests = deploy(&executor, &engine(&executor));
    let engine = engine(&executor);
    let before = resident_kib();
    let images: Vec<Image> = digests.iter().map(|digest| cached(&engine, digest)).collect();
    let loaded = resident_kib();
    for image in &images {
        executor.block_on(invoke(&engine, image, call()));
    }
    let called = resident_kib();
    let each = |kib: u64| kib.saturating_sub(before) as f64 / FUNCTIONS as f64;
    report("KiB resident for each function, loaded", each(loaded));
    report("KiB resident for each function, after one call each", each(called));

    let mut next = (0..FUNCTIONS).cycle();
    criterion.bench_function("many_functions/in turn", |bencher| {
        bencher.iter(|| {
            let image = &images[next.next().unwrap_or_default()];
            executor.block_on(invoke(&engine, image, call()))
        });
    });
    let mut next = (0..FUNCTIONS).cycle();
    criterion.bench_function("many_functions/load from disk", |bencher| {
        // An engine that holds one image only: every load maps a file.
        let engine = cold_engine(&executor);
        bencher.iter(|| cached(&engine, &digests[next.next().unwrap_or_default()]));
    });
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

fn report(what: &str, value: f64) {
    mayfly_benches::figures::note(&format!("many_functions/{what}"), value);
}

/// Memory of this process that is not shared with the files it maps, in KiB; 0 where the system does not say.
fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = |name: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(name))?;
        value.trim().trim_end_matches(" kB").trim().parse::<u64>().ok()
    };
    line("VmRSS:").unwrap_or_default()
}

criterion_group!(benches, many_functions);
criterion_main!(benches);
