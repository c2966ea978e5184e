//! Hot functions: compiled between invocations, on every node, and never in the way of a right answer.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use support::app::{Node, TestApp, shared};
use support::client::Answer;
use support::cluster::{directory, run};
use support::wait::until;

const WORK: &str = "
    function step(x) { return (x * 31 + 7) | 0; }
    function loop(n) { let x = 1; for (let i = 0; i < n; i++) x = step(x); return x; }
    function spin(n) { for (let i = 0; ; i = (i + 1) | 0) n = step(n); }
    function depth() { let d = 0; const down = () => { d++; return down() + 1; }; try { down(); } catch (e) { return [e instanceof RangeError, d > 100]; } }
    function fill() { const a = []; for (let i = 0; ; i++) a.push({ i, b: [step(i)] }); }
    export default (req) => {
        const asked = new URL(req.url).searchParams.get('do');
        if (asked === 'spin') return Response.json(spin(1));
        if (asked === 'fill') return Response.json(fill());
        if (asked === 'depth') return Response.json([depth(), loop(10)]);
        if (asked === 'throw') return Response.json(step(1n));
        return Response.json(loop(100_000));
    };";

fn fields() -> Value {
    json!({ "recordPercent": 100, "cpuLimitMs": 200, "timeoutMs": 60_000, "memoryLimitMb": 24,
        "trigger": { "type": "http", "config": { "auth": "none" } } })
}

/// A server that compiles hot functions in workers, with this cache directory.
async fn node(cache: &Path) -> Node {
    Node::start(|config| {
        config.compile_hot = true;
        config.compile_worker = Some(vec![env!("CARGO_BIN_EXE_compile-worker").into()]);
        config.cache_dir = Some(cache.to_owned());
    })
    .await
}

/// A cache directory with the engine in it and nothing else: compiling that takes long.
async fn cache() -> tempfile::TempDir {
    shared().await;
    let cache = directory();
    let binary = std::env::current_exe().unwrap();
    let all = binary.parent().and_then(Path::parent).unwrap().join("mayfly-test-cache");
    fs::copy(all.join("artifacts.key"), cache.path().join("artifacts.key")).unwrap();
    for build in fs::read_dir(&all).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_dir()) {
        let own = cache.path().join(build.file_name());
        fs::create_dir(&own).unwrap();
        for file in fs::read_dir(build.path()).unwrap().map(Result::unwrap) {
            let name = file.file_name().into_string().unwrap();
            if name.starts_with("engine-") && !name.ends_with(".tmp") {
                // It may have been evicted since.
                let _copied = fs::copy(file.path(), own.join(name));
            }
        }
    }
    cache
}

/// The function of one test: the same source would be the same image, for which another test may have compiled already.
fn work(own: u32) -> String {
    WORK.replace("* 31", &format!("* {own}"))
}

async fn newest(app: &TestApp) -> Value {
    app.logs("work").await.remove(0)
}

/// The record of a call that failed, once it is written.
async fn record_of(app: &TestApp, failed: &Answer) -> Value {
    let id = &failed.json()["invocation_id"];
    until("the call is recorded", async || {
        app.logs("work").await.into_iter().find(|record| record["id"] == *id)
    })
    .await
}

/// Calls until a call ran compiled; the records of the first and the last call.
async fn until_compiled(app: &TestApp) -> (Value, Value) {
    let expected = app.call("GET", "work").ok().await;
    let first = newest(app).await;
    let last = until("the function is compiled", async || {
        assert_eq!(app.call("GET", "work").ok().await, expected);
        let record = newest(app).await;
        (!record["compiledDigest"].is_null()).then_some(record)
    });
    (first, last.await)
}

async fn verifies(app: &TestApp, record: &Value) {
    let ask = app.manage("POST", "/usage/verify").json(json!({ "invocation": record["id"] }));
    let verified = ask.ok().await;
    assert_eq!(
        (&verified["matches"], &verified["replayed_fuel"]),
        (&json!(true), &record["fuel"]),
        "{verified}"
    );
}

async fn counts(node: &Node) -> Value {
    node.client().get("/readyz").ok().await["compile_hot"].clone()
}

