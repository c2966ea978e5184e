//! The ways that are always there answer each work rightly: those within the program, and ours, by a debug server.

use std::path::{Path, PathBuf};

use mayfly_bench::database::scratch;
use mayfly_bench::ways::{Deployed, Place, Running, Start, all, find};
use mayfly_bench::work;
use mayfly_control::app::App;
use mayfly_control::config::Config;

fn place(scratch: &Path) -> Place {
    Place {
        server: PathBuf::from("/nowhere/mayfly"),
        own: PathBuf::from(env!("CARGO_BIN_EXE_mayfly-bench")),
        peers: PathBuf::from("/nowhere/peers"),
        scratch: scratch.to_owned(),
        database: None,
        core: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ways_within_the_program_answer_each_work() {
    let scratch = scratch().unwrap();
    let works = work::all();
    for way in all().into_iter().filter(|way| matches!(way.start, Start::InProcess(_))) {
        let running = Running::start(way, &place(scratch.path()), &works).await.unwrap().unwrap();
        for work in works.iter().filter(|work| way.lack(work).is_none()) {
            running.check(work).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ours_answers_each_work() {
    let scratch = scratch().unwrap();
    let mut config = Config::loopback(scratch.path().to_owned());
    config.cache_dir = Some(std::env::temp_dir().join("mayfly-benches"));
    let app = App::start(config).await.unwrap();
    let works = work::all();
    let deployed = Deployed::new(app.address(), app.admin_key(), "bench").await.unwrap();
    let deployed = deployed.with_token().await.unwrap();
    deployed.prepare(&works).await.unwrap();
    let way = find("mayfly").unwrap();
    let running = Running {
        way,
        version: String::new(),
        process: None,
        address: app.address(),
        app: Some(deployed.clone()),
    };
    for work in &works {
        assert_eq!(way.lack(work), None);
        running.check(work).await.unwrap();
    }
    // A wrong answer is told, and so is the user's row that another user must not see.
    let mut other = works.into_iter().find(|work| work.name == "select").unwrap();
    other.answer = b"another".to_vec();
    assert!(running.check(&other).await.unwrap_err().to_string().contains("it answers 200"));
    app.shutdown().await;
}

#[tokio::test]
async fn what_is_not_there_is_told_with_its_remedy() {
    let scratch = scratch().unwrap();
    let works = work::all();
    for name in ["mayfly", "workerd", "deno", "bun", "isolated-vm", "quickjs-emscripten"] {
        let way = find(name).unwrap();
        let absent = Running::start(way, &place(scratch.path()), &works).await.unwrap().unwrap_err();
        assert!(!absent.missing.is_empty() && !absent.remedy.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn limits_are_compared_on_answers_that_are_right() {
    let hello = work::all().into_iter().find(|work| work.name == "hello").unwrap();
    let limited = mayfly_bench::ways::Limited::all(&hello).await.unwrap();
    assert_eq!(limited.len(), 6);
    for one in &limited {
        one.time(&hello, 2).await.unwrap();
    }
    mayfly_bench::ways::javy_deploy(&hello).await.unwrap();
}
