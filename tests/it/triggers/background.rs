//! `ctx.waitUntil`: each promise has a record of its own in the invocation's.

use serde_json::{Value, json};
use support::app::TestApp;
use support::cluster::run;
use support::wait::until;

async fn background(body: &str, fields: Value) -> (Value, Value) {
    let app = TestApp::new().await;
    let mut all = json!({ "trigger": { "type": "http", "config": { "auth": "none" } },
        "envVars": { "SECRET": "a-value-to-hide" } });
    for (name, value) in fields.as_object().unwrap() {
        all[name] = value.clone();
    }
    app.deploy_with("work", &format!("export default async (req, ctx) => {{ {body} }}"), all).await;
    // A test call waits until the background phase is over.
    app.manage("POST", "/functions/work/invoke").ok().await;
    let record = app.logs("work").await[0].clone();
    (record["background"].clone(), record)
}

#[test]
fn each_promise_says_how_it_ended() {
    run(async {
        let body = "const wait = (ms) => new Promise((done) => setTimeout(done, ms));
            ctx.waitUntil((async () => { await wait(30); console.log('first'); })());
            ctx.waitUntil((async () => { await wait(10); console.log('second'); throw new Error('no: ' + ctx.env.SECRET); })());
            ctx.waitUntil((async () => { await wait(20); ctx.waitUntil(wait(5)); })());
            ctx.waitUntil('no promise at all');
            console.log('answered');
            return new Response()";
        let (background, record) = background(body, json!({})).await;
        let promises = background["promises"].as_array().unwrap();
        let states: Vec<&str> = promises.iter().map(|promise| promise["state"].as_str().unwrap()).collect();
        assert_eq!(states, ["fulfilled", "rejected", "fulfilled", "fulfilled", "fulfilled"], "{background}");
        let rejected = &promises[1];
        assert_eq!(rejected["errorCode"], "FUNCTION_THREW");
        assert_eq!(rejected["error"], "the function threw Error: no: [SECRET]");
        assert_eq!(background["error"], rejected["error"], "the first failure is the phase's");
        let millis = |place: usize| promises[place]["duration"].as_f64().unwrap();
        assert!(millis(0) >= 30.0 && millis(1) >= 10.0 && millis(0) > millis(1), "{background}");
        assert!(promises[0]["fuel"].as_u64().unwrap() > 0);
        // What was printed while it was pending.
        let entries: Vec<&str> = record["consoleLogs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["message"].as_str().unwrap())
            .collect();
        let during = |place: usize| {
            let end = |name: &str| usize::try_from(promises[place][name].as_u64().unwrap()).unwrap();
            entries[end("logsFrom")..end("logsUntil")].to_vec()
        };
        assert_eq!((during(0), during(1)), (vec!["answered", "second", "first"], vec!["answered", "second"]));
        assert_eq!(background["promisesDropped"], 0);
    });
}

#[test]
fn what_a_limit_cuts_short_is_pending() {
    run(async {
        let body = "ctx.waitUntil((async () => { await null; for (;;); })());
            ctx.waitUntil(new Promise((done) => setTimeout(done, 60000)));
            return new Response()";
        let (background, _) = background(body, json!({ "cpuLimitMs": 50 })).await;
        assert_eq!(background["errorCode"], "FUNCTION_CPU_LIMIT", "{background}");
        let states: Vec<&Value> =
            background["promises"].as_array().unwrap().iter().map(|promise| &promise["state"]).collect();
        assert_eq!(states, ["pending", "pending"]);
    });
}

#[test]
fn very_many_promises_are_counted() {
    run(async {
        let body = "for (let n = 0; n < 250; n++) ctx.waitUntil(Promise.resolve(n)); return new Response()";
        let (background, _) = background(body, json!({})).await;
        assert_eq!(background["promises"].as_array().unwrap().len(), 100);
        assert_eq!(background["promisesDropped"], 150);
    });
}

#[test]
fn a_test_call_waits_for_it_unless_told_otherwise() {
    run(async {
        let app = TestApp::new().await;
        let code = "export default async (req, ctx) => {
            ctx.waitUntil(new Promise((done) => setTimeout(done, 150)).then(() => console.log('late')));
            return Response.json(1) }";
        app.deploy("waits", code).await;
        let ask = async |body: Value| app.manage("POST", "/functions/waits/invoke").json(body).ok().await;
        for body in [json!({}), json!({ "wait_background": true })] {
            let waited = ask(body).await;
            assert_eq!(waited["background"]["promises"][0]["state"], "fulfilled", "{waited}");
            assert_eq!(waited["logs"][0]["message"], "late");
            assert!(waited["fuel"].as_u64() > Some(0));
        }
        let at_once = ask(json!({ "wait_background": false })).await;
        assert_eq!((&at_once["status"], &at_once["body"]), (&json!(200), &json!(1)));
        assert_eq!([&at_once["background"], &at_once["logs"], &at_once["fuel"]], [&Value::Null; 3]);
        // It is in the record all the same.
        let id = at_once["invocation_id"].clone();
        until("it is recorded", async || {
            let record = app.logs("waits").await.into_iter().find(|record| record["id"] == id)?;
            (record["background"]["promises"][0]["state"] == "fulfilled").then_some(())
        })
        .await;
    });
}

#[test]
fn a_function_that_gives_none_has_no_background() {
    run(async {
        let (background, _) = background("return new Response()", json!({})).await;
        assert_eq!(background, Value::Null);
    });
}
