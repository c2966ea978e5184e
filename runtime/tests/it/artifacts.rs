//! The cache directory: its limit, and that evicted modules come back.

use std::fs;
use std::path::Path;

use mayfly_runtime::{Build, Engine, EngineConfig, HotFunctions, Image, Source};

use super::support::{call, invoke_on, text};

fn images_on_disk(cache: &Path) -> usize {
    let builds = fs::read_dir(cache).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_dir());
    let files = builds.flat_map(|build| fs::read_dir(build.path()).unwrap().map(Result::unwrap));
    files
        .filter(|file| {
            let name = file.file_name().into_string().unwrap();
            name.starts_with("image-") && name.ends_with(".cwasm")
        })
        .count()
}

async fn build(engine: &Engine, answer: usize) -> Build {
    let code = format!("export default () => new Response('{answer}')");
    engine.build(&Source { file_name: "f.ts".to_owned(), code, source_map: None }).await.unwrap()
}

async fn load(engine: &Engine, build: &Build) -> Image {
    engine.load(&build.digest, &build.image).await.unwrap()
}

#[test]
fn the_same_source_is_the_same_image_on_each_node() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let digests = runtime.block_on(async {
        let mut digests = Vec::new();
        for _ in 0..2 {
            let cache = tempfile::tempdir().unwrap();
            let engine = Engine::new(EngineConfig::new(cache.path())).await.unwrap();
            let plain = build(&engine, 1).await;
            let code = "import { createHash } from 'node:crypto';
                const made = new Map([['a', {}], ['b', createHash]]);
                export default () => new Response(String(made.size))";
            let source = Source { file_name: "f.ts".to_owned(), code: code.to_owned(), source_map: None };
            let importing = engine.build(&source).await.unwrap();
            digests.push((plain.digest, importing.digest));
        }
        digests
    });
    assert_eq!(digests[0], digests[1]);
}

#[test]
fn images_that_were_not_used_for_longest_make_room_and_come_back() {
    let cache = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        // What the engine itself takes, and an image.
        let engine = Engine::new(EngineConfig::new(cache.path())).await.unwrap();
        let first = build(&engine, 0).await;
        load(&engine, &first).await;
        let one = bytes_under(cache.path());
        drop(engine);

        let bounded = EngineConfig { cache_bytes_max: one + one / 20, ..EngineConfig::new(cache.path()) };
        let engine = Engine::new(bounded).await.unwrap();
        let mut builds = vec![first];
        for answer in 1..6 {
            let build = build(&engine, answer).await;
            load(&engine, &build).await;
            builds.push(build);
        }
        assert!(images_on_disk(cache.path()) < builds.len(), "some had to go");
        assert!(bytes_under(cache.path()) <= one + one / 20);

        engine.release_idle(std::time::Duration::ZERO);
        assert!(engine.cached(&builds[0].digest).is_none(), "the one that was not used for longest");
        for (answer, build) in builds.iter().enumerate() {
            let image = load(&engine, build).await;
            assert_eq!(text(invoke_on(&engine, &image, call()).await.0), answer.to_string());
        }
    });
}

fn bytes_under(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            let metadata = entry.metadata().unwrap();
            if metadata.is_dir() { bytes_under(&entry.path()) } else { metadata.len() }
        })
        .sum()
}

/// Changes a byte in the middle of each file in the builds' directories whose name begins so; answers how many.
fn change(cache: &Path, prefix: &str) -> usize {
    let builds = fs::read_dir(cache).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_dir());
    let files = builds.flat_map(|build| fs::read_dir(build.path()).unwrap().map(Result::unwrap));
    let changed = files.filter(|file| {
        let name = file.file_name().into_string().unwrap();
        name.starts_with(prefix) && name.ends_with(".cwasm")
    });
    changed
        .map(|file| {
            let mut bytes = fs::read(file.path()).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            // As an attacker would: a file of the same name in its place.
            fs::remove_file(file.path()).unwrap();
            fs::write(file.path(), bytes).unwrap();
        })
        .count()
}

#[test]
fn compiled_functions_come_from_the_cache_directory_and_not_once_they_were_changed() {
    let cache = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let engine = Engine::new(EngineConfig::new(cache.path())).await.unwrap();
        let code =
            "function work(n) { let s = 0; for (let i = 0; i < n; i++) s = (s + i * 3) | 0; return s; }
                    export default () => Response.json(work(1000))";
        let source = Source { file_name: "f.ts".to_owned(), code: code.to_owned(), source_map: None };
        let built = engine.build(&source).await.unwrap();
        let hot = HotFunctions { all: true, addresses: Vec::new(), bytecode_max: 1 << 10 };
        let compiled = engine.compile_hot(&built.image, &hot).await.unwrap();
        let digest = compiled.image.compiled_digest().unwrap().to_owned();
        assert_eq!(compiled.image.digest(), built.digest);
        let (answer, outcome) = invoke_on(&engine, &compiled.image, call()).await;
        assert_eq!(text(answer), "1498500");

        // Evicted from memory, and another process: the same pair, to the unit of fuel.
        engine.release_idle(std::time::Duration::ZERO);
        for engine in [&engine, &Engine::new(EngineConfig::new(cache.path())).await.unwrap()] {
            let image = engine.cached_compiled(&built.digest, &digest).unwrap();
            assert_eq!((image.digest(), image.compiled_digest()), (&*built.digest, Some(&*digest)));
            let (answer, again) = invoke_on(engine, &image, call()).await;
            assert_eq!((text(answer), again.usage.fuel), ("1498500".to_owned(), outcome.usage.fuel));
        }
        assert!(engine.cached_compiled(&built.digest, &"0".repeat(64)).is_none());
        assert!(engine.cached_compiled(&built.digest, "../../etc").is_none());
        assert_eq!(engine.artifacts_refused(), 0);

        for prefix in ["compiled-code-", "compiled-memory-"] {
            assert_eq!(change(cache.path(), prefix), 1);
            engine.release_idle(std::time::Duration::ZERO);
            let refused = engine.artifacts_refused();
            assert!(engine.cached_compiled(&built.digest, &digest).is_none(), "{prefix}");
            assert_eq!(engine.artifacts_refused(), refused + 1, "{prefix}");
            // Compiled again, it is the same pair, and takes the place of what was changed.
            let again = engine.compile_hot(&built.image, &hot).await.unwrap();
            assert_eq!(again.image.compiled_digest(), Some(&*digest));
            engine.release_idle(std::time::Duration::ZERO);
            assert!(engine.cached_compiled(&built.digest, &digest).is_some());
        }
    });
}
