//! Faults: copies that come at once, nodes that are lost, bodies that are too long.

use serde_json::{Value, json};
use support::app::{Node, TestApp, shared};
use support::cluster::{endpoint, run};
use support::origin::Origin;
use support::wait::until;

use super::{ECHO, SECRET, deliveries, delivery, github, in_state, says, trigger, unsigned, with_function};

/// Waits until the test lets it go on.
const HOLD: &str = "export default async (req, ctx) => {
    while (await (await fetch(ctx.env.DOOR)).text() !== 'open') {
        await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return new Response('done');
}";

/// Run a statement on the platform's tables, about one delivery.
async fn change(statement: &str, id: &Value) {
    let admin = endpoint().admin("mayfly").await.unwrap();
    let changed = admin.execute(statement, &[&id.as_str().unwrap()]).await.unwrap();
    assert_eq!(changed, 1);
}

/// As if a node that ran the delivery had been killed.
async fn lose(id: &Value) {
    let statement =
        "UPDATE webhook_deliveries SET state = 'running', node = 'node_killed', succeeded_at = NULL,
        run_at = NULL, claimed_until = now() - interval '1 s', attempts_max = greatest(attempts_max, attempt)
        WHERE id = $1";
    change(statement, id).await;
}

/// A node whose functions may ask the door, and an app on it with the function that waits for it.
async fn held(door: &Origin) -> (Node, TestApp) {
    let node = Node::start(|config| config.fetch_allow = vec!["127.0.0.1/32".parse().unwrap()]).await;
    let app = node.app().await;
    let mut fields = github();
    fields["envVars"] = json!({ "DOOR": door.url("/") });
    app.deploy_with("hook", HOLD, fields).await;
    (node, app)
}

#[test]
fn one_delivery_fifty_times_at_once_runs_once() {
    run(async {
        let door = Origin::start("shut").await;
        let (node, app) = held(&door).await;
        let copies: Vec<_> = (0..50).map(|_| tokio::spawn(delivery(&app, "one", "{}").send())).collect();
        // All but the one that runs are told to come again.
        until("49 were counted", async || {
            let all = deliveries(&app).await;
            (all.len() == 1 && all[0]["duplicates"] == 49).then_some(())
        })
        .await;
        let running = &deliveries(&app).await[0];
        assert_eq!(running["state"], "running");
        let replay = format!("/functions/hook/webhook/deliveries/{}/replay", running["id"].as_str().unwrap());
        app.manage("POST", &replay).fails(409, "RESOURCE_CONFLICT").await;
        door.answer(200, "open");
        let mut ran = 0;
        for copy in copies {
            let answer = copy.await.unwrap();
            if answer.status == 200 {
                says(&answer, "done");
                ran += 1;
            } else {
                assert_eq!((answer.status, answer.header("retry-after")), (409, "5"), "{}", answer.text());
                answer.is_problem("IDEMPOTENCY_CONFLICT");
            }
        }
        assert_eq!(ran, 1);
        app.recorded("hook", 1).await;
        assert_eq!(delivery(&app, "one", "{}").send().await.json()["duplicate"], true);
        assert!(node.shutdown().await);
    });
}

#[test]
fn one_promised_delivery_fifty_times_over_two_nodes_runs_once() {
    run(async {
        let fields = trigger(json!({ "provider": "github", "secret": SECRET, "async": true }));
        let app = with_function(ECHO, fields).await;
        let node = Node::start(|_| {}).await;
        let apps = [app.on(&node), app.clone()];
        let copies: Vec<_> =
            (0..50).map(|place| tokio::spawn(delivery(&apps[place % 2], "one", "{}").send())).collect();
        for copy in copies {
            let answer = copy.await.unwrap();
            assert!(matches!(answer.status, 200 | 202), "{}: {}", answer.status, answer.text());
        }
        let done = in_state(&app, "done").await;
        assert_eq!((&done["attempt"], &done["duplicates"]), (&json!(1), &json!(49)));
        assert!(node.shutdown().await);
        app.recorded("hook", 1).await;
    });
}

#[test]
fn a_client_that_disconnects_does_not_end_a_delivery() {
    run(async {
        let door = Origin::start("shut").await;
        let (node, app) = held(&door).await;
        let sender = tokio::spawn(delivery(&app, "one", "{}").send());
        in_state(&app, "running").await;
        until("it asks", async || (door.asked() > 0).then_some(())).await;
        sender.abort();
        door.answer(200, "open");
        assert_eq!(in_state(&app, "done").await["attempt"], 1);
        assert_eq!(delivery(&app, "one", "{}").send().await.json()["duplicate"], true);
        assert!(node.shutdown().await);
    });
}