#[test]
fn a_hot_function_is_compiled_between_invocations_and_both_sides_verify() {
    run(async {
        let cache = cache().await;
        let node = node(cache.path()).await;
        let app = node.app().await;
        app.deploy_with("work", &work(43), fields()).await;
        let details = app.manage("GET", "/functions/work").ok().await;
        assert_eq!(details["compiledFunctions"], json!([]));
        let (before, after) = until_compiled(&app).await;
        assert_eq!(before["compiledDigest"], Value::Null);
        let fuel = |record: &Value| record["fuel"].as_u64().unwrap();
        assert!(fuel(&before) > 3 * fuel(&after), "{} {}", fuel(&before), fuel(&after));
        let details = app.manage("GET", "/functions/work").ok().await;
        let mut names: Vec<&str> = details["compiledFunctions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap())
            .collect();
        names.sort_unstable();
        assert_eq!(names, ["loop", "step"]);
        let counted = counts(&node).await;
        assert_eq!(
            (&counted["compiled"], &counted["failed"], &counted["refused"]),
            (&json!(1), &json!(0), &json!(0))
        );
        assert!(counted["samples"].as_u64().unwrap() >= 20, "{counted}");
        verifies(&app, &before).await;
        verifies(&app, &after).await;

        // The app has paid for more than its invocations.
        let page = app.manage("GET", "/functions/work/logs?limit=1000").ok().await;
        assert_eq!(page["hasMore"], false);
        let records: u64 = page["logs"].as_array().unwrap().iter().map(fuel).sum();
        let charged = until("the day's usage is written", async || {
            let day = node.store().day_usage().get(&app.id, chrono::Utc::now().date_naive()).await.unwrap();
            (day.fuel > records).then_some(day.fuel)
        });
        let compiling = charged.await - records;
        assert!((1_000_000..2_500_000_000).contains(&compiling), "{compiling}");

        // A server that compiles nothing runs it interpreted, and says why it cannot verify the other.
        let plain = Node::start(|config| config.cache_dir = Some(cache.path().to_owned())).await;
        assert_eq!(counts(&plain).await, Value::Null);
        let there = app.on(&plain);
        there.call("GET", "work").ok().await;
        let record = newest(&there).await;
        assert_eq!((&record["compiledDigest"], fuel(&record)), (&Value::Null, fuel(&before)));
        let ask = there.manage("POST", "/usage/verify").json(json!({ "invocation": after["id"] }));
        let refused = ask.fails(409, "STATE_PREREQUISITE_MISSING").await;
        assert!(refused.message().contains("--compile-hot"), "{}", refused.message());
        verifies(&there, &before).await;
        assert!(node.shutdown().await && plain.shutdown().await);
    });
}

#[test]
fn limits_and_errors_are_what_they_are_interpreted() {
    run(async {
        let cache = cache().await;
        let node = node(cache.path()).await;
        let app = node.app().await;
        app.deploy_with("work", &work(45), fields()).await;
        let depth = app.call("GET", "work?do=depth").ok().await;
        let thrown = app.call("GET", "work?do=throw").fails(500, "FUNCTION_THREW").await;
        let stack = record_of(&app, &thrown).await["stack"].clone();
        until_compiled(&app).await;
        let compiled = async |failed: &Answer| {
            let record = record_of(&app, failed).await;
            assert!(!record["compiledDigest"].is_null(), "{record}");
            record
        };
        assert_eq!(app.call("GET", "work?do=depth").ok().await, depth);
        let again = app.call("GET", "work?do=throw").fails(500, "FUNCTION_THREW").await;
        assert_eq!((again.message(), &compiled(&again).await["stack"]), (thrown.message(), &stack));
        let spun = app.call("GET", "work?do=spin").fails(500, "FUNCTION_CPU_LIMIT").await;
        let record = compiled(&spun).await;
        assert!(record["stack"].as_str().unwrap().contains("at spin"), "{record}");
        verifies(&app, &record).await;
        let filled = app.call("GET", "work?do=fill").fails(500, "FUNCTION_MEMORY_LIMIT").await;
        verifies(&app, &compiled(&filled).await).await;
        assert!(node.shutdown().await);
    });
}

/// Changes a byte of each file of compiled functions; answers how many.
fn change_compiled(cache: &Path) -> usize {
    let builds = fs::read_dir(cache).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_dir());
    let files = builds.flat_map(|build| fs::read_dir(build.path()).unwrap().map(Result::unwrap));
    let compiled = files.filter(|file| {
        let name = file.file_name().into_string().unwrap();
        name.starts_with("compiled-code-") && name.ends_with(".cwasm")
    });
    compiled
        .map(|file| {
            let mut bytes = fs::read(file.path()).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::remove_file(file.path()).unwrap();
            fs::write(file.path(), bytes).unwrap();
        })
        .count()
}

#[test]
fn a_changed_artifact_is_refused_and_made_again() {
    run(async {
        let cache = cache().await;
        let first = node(cache.path()).await;
        let app = first.app().await;
        app.deploy_with("work", &work(47), fields()).await;
        let (before, after) = until_compiled(&app).await;
        assert!(first.shutdown().await);
        assert_eq!(change_compiled(cache.path()), 1);

        let second = node(cache.path()).await;
        let there = app.on(&second);
        there.call("GET", "work").ok().await;
        let record = newest(&there).await;
        assert_eq!((&record["compiledDigest"], &record["fuel"]), (&Value::Null, &before["fuel"]));
        let (_, again) = until_compiled(&there).await;
        assert_eq!((&again["compiledDigest"], &again["fuel"]), (&after["compiledDigest"], &after["fuel"]));
        let counted = counts(&second).await;
        assert_eq!(
            (&counted["refused"], &counted["restored"], &counted["compiled"]),
            (&json!(1), &json!(1), &json!(0))
        );
        verifies(&there, &after).await;
        assert!(second.shutdown().await);
    });
}

