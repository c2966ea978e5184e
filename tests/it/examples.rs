//! The examples: every folder of `examples/` is deployed and called, and behaves as its README says.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use mayfly_control::cli::{Cli, Exit, dispatch};
use serde_json::{Value, json};
use support::app::TestApp;
use support::cluster::run;
use support::socket::TestSocket;
use support::wait::until;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

/// Deploys an example as `mayfly dev` does.
pub(crate) async fn deployed(name: &str) -> TestApp {
    let read = |file: &str| fs::read_to_string(folder().join(name).join(file));
    let app = TestApp::new().await;
    if let Ok(sql) = read("schema.sql") {
        app.manage("POST", "/sql").json(json!({ "sql": sql, "name": name })).ok().await;
    }
    let mut fields: Value = serde_json::from_str(&read("function.json").unwrap()).unwrap();
    fields.as_object_mut().unwrap().remove("try");
    app.deploy_with(name, &read("index.ts").unwrap(), fields).await;
    app
}

#[test]
fn hello_greets() {
    run(async {
        let app = deployed("hello").await;
        assert_eq!(app.call("GET", "hello?name=mayfly").ok().await, json!({ "hello": "mayfly" }));
        assert_eq!(app.call("GET", "hello").ok().await, json!({ "hello": "world" }));
        assert_eq!(app.call("POST", "hello").send().await.status, 405);
    });
}

#[test]
fn notes_are_written_read_and_deleted() {
    run(async {
        let app = deployed("notes-api").await;
        let ask =
            |method: &str, rest: &str| app.call(method, &format!("notes-api{rest}")).key(&app.service_key);
        assert_eq!(app.call("GET", "notes-api").send().await.status, 401);
        let written = ask("POST", "").json(json!({ "body": "remember the milk" })).send().await;
        assert_eq!(written.status, 201, "{}", written.text());
        let note: Value = serde_json::from_slice(&written.body).unwrap();
        assert_eq!(note["body"], "remember the milk");
        let id = note["id"].as_i64().unwrap();
        assert_eq!(ask("GET", "").ok().await["notes"], json!([note]));
        assert_eq!(ask("GET", &format!("/{id}")).ok().await, note);
        assert_eq!(ask("POST", "").json(json!({ "text": 1 })).send().await.status, 400);
        assert_eq!(ask("DELETE", &format!("/{id}")).send().await.status, 204);
        assert_eq!(ask("DELETE", &format!("/{id}")).send().await.status, 404);
    });
}

#[test]
fn a_webhook_is_processed_once() {
    run(async {
        let app = deployed("webhook-dedupe").await;
        let event =
            |id: &str| app.call("POST", "webhook-dedupe").json(json!({ "id": id, "type": "order.paid" }));
        assert_eq!(event("evt_1").send().await.text(), "processed");
        assert_eq!(event("evt_1").send().await.text(), "duplicate");
        assert_eq!(event("evt_2").send().await.text(), "processed");
        assert_eq!(event("").send().await.status, 400);
    });
}

#[test]
fn a_webhook_of_github_is_handled_once_of_two_sends() {
    run(async {
        let app = deployed("webhook-github").await;
        let (url, dir) = (format!("http://{}", app.client.address()), folder());
        for _ in 0..2 {
            let args = ["mayfly", "webhook", "send", "github", "push", "--id", "1", "--to", "webhook-github"];
            let at = ["--dir", dir.to_str().unwrap(), "--url", &url, "--app", &app.id];
            assert_eq!(dispatch(Cli::try_parse_from([&args[..], &at].concat()).unwrap()).await, Exit::Ok);
        }
        let page = app.manage("GET", "/functions/webhook-github/webhook/deliveries").ok().await;
        let delivery = &page["deliveries"][0];
        assert_eq!((&delivery["state"], &delivery["duplicates"]), (&json!("done"), &json!(1)), "{page}");
        let records = app.logs("webhook-github").await;
        assert_eq!(records.len(), 1);
        assert_eq!(records[0]["consoleLogs"][0]["message"], "push to octocat/Hello-World refs/heads/main 1");
    });
}

