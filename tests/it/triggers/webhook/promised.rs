//! `async: true`: a delivery is answered once it is durable, and run with retries until it succeeds or is dead.

use serde_json::{Value, json};
use support::app::TestApp;
use support::cluster::run;
use support::wait::until;

use super::{SECRET, deliveries, delivery, in_state, trigger};

/// Fails as often as the body says, then succeeds.
const FAILS: &str = "export default async (req, ctx) => {
    if (ctx.trigger.attempt <= Number(await req.text())) throw new Error('not yet\\0');
    return new Response('ok');
}";

fn promised(retries: u32) -> Value {
    trigger(
        json!({ "provider": "github", "secret": SECRET, "async": true, "retries": retries, "backoff_seconds": 0 }),
    )
}

async fn with_function(code: &str, fields: Value) -> TestApp {
    super::with_function(code, fields).await
}

#[test]
fn a_handler_that_fails_five_times_succeeds_the_sixth() {
    run(async {
        let app = with_function(FAILS, promised(5)).await;
        let accepted = delivery(&app, "one", "5").send().await;
        assert_eq!(accepted.status, 202, "{}", accepted.text());
        let done = in_state(&app, "done").await;
        assert_eq!(accepted.json(), json!({ "ok": true, "delivery_id": done["id"] }));
        assert_eq!(
            (&done["attempt"], &done["status"], &done["async"]),
            (&json!(6), &json!(200), &json!(true))
        );
        let again = delivery(&app, "one", "5").send().await;
        assert_eq!((again.status, again.json()["duplicate"].clone()), (200, json!(true)));
        app.recorded("hook", 6).await;
        delivery(&app, "one", "4").fails(422, "IDEMPOTENCY_MISMATCH").await;
    });
}

#[test]
fn without_attempts_left_it_is_dead_and_a_replay_or_the_sender_brings_it_back() {
    run(async {
        let app = with_function(FAILS, promised(1)).await;
        assert_eq!(delivery(&app, "one", "4").send().await.status, 202);
        let dead = in_state(&app, "dead").await;
        assert_eq!((&dead["attempt"], &dead["run_at"]), (&json!(2), &Value::Null));
        assert_eq!(dead["error"]["code"], "FUNCTION_THREW");
        let replay = format!("/functions/hook/webhook/deliveries/{}/replay", dead["id"].as_str().unwrap());
        assert_eq!(app.manage("POST", &replay).send().await.status, 202);
        let dead = until("dead again", async || {
            let now = in_state(&app, "dead").await;
            (now["attempt"] == 4).then_some(now)
        })
        .await;
        // Never a success, so its id is not burnt: the sender's next delivery is another chance.
        let again = delivery(&app, "one", "4").send().await;
        assert_eq!((again.status, again.json()), (202, json!({ "ok": true, "delivery_id": dead["id"] })));
        let done = in_state(&app, "done").await;
        assert_eq!((&done["attempt"], &done["replays"]), (&json!(5), &json!(1)));
    });
}

#[test]
fn one_that_waits_is_a_duplicate_and_a_paused_app_keeps_it() {
    run(async {
        let fields = trigger(
            json!({ "provider": "github", "secret": SECRET, "async": true, "backoff_seconds": 3600 }),
        );
        let app = with_function(FAILS, fields).await;
        let first = delivery(&app, "one", "1").send().await.json();
        let failed = in_state(&app, "failed").await;
        assert!(failed["run_at"].is_string(), "it runs again: {failed}");
        let again = delivery(&app, "one", "1").send().await;
        assert_eq!(again.status, 202);
        assert_eq!(
            again.json(),
            json!({ "ok": true, "delivery_id": first["delivery_id"], "duplicate": true })
        );
        // A replay is the next attempt, now; while the app is paused, it waits.
        app.manage("PATCH", "/config").json(json!({ "paused": true })).ok().await;
        let replay = format!("/functions/hook/webhook/deliveries/{}/replay", failed["id"].as_str().unwrap());
        assert_eq!(app.manage("POST", &replay).send().await.status, 202);
        let other = with_function(FAILS, promised(0)).await;
        assert_eq!(delivery(&other, "one", "0").send().await.status, 202);
        in_state(&other, "done").await;
        let waiting = deliveries(&app).await.remove(0);
        assert_eq!((&waiting["state"], &waiting["attempt"]), (&json!("received"), &json!(1)), "{waiting}");
        // A disabled trigger starts nothing, also not what waits.
        let disabled = json!({ "trigger": { "type": "webhook", "enabled": false,
            "config": { "provider": "github", "async": true } } });
        app.deploy_with("hook", FAILS, disabled).await;
        app.manage("PATCH", "/config").json(json!({ "paused": false })).ok().await;
        let dead = in_state(&app, "dead").await;
        assert_eq!(dead["error"]["code"], "RESOURCE_NOT_FOUND", "{dead}");
        app.recorded("hook", 1).await;
    });
}