#[test]
fn another_node_compiles_the_same() {
    run(async {
        let caches = (cache().await, cache().await);
        let nodes = (node(caches.0.path()).await, node(caches.1.path()).await);
        let app = nodes.0.app().await;
        app.deploy_with("work", &work(49), fields()).await;
        let (_, here) = until_compiled(&app).await;
        let there = app.on(&nodes.1);
        // Verified where it never ran, and was never compiled.
        verifies(&there, &here).await;
        assert_eq!(counts(&nodes.1).await["restored"], json!(1));
        let (_, record) = until_compiled(&there).await;
        assert_eq!((&record["compiledDigest"], &record["fuel"]), (&here["compiledDigest"], &here["fuel"]));
        assert_eq!(counts(&nodes.1).await["compiled"], json!(0));
        assert!(nodes.0.shutdown().await && nodes.1.shutdown().await);
    });
}

#[test]
fn a_version_has_its_own_compiled_functions_and_has_them_again() {
    run(async {
        let cache = cache().await;
        let node = node(cache.path()).await;
        let app = node.app().await;
        app.deploy_with("work", &work(51), fields()).await;
        let (_, first) = until_compiled(&app).await;
        // Others at the same places: nothing of the first may run.
        app.deploy_with("work", &work(55), fields()).await;
        let other = app.call("GET", "work").ok().await;
        assert_eq!(newest(&app).await["compiledDigest"], Value::Null);
        let (_, second) = until_compiled(&app).await;
        assert_ne!(second["compiledDigest"], first["compiledDigest"]);
        assert_eq!(app.call("GET", "work").ok().await, other);

        app.manage("POST", "/functions/work/rollback").json(json!({})).ok().await;
        assert_ne!(app.call("GET", "work").ok().await, other);
        let record = newest(&app).await;
        assert_eq!((&record["compiledDigest"], &record["fuel"]), (&first["compiledDigest"], &first["fuel"]));
        for record in [&first, &second] {
            verifies(&app, record).await;
        }

        // A canary has those of its own version.
        let rollout = json!({ "rollout": { "percent": 99 } });
        let deploy = [fields(), rollout].into_iter().fold(json!({}), |mut all, some| {
            all.as_object_mut().unwrap().extend(some.as_object().unwrap().clone());
            all
        });
        app.deploy_with("work", &work(57), deploy).await;
        let canary = until("the canary is compiled", async || {
            app.call("GET", "work").ok().await;
            let record = newest(&app).await;
            (record["version"] == 3 && !record["compiledDigest"].is_null()).then_some(record)
        });
        verifies(&app, &canary.await).await;
        assert!(node.shutdown().await);
    });
}

#[test]
fn what_is_compiled_for_a_version_that_went_away_is_dropped() {
    run(async {
        let cache = cache().await;
        let (gate, waits) = (cache.path().join("gate"), cache.path().join("waits"));
        // A worker that is started while there is a gate waits behind it.
        let script = "if [ -p \"$1\" ]; then : > \"$2\"; read -r _ < \"$1\"; fi; exec \"$0\"";
        let worker = env!("CARGO_BIN_EXE_compile-worker");
        let command = ["/bin/sh", "-c", script, worker, gate.to_str().unwrap(), waits.to_str().unwrap()];
        let node = Node::start(|config| {
            config.compile_hot = true;
            config.compile_worker = Some(command.map(Into::into).into());
            config.cache_dir = Some(cache.path().to_owned());
        })
        .await;
        let app = node.app().await;
        // The worker that strips its types stays, and takes the next source, too.
        app.deploy_with("work", &work(53), fields()).await;
        assert!(Command::new("mkfifo").arg(&gate).status().unwrap().success());
        until("the worker waits", async || {
            app.call("GET", "work").ok().await;
            waits.exists().then_some(())
        })
        .await;
        app.deploy_with("work", &work(59), fields()).await;
        fs::write(&gate, "\n").unwrap();
        fs::remove_file(&gate).unwrap();
        let counted = until("it is dropped", async || {
            let counted = counts(&node).await;
            (counted["dropped"] == 1).then_some(counted)
        });
        assert_eq!(counted.await["compiled"], json!(0));
        app.call("GET", "work").ok().await;
        assert_eq!(newest(&app).await["compiledDigest"], Value::Null);
        assert_eq!(app.manage("GET", "/functions/work").ok().await["compiledFunctions"], json!([]));
        // The next one is compiled for itself.
        until_compiled(&app).await;
        assert!(node.shutdown().await);
    });
}
