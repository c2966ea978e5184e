//! The disk fills up, and is freed: no manual restart, and no loss of acknowledged data.

use mayfly_control::config::Config;
use serde_json::json;
use support::app::{Node, TestApp};
use support::client::Answer;
use support::cluster::run;
use support::disk::Disk;

const HELLO: &str = "export default () => new Response('hello')";

/// While the disk is full, a response is correct, or names the failing part of the server.
fn is_honest(answer: &Answer) -> bool {
    if answer.status == 200 {
        return true;
    }
    assert_eq!(answer.status, 503, "{}", answer.text());
    let code = answer.json()["code"].as_str().expect("a code").to_owned();
    assert!(["STORAGE_FULL", "SUBSYSTEM_UNAVAILABLE"].contains(&code.as_str()), "{}", answer.text());
    assert!(answer.message().to_lowercase().contains("postgresql"), "{}", answer.text());
    false
}

async fn insert(app: &TestApp, n: u32) -> Answer {
    let sql = format!(
        "INSERT INTO blobs SELECT {n}, string_agg(gen_random_uuid()::text, '') FROM generate_series(1, 20000)"
    );
    app.manage("POST", "/sql").json(json!({ "sql": sql })).send().await
}

#[test]
#[allow(clippy::print_stderr, reason = "a test that is left out says so")]
fn a_full_disk_is_said_and_survived() {
    let Some(disk) = Disk::mount("256m") else {
        eprintln!("skipped: this process may not mount a disk that can be filled");
        return;
    };
    run(async {
        let data_dir = tempfile::Builder::new().prefix("data-").tempdir_in(disk.path()).unwrap();
        std::fs::set_permissions(data_dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .unwrap();
        let config = Config::loopback(data_dir.path().to_owned());
        let node = Node::start_in(data_dir, config, |_| {}).await;
        let app = node.app().await;
        app.deploy("hello", HELLO).await;
        let script = json!({ "sql": "CREATE TABLE blobs (n int PRIMARY KEY, data text)" });
        app.manage("POST", "/sql").json(script).ok().await;

        disk.fill();
        let mut kept = 0;
        // Each takes most of a megabyte: sooner or later the disk is full.
        while is_honest(&insert(&app, kept).await) {
            kept += 1;
            disk.fill();
        }
        for _ in 0..5 {
            is_honest(&app.call("GET", "hello").send().await);
            is_honest(&app.manage("GET", "/functions").send().await);
        }

        disk.free();
        let kept_after = loop {
            let answer = insert(&app, kept).await;
            if is_honest(&answer) {
                break kept + 1;
            }
        };
        let counted = json!({ "sql": format!("DO $$ BEGIN ASSERT (SELECT count(*) FROM blobs) = {kept_after}; END $$") });
        app.manage("POST", "/sql").json(counted).ok().await;
        assert_eq!(app.call("GET", "hello").send().await.text(), "hello");
        app.deploy("hello", HELLO).await;
        assert!(!app.logs("hello").await.is_empty());
        assert!(node.shutdown().await);
    });
}
