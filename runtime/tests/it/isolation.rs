//! Nothing passes from one invocation to another.

use std::collections::HashSet;
use std::time::Duration;

use mayfly_runtime::{Engine, EngineConfig, Source};
use tokio::sync::oneshot;

use crate::support::{block_on, call, image, invoke, text, unused_engine};

#[test]
fn globals_die_with_the_invocation() {
    let image = image(
        "export default () => { const before = globalThis.left ?? 'nothing'; globalThis.left = 'something';
         Array.prototype.map = Promise.prototype.then = JSON.stringify = () => 'mine'; return new Response(before) }",
    );
    for _ in 0..5 {
        assert_eq!(text(invoke(&image, call()).0), "nothing");
    }
}

#[test]
fn no_two_invocations_share_a_random_sequence() {
    let image = image(
        "const warm = Math.random();
         export default () => new Response([Math.random(), Math.random(), crypto.randomUUID(), crypto.getRandomValues(new Uint32Array(2))].join())",
    );
    let seen: HashSet<String> = (0..50).map(|_| text(invoke(&image, call()).0)).collect();
    assert_eq!(seen.len(), 50);
    let numbers: HashSet<&str> = seen.iter().flat_map(|line| line.split(',').take(2)).collect();
    assert_eq!(numbers.len(), 100);
}

#[test]
fn time_starts_again() {
    let image = image(
        "const origin = performance.timeOrigin, at = Date.now();
         export default () => Response.json([origin, performance.timeOrigin >= at, performance.now() < 60000, Math.abs(performance.timeOrigin - Date.now()) < 60000])",
    );
    assert_eq!(text(invoke(&image, call()).0), "[0,true,true,true]");
}

/// Two tenants use one slot of the pool alternately: what one leaves in memory, the other must not find.
#[test]
fn a_slot_is_clean_for_its_next_tenant() {
    let cache = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let engine =
            Engine::new(EngineConfig { slots: 1, ..EngineConfig::new(cache.path()) }).await.unwrap();
        let mut images = Vec::new();
        for code in [
            "export default () => { const a = new Uint8Array(8 << 20); for (let i = 0; i < a.length; i += 8) a.set([83, 69, 67, 82, 69, 84, 33, 33], i); return new Response('left') }",
            "export default () => { const a = new Uint8Array(32 << 20); let sum = 0; for (let i = 0; i < a.length; i += 4096) sum += a[i]; return new Response(String(sum)) }",
        ] {
            let build = engine.build(&Source { file_name: "f.ts".to_owned(), code: code.to_owned(), source_map: None }).await.unwrap();
            images.push(engine.load(&build.digest, &build.image).await.unwrap());
        }
        for _ in 0..3 {
            for (image, expected) in images.iter().zip(["left", "0"]) {
                let (reply, answer) = oneshot::channel();
                engine.invoke(image, call(), reply).await;
                assert_eq!(text(answer.await.unwrap()), expected);
            }
        }
    });
}

#[test]
fn invocations_of_one_image_overlap_without_touching() {
    let image = image(
        "let mine = 0; export default async (req) => { const id = Number(await req.text()); mine = id; await new Promise(r => setTimeout(r, 2)); return new Response(String(mine === id)) }",
    );
    block_on(async {
        let mut all = Vec::new();
        for id in 0..40 {
            let image = image.clone();
            all.push(tokio::spawn(async move {
                crate::support::invoke_async(&image, crate::support::post(&id.to_string())).await.0
            }));
        }
        for one in all {
            assert_eq!(text(one.await.unwrap()), "true");
        }
    });
}

#[test]
fn an_engine_starts_again_from_its_cache_and_refuses_what_was_tampered_with() {
    let cache = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let source = Source {
            file_name: "f.js".to_owned(),
            code: "export default () => new Response('ok')".to_owned(),
            source_map: None,
        };
        let first = Engine::new(EngineConfig::new(cache.path())).await.unwrap();
        let build = first.build(&source).await.unwrap();
        first.load(&build.digest, &build.image).await.unwrap();
        drop(first);

        let second = Engine::new(EngineConfig::new(cache.path())).await.unwrap();
        assert!(second.cached(&build.digest).is_some());
        drop(second);

        let build_dir =
            std::fs::read_dir(cache.path()).unwrap().find(|entry| entry.as_ref().unwrap().path().is_dir());
        let file = build_dir.unwrap().unwrap().path().join(format!("image-{}.cwasm", build.digest));
        let mut bytes = std::fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&file, bytes).unwrap();
        let third = Engine::new(EngineConfig::new(cache.path())).await.unwrap();
        assert!(third.cached(&build.digest).is_none());
        assert!(third.load(&build.digest, &build.image).await.is_ok());
    });
}

#[test]
fn an_idle_image_is_evicted_and_comes_back() {
    let image = image("let calls = 0; export default () => new Response(String(++calls))");
    let engine = unused_engine();
    assert_eq!(engine.release_idle(Duration::ZERO), 0, "nothing is in memory yet");
    let first = engine.cached(image.digest()).unwrap();
    assert_eq!(engine.release_idle(Duration::from_secs(3600)), 0);
    assert_eq!(engine.release_idle(Duration::ZERO), 1);
    assert_eq!(engine.release_idle(Duration::ZERO), 0);
    let second = engine.cached(image.digest()).unwrap();
    // An evicted image that is still held stays usable.
    for image in [first, second] {
        let (reply, answer) = oneshot::channel();
        let outcome = block_on(engine.invoke(&image, call(), reply));
        assert_eq!(outcome.status, Some(200));
        assert_eq!(text(block_on(answer).unwrap()), "1");
    }
}
