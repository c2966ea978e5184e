//! The cache directory: its limit, and that evicted modules come back.

use std::fs;
use std::path::Path;

use mayfly_runtime::{Build, Engine, EngineConfig, Image, Source};

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