#[test]
fn an_uploaded_text_is_counted() {
    run(async {
        let app = deployed("upload-index").await;
        let at = [
            "--url",
            &format!("http://{}", app.client.address()),
            "--app",
            &app.id,
            "--key",
            &app.service_key,
        ];
        let mayfly = async |arguments: &[&str]| {
            let all = [&["mayfly", "storage"], arguments, &at].concat();
            dispatch(Cli::try_parse_from(all).unwrap()).await
        };
        let directory = tempfile::tempdir().unwrap();
        let (file, back) = (directory.path().join("poem.txt"), directory.path().join("back.json"));
        fs::write(&file, "so much depends upon\na red wheel barrow\n").unwrap();
        assert_eq!(mayfly(&["buckets", "create", "texts"]).await, Exit::Ok);
        assert_eq!(mayfly(&["put", file.to_str().unwrap(), "texts/in/"]).await, Exit::Ok);
        let get = ["get", "texts/words/in/poem.txt.json", back.to_str().unwrap()];
        until("the result", async || (mayfly(&get).await == Exit::Ok).then_some(())).await;
        let counted: Value = serde_json::from_str(&fs::read_to_string(&back).unwrap()).unwrap();
        assert_eq!(counted, json!({ "key": "in/poem.txt", "words": 8 }));
        for arguments in
            [&["uploads", "upload-index"][..], &["list", "texts"], &["show"], &["keys", "create"]]
        {
            assert_eq!(mayfly(arguments).await, Exit::Ok, "{arguments:?}");
        }
        assert_eq!(mayfly(&["delete", "texts/in/poem.txt"]).await, Exit::Ok);
        assert_eq!(mayfly(&["get", "texts/in/poem.txt"]).await, Exit::NotFound);
        assert_eq!(mayfly(&["get", "texts"]).await, Exit::Usage);
    });
}

#[test]
fn a_background_job_ends_after_its_response() {
    run(async {
        let app = deployed("background").await;
        let accepted = app.call("POST", "background?name=nightly").send().await;
        assert_eq!(accepted.status, 202);
        let finished = loop {
            let finished = app.call("GET", "background").ok().await["finished"].clone();
            if finished != json!([]) {
                break finished;
            }
        };
        assert_eq!(finished[0]["name"], "nightly");
    });
}

