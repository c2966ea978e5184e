//! `limits` of `PATCH /v1/{app}/config`: rate limits, concurrency with its queue, and daily limits.

use serde_json::{Value, json};
use support::app::{Node, TestApp};
use support::cluster::run;
use support::origin::Origin;

const HELLO: &str = "export default () => new Response('hi')";
/// A function that waits until the test releases it.
const HOLD: &str = "export default async (req, ctx) => {
    while (await (await fetch(ctx.env.DOOR)).text() !== 'open') {
        await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return new Response('done');
}";

async fn limit(app: &TestApp, limits: Value) {
    app.manage("PATCH", "/config").json(json!({ "limits": limits })).ok().await;
}

#[test]
fn a_rate_refuses_what_is_too_much_and_says_how_it_stands() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("hello", HELLO).await;
        let plain = app.call("GET", "hello").send().await;
        assert_eq!((plain.header("ratelimit"), plain.header("ratelimit-policy")), ("", ""));
        limit(&app, json!({ "rate_per_second": 1, "burst": 3 })).await;
        let mut answers = Vec::new();
        // More than the rate allows, however slow the machine.
        for _ in 0..40 {
            answers.push(app.call("GET", "hello").send().await);
        }
        let first = &answers[0];
        assert_eq!((first.status, first.header("ratelimit-policy")), (200, "\"second\";q=1;w=1"));
        assert_eq!(first.header("ratelimit"), "\"second\";r=2;t=1");
        let refused = answers.iter().find(|answer| answer.status == 429).expect("one too many");
        refused.is_problem("QUOTA_RATE_LIMIT");
        assert_eq!(refused.header("retry-after"), "1");
        assert_eq!(refused.header("ratelimit"), "\"second\";r=0;t=1");
        assert_eq!(refused.json()["error"]["details"], json!({ "quota": "rate_per_second", "limit": 1 }));
        assert_eq!(refused.header("x-invocation-id"), "", "nothing ran");
        // Management routes still work, and a raised limit takes effect at once.
        limit(&app, json!({})).await;
        assert_eq!(app.call("GET", "hello").send().await.status, 200);
    });
}

#[test]
fn one_more_than_may_run_waits_and_one_more_than_may_wait_is_refused() {
    run(async {
        let node = Node::start(|config| config.fetch_allow = vec!["127.0.0.1/32".parse().unwrap()]).await;
        let (app, other, door) = (node.app().await, node.app().await, Origin::start("closed").await);
        app.manage("PATCH", "/env").json(json!({ "envVars": { "DOOR": door.url("/") } })).ok().await;
        app.deploy("hold", HOLD).await;
        other.deploy("hello", HELLO).await;
        limit(&app, json!({ "concurrency": 2, "queue": 1, "queue_timeout_ms": 60_000 })).await;
        let call = || {
            let app = app.clone();
            tokio::spawn(async move { app.call("GET", "hold").send().await })
        };
        // Of four concurrent requests two run, one waits, and one, whichever it is, is refused.
        let mut calls = vec![call(), call(), call(), call()];
        let (refused, place, _) = futures_util::future::select_all(&mut calls).await;
        let refused = refused.unwrap();
        calls.remove(place);
        assert_eq!(refused.status, 429);
        refused.is_problem("CONCURRENCY_LIMIT");
        assert_eq!(refused.json()["error"]["details"]["limit"], 2);
        assert_eq!(other.call("GET", "hello").send().await.status, 200, "another app is not affected");
        door.answer(200, "open");
        for call in calls {
            assert_eq!(call.await.unwrap().text(), "done");
        }
        assert!(node.shutdown().await);
    });
}

#[test]
fn a_day_is_used_up_and_stays_so_over_a_restart_and_on_every_node() {
    run(async {
        let node = Node::start(|_| {}).await;
        let app = node.app().await;
        app.deploy("hello", HELLO).await;
        limit(&app, json!({ "daily_invocations": 3 })).await;
        for left in [3, 2, 1] {
            let answer = app.call("GET", "hello").send().await;
            assert_eq!(
                (answer.status, answer.header("ratelimit-policy")),
                (200, "\"invocations\";q=3;w=86400")
            );
            assert!(
                answer.header("ratelimit").starts_with(&format!("\"invocations\";r={left};t=")),
                "{left}"
            );
        }
        let refused = async |app: &TestApp| {
            let refused = app.call("GET", "hello").fails(429, "QUOTA_RATE_LIMIT").await;
            assert_eq!(
                refused.json()["error"]["details"],
                json!({ "quota": "daily_invocations", "limit": 3 })
            );
            assert!(refused.header("retry-after").parse::<u32>().unwrap() <= 86_401);
        };
        refused(&app).await;
        app.manage("POST", "/functions/hello/invoke").fails(429, "QUOTA_RATE_LIMIT").await;
        assert!(node.shutdown().await);
        let again = Node::start(|_| {}).await;
        let app = app.on(&again);
        refused(&app).await;
        limit(&app, json!({ "daily_fuel": 1 })).await;
        let used = app.call("GET", "hello").fails(429, "QUOTA_RATE_LIMIT").await;
        assert_eq!(used.json()["error"]["details"]["quota"], "daily_fuel", "what it ran had a price");
        limit(&app, json!({ "daily_fuel": 1_000_000_000_000_u64, "daily_egress_bytes": 0 })).await;
        app.call("GET", "hello").fails(429, "QUOTA_RATE_LIMIT").await;
        limit(&app, json!({})).await;
        assert_eq!(app.call("GET", "hello").send().await.status, 200);
        assert!(again.shutdown().await);
    });
}

#[test]
fn an_owner_cannot_lift_what_the_operator_set() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("hello", HELLO).await;
        let by_operator = app.client.ask("PATCH", &app.path("/config")).key(&app.admin_key);
        by_operator.json(json!({ "limits": { "daily_invocations": 0 } })).ok().await;
        limit(&app, json!({ "daily_invocations": 1_000_000 })).await;
        app.call("GET", "hello").fails(429, "QUOTA_RATE_LIMIT").await;
    });
}