#[test]
fn a_delivery_whose_node_was_killed_runs_again() {
    run(async {
        // The sender waited for it: its next delivery is the next attempt.
        let app = with_function(ECHO, github()).await;
        assert_eq!(delivery(&app, "one", "{}").send().await.status, 201);
        let id = deliveries(&app).await[0]["id"].clone();
        lose(&id).await;
        let lost = in_state(&app, "failed").await;
        assert_eq!((&lost["error"]["code"], &lost["run_at"]), (&json!("NODE_LOST"), &Value::Null));
        let again = delivery(&app, "one", "{}").send().await;
        assert_eq!((again.status, again.json()["trigger"]["attempt"].clone()), (201, json!(2)));
        assert_eq!(in_state(&app, "done").await["id"], id);

        // It was promised: a node runs it again by itself.
        let fields = json!({ "provider": "github", "secret": SECRET, "async": true, "backoff_seconds": 0 });
        let app = with_function(ECHO, trigger(fields)).await;
        assert_eq!(delivery(&app, "one", "{}").send().await.status, 202);
        let done = in_state(&app, "done").await;
        lose(&done["id"]).await;
        let done = until("it ran again", async || {
            let now = deliveries(&app).await.remove(0);
            (now["state"] == "done" && now["attempt"] == 2).then_some(now)
        })
        .await;
        assert_eq!(done["error"], Value::Null);
        app.recorded("hook", 2).await;
    });
}

#[test]
fn a_node_that_stops_finishes_what_it_runs_and_leaves_the_rest_to_others() {
    run(async {
        let door = Origin::start("shut").await;
        let (node, app) = held(&door).await;
        let sender = tokio::spawn(delivery(&app, "one", "{}").send());
        until("it asks", async || (door.asked() > 0).then_some(())).await;
        let stopping = tokio::spawn(node.shutdown());
        door.answer(200, "open");
        assert!(stopping.await.unwrap(), "all work was finished");
        says(&sender.await.unwrap(), "done");
        let app = app.on(shared().await);
        assert_eq!(in_state(&app, "done").await["attempt"], 1);
    });
}

#[test]
fn limits_of_the_app_count_and_a_long_body_is_refused() {
    run(async {
        let node = Node::start(|config| config.edge.body_bytes_max = 1_000).await;
        let app = node.app().await;
        app.deploy_with("hook", ECHO, github()).await;
        assert_eq!(delivery(&app, "long", " ".repeat(1_000)).send().await.status, 201);
        let long = unsigned(&app, " ".repeat(1_001)).fails(413, "PAYLOAD_TOO_LARGE").await;
        assert_eq!(long.json()["error"]["details"]["limit_bytes"], 1_000);
        app.manage("PATCH", "/config").json(json!({ "limits": { "daily_invocations": 1 } })).ok().await;
        let refused = delivery(&app, "one", "{}").fails(429, "QUOTA_RATE_LIMIT").await;
        assert!(refused.headers.contains_key("retry-after"));
        let known = &deliveries(&app).await[0];
        assert_eq!(
            (&known["state"], &known["error"]["code"]),
            (&json!("failed"), &json!("QUOTA_RATE_LIMIT"))
        );
        app.manage("PATCH", "/config").json(json!({ "limits": {} })).ok().await;
        assert_eq!(delivery(&app, "one", "{}").send().await.status, 201, "its id was not burnt");
        assert!(node.shutdown().await);
    });
}

#[test]
fn without_its_root_key_a_trigger_refuses_and_keeps_its_secret() {
    run(async {
        let app = with_function(ECHO, github()).await;
        let statement =
            "UPDATE triggers SET config = jsonb_set(config, '{secrets_sealed}', '\"v1.k9.AAAA.AAAA\"')
            WHERE function_id = $1";
        let id = app.manage("GET", "/functions/hook").ok().await["id"].clone();
        change(statement, &id).await;
        let other = Node::start(|_| {}).await;
        delivery(&app.on(&other), "one", "{}").fails(500, "SECRETS_UNAVAILABLE").await;
        assert!(other.shutdown().await);
        assert!(deliveries(&app).await.is_empty());
    });
}