#[test]
fn private_notes_stay_private_whatever_is_tried() {
    run(async {
        let app = deployed("private-notes").await;
        let (alice, bob) = (app.token("alice").await, app.token("bob").await);
        let ask =
            |method: &str, rest: &str, key: &str| app.call(method, &format!("private-notes{rest}")).key(key);
        for (key, body) in [(&alice, "of alice"), (&bob, "of bob")] {
            assert_eq!(ask("POST", "", key).json(json!({ "body": body })).send().await.status, 201);
        }
        let bodies = async |key: &str| {
            let notes = ask("GET", "", key).ok().await["notes"].clone();
            notes.as_array().unwrap().iter().map(|note| note["body"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(bodies(&alice).await, ["of alice"]);
        assert_eq!(bodies(&bob).await, ["of bob"]);
        assert_eq!(bodies(&app.service_key).await, ["a secret of carol's", "of alice", "of bob"]);
        let report = ask("POST", "/attack", &alice).ok().await;
        assert_eq!(report["leaked"], 0, "{report}");
        assert!(report["refused"].as_u64() > Some(60), "{report}");
        let sum = report["refused"].as_u64().unwrap() + report["ran"].as_u64().unwrap();
        assert_eq!(report["attacks"], sum, "{report}");
        assert_eq!(bodies(&app.service_key).await, ["a secret of carol's", "of alice", "of bob"]);
        assert_eq!(ask("POST", "/attack", &app.service_key).send().await.status, 400);
    });
}

#[test]
fn a_nightly_report_is_written_by_its_slot() {
    run(async {
        let app = deployed("nightly-report").await;
        let cron = || app.manage("GET", "/functions/nightly-report/cron");
        assert_eq!(cron().ok().await["next"].as_array().unwrap().len(), 10);
        app.manage("POST", "/functions/nightly-report/cron/run").send().await;
        let slot = until("the slot ends", || async {
            let slot = cron().ok().await["slots"][0].clone();
            (slot["ended_at"] != Value::Null).then_some(slot)
        })
        .await;
        assert_eq!((&slot["state"], &slot["status"]), (&json!("ran"), &json!(204)), "{slot}");
        let report = app.call("GET", "nightly-report").ok().await["reports"][0].clone();
        assert_eq!((&report["orders"], &report["cents"]), (&json!(2), &json!(1730)), "{report}");
    });
}

#[test]
fn a_receipt_is_sent_once_for_each_order() {
    run(async {
        let app = deployed("queue-receipts").await;
        let order =
            app.call("POST", "queue-receipts").json(json!({ "email": "ada@example.com" })).send().await;
        assert_eq!(order.status, 202, "{}", order.text());
        let sent = until("the receipt is sent", || async {
            let orders = app.call("GET", "queue-receipts").ok().await["orders"].clone();
            (orders[0]["sent_at"] != Value::Null).then_some(orders)
        })
        .await;
        assert_eq!((&sent[0]["email"], &sent[0]["attempts"]), (&json!("ada@example.com"), &json!(2)));
        assert_eq!(app.call("POST", "queue-receipts").json(json!({})).send().await.status, 400);
        let jobs = app.manage("GET", "/queues/queue-receipts/jobs").ok().await;
        assert_eq!(jobs["jobs"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn an_agent_finds_the_notes_of_its_user() {
    run(async {
        let app = deployed("agent-notes").await;
        let find = async |user: Option<&str>| {
            let ask = app.call("POST", "agent-notes").key(&app.service_key).json(json!({ "text": "milk" }));
            let ask = match user {
                Some(user) => ask.header("x-butterbase-as-user", user),
                None => ask,
            };
            ask.ok().await["notes"].as_array().unwrap().len()
        };
        assert_eq!((find(Some("alice")).await, find(Some("carol")).await, find(None).await), (1, 0, 2));
        let tool = app.manage("GET", "/tools").ok().await["tools"][0].clone();
        assert_eq!((&tool["name"], &tool["mode"]), (&json!("agent-notes"), &json!("read_only")));
    });
}

#[test]
fn two_tabs_of_a_page_talk_and_see_each_other() {
    run(async {
        let app = deployed("realtime-room").await;
        let page = app.call("GET", "realtime-room").send().await.text();
        assert!(page.contains(&format!("/v1/{}/realtime", app.id)) && page.contains(&app.anon_key));
        let protocols = format!("mayfly, bearer.{}", app.anon_key);
        let tab = async || {
            let stream = app.dial("", &[("sec-websocket-protocol", &protocols)]).await;
            let mut tab = TestSocket::greeted(stream).await;
            tab.send(json!({ "type": "presence_track", "channel": "room" })).await;
            let state = tab.next("presence_state").await;
            (tab, state["members"].as_array().unwrap().len())
        };
        let (mut one, here) = tab().await;
        assert_eq!(here, 1);
        let (mut two, here) = tab().await;
        assert_eq!(here, 2);
        let say = |text: &str| json!({ "type": "event", "event": "say", "payload": { "text": text } });
        one.send(say("hello")).await;
        let heard = two.next("broadcast").await;
        assert_eq!(heard["data"], json!({ "from": one.id[one.id.len() - 4..], "text": "hello" }));
        two.send(say(" ")).await;
        assert_eq!(two.next("event_response").await["status"], 400);
        let gone = one.id.clone();
        drop(one);
        while two.next("presence").await["event"] != "leave" {}
        two.send(json!({ "type": "presence_get", "channel": "room" })).await;
        let left = two.next("presence_state").await;
        assert!(!left.to_string().contains(&gone), "{left}");
    });
}

#[test]
fn all_examples_share_one_app() {
    run(async {
        // `mayfly dev examples` deploys them all into one.
        let app = TestApp::new().await;
        for entry in fs::read_dir(folder()).unwrap() {
            let entry = entry.unwrap();
            if let Ok(sql) = fs::read_to_string(entry.path().join("schema.sql")) {
                let name = entry.file_name().into_string().unwrap();
                app.manage("POST", "/sql").json(json!({ "sql": sql, "name": name })).ok().await;
            }
        }
    });
}

#[test]
fn every_example_is_whole() {
    let mut names: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        // `mayfly dev examples` keeps its own files in a hidden folder.
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    // A new example needs a test above, and a line here.
    assert_eq!(
        names,
        [
            "agent-notes",
            "background",
            "hello",
            "nightly-report",
            "notes-api",
            "private-notes",
            "queue-receipts",
            "realtime-room",
            "upload-index",
            "webhook-dedupe",
            "webhook-github"
        ]
    );
    for name in names {
        let readme = fs::read_to_string(folder().join(&name).join("README.md")).unwrap();
        let manifest = fs::read_to_string(folder().join(&name).join("function.json")).unwrap();
        let manifest: Value = serde_json::from_str(&manifest).unwrap();
        for line in manifest["try"].as_array().unwrap() {
            assert!(readme.contains(line.as_str().unwrap()), "{name}'s README does not show {line}");
        }
    }
}
