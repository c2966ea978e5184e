//! Webhook triggers: deliveries that are verified, run once, and kept.

mod faults;
mod killed;
mod ledger;
mod management;
mod promised;
mod sender;

use serde_json::{Value, json};
use support::app::TestApp;
use support::client::{Answer, Ask};
use support::cluster::run;
use support::wait::until;

/// What GitHub signs with.
const SECRET: &str = "It's a Secret to Everybody";

/// Answers with what it got, and with the status that the body asks for.
const ECHO: &str = "export default async (req, ctx) => {
    const bytes = new Uint8Array(await req.arrayBuffer());
    const text = new TextDecoder().decode(bytes);
    const { rows } = await ctx.db.query('SELECT current_user::text AS role');
    const status = text.startsWith('status ') ? Number(text.slice(7)) : 201;
    return Response.json({ text, bytes: [...bytes], headers: Object.fromEntries(req.headers), url: req.url,
        method: req.method, trigger: ctx.trigger, caller: ctx.caller, user: ctx.user, role: rows[0].role },
        { status, headers: { 'x-mine': 'yes' } });
}";

/// A trigger of this config.
fn trigger(config: Value) -> Value {
    json!({ "trigger": { "type": "webhook", "config": config } })
}

fn github() -> Value {
    trigger(json!({ "provider": "github", "secret": SECRET }))
}

/// An app with one function under a webhook trigger.
async fn with_function(code: &str, fields: Value) -> TestApp {
    let app = TestApp::new().await;
    app.deploy_with("hook", code, fields).await;
    app
}

fn hmac(secret: &str, body: &[u8]) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
    ring::hmac::sign(&key, body).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A delivery without any signature.
fn unsigned(app: &TestApp, body: impl AsRef<[u8]>) -> Ask {
    app.client.post(&app.path("/webhook/hook")).body(body.as_ref().to_vec())
}

/// A delivery as GitHub sends it.
fn delivery(app: &TestApp, id: &str, body: impl AsRef<[u8]>) -> Ask {
    let signature = format!("sha256={}", hmac(SECRET, body.as_ref()));
    unsigned(app, body).header("x-github-delivery", id).header("x-hub-signature-256", &signature)
}

/// The deliveries of the function, newest first.
async fn deliveries(app: &TestApp) -> Vec<Value> {
    let page = app.manage("GET", "/functions/hook/webhook/deliveries").ok().await;
    page["deliveries"].as_array().expect("deliveries").clone()
}

/// The one delivery of the function, once it is in this state.
async fn in_state(app: &TestApp, state: &str) -> Value {
    until(state, async || {
        let all = deliveries(app).await;
        assert!(all.len() <= 1, "{all:?}");
        all.into_iter().find(|one| one["state"] == state)
    })
    .await
}

fn says(answer: &Answer, text: &str) {
    assert_eq!((answer.status, answer.text().as_str()), (200, text));
}

fn is_refused(answer: &Answer, reason: &str) {
    assert_eq!(answer.status, 401, "{}", answer.text());
    answer.is_problem("AUTH_INVALID_SIGNATURE");
    assert_eq!(answer.json()["error"]["details"]["reason"], reason, "{}", answer.text());
}

#[test]
fn a_verified_delivery_runs_with_all_that_it_brought() {
    run(async {
        let app = with_function(ECHO, github()).await;
        let body = b"{\"a\": 1}\r\n\xff\0";
        let answer = delivery(&app, "72d3162e", body)
            .header("x-github-event", "push")
            .header("x-user-id", "root")
            .header("x-mayfly-version", "7")
            .header("user-agent", "GitHub-Hookshot/1")
            .header("x-trigger-type", "cron")
            .send()
            .await;
        assert_eq!((answer.status, answer.header("x-mine")), (201, "yes"), "{}", answer.text());
        let invocation = answer.header("x-invocation-id").to_owned();
        let got = answer.json();
        assert_eq!(got["bytes"], json!(body.to_vec()), "byte for byte");
        assert_eq!((&got["method"], &got["role"]), (&json!("POST"), &json!("butterbase_service")));
        assert_eq!((&got["user"], &got["caller"]["type"]), (&Value::Null, &json!("trigger")));
        assert!(got["url"].as_str().unwrap().ends_with(&app.path("/webhook/hook")), "{got}");
        let headers = &got["headers"];
        for (name, value) in [
            ("x-github-event", "push"),
            ("x-github-delivery", "72d3162e"),
            ("user-agent", "GitHub-Hookshot/1"),
            ("x-trigger-type", "webhook"),
            ("x-webhook-provider", "github"),
        ] {
            assert_eq!(headers[name], value, "{name}");
        }
        assert!(headers["x-hub-signature-256"].is_string());
        assert!(headers["x-user-id"].is_null() && headers["x-mayfly-version"].is_null());
        let fired = &got["trigger"];
        let known = &deliveries(&app).await[0];
        assert_eq!(fired["type"], "webhook");
        assert_eq!((&fired["provider"], &fired["providerId"]), (&json!("github"), &json!("72d3162e")));
        assert_eq!((&fired["attempt"], &fired["replay"]), (&json!(1), &json!(false)));
        assert_eq!((&fired["deliveryId"], &fired["receivedAt"]), (&known["id"], &known["received_at"]));
        assert_eq!((&known["state"], &known["status"]), (&json!("done"), &json!(201)));
        assert_eq!((&known["invocation_id"], &known["error"]), (&json!(invocation), &Value::Null));
        let record = &app.logs("hook").await[0];
        assert_eq!((&record["id"], &record["trigger"]), (&json!(invocation), &json!("webhook")));
        assert_eq!(record["path"], app.path("/webhook/hook"));
    });
}

#[test]
fn a_repeated_delivery_that_succeeded_is_a_duplicate() {
    run(async {
        let app = with_function(ECHO, github()).await;
        assert_eq!(delivery(&app, "one", "{}").send().await.status, 201);
        for count in 1..=2 {
            let again = delivery(&app, "one", "{}").send().await;
            let known = &deliveries(&app).await[0];
            assert_eq!((again.status, again.header("x-butterbase-duplicate")), (200, "true"));
            let expected = json!({ "ok": true, "delivery_id": known["id"], "duplicate": true });
            assert_eq!((again.json(), &known["duplicates"]), (expected, &json!(count)));
        }
        assert_eq!(app.logs("hook").await.len(), 1, "it ran once");
        assert_eq!(delivery(&app, "two", "{}").send().await.status, 201);
        // Without an id, every delivery is one of its own.
        let nameless =
            || unsigned(&app, "{}").header("x-hub-signature-256", &format!("sha256={}", hmac(SECRET, b"{}")));
        assert_eq!((nameless().send().await.status, nameless().send().await.status), (201, 201));
        assert_eq!(app.logs("hook").await.len(), 4);
        // The same id for another function's trigger is another delivery.
        app.deploy_with("other", ECHO, github()).await;
        let other =
            app.client.post(&app.path("/webhook/other")).body("{}").header("x-github-delivery", "one");
        let other = other.header("x-hub-signature-256", &format!("sha256={}", hmac(SECRET, b"{}")));
        assert_eq!(other.send().await.status, 201);
    });
}

#[test]
fn a_delivery_that_failed_runs_again_and_one_with_another_body_does_not() {
    run(async {
        let app = with_function(ECHO, github()).await;
        for (attempt, status) in [(1, 500), (2, 500)] {
            let failed = delivery(&app, "one", "status 500").send().await;
            assert_eq!(failed.status, status);
            assert_eq!(failed.json()["trigger"]["attempt"], attempt);
        }
        let known = &deliveries(&app).await[0];
        assert_eq!((&known["state"], &known["attempt"]), (&json!("failed"), &json!(2)));
        assert_eq!((&known["error"]["code"], &known["run_at"]), (&json!("FUNCTION_STATUS"), &Value::Null));
        let changed = delivery(&app, "one", "status 200").fails(422, "IDEMPOTENCY_MISMATCH").await;
        assert_eq!(changed.header("x-error-source"), "caller");
        assert_eq!(app.logs("hook").await.len(), 2, "nothing was run");
        app.deploy_with("hook", "export default () => new Response('ok')", json!({})).await;
        says(&delivery(&app, "one", "status 500").send().await, "ok");
        assert_eq!(delivery(&app, "one", "status 500").send().await.json()["duplicate"], true);
        delivery(&app, "one", "{}").fails(422, "IDEMPOTENCY_MISMATCH").await;
        let known = &deliveries(&app).await[0];
        assert_eq!((&known["state"], &known["attempt"]), (&json!("done"), &json!(3)));
        assert_eq!((app.logs("hook").await.len(), deliveries(&app).await.len()), (3, 1));
    });
}

#[test]
fn a_signature_that_is_not_good_runs_nothing_and_burns_no_id() {
    run(async {
        let app = with_function(ECHO, github()).await;
        is_refused(&unsigned(&app, "{}").header("x-github-delivery", "one").send().await, "missing_header");
        for (signature, reason) in [
            ("".to_owned(), "malformed_header"),
            ("sha256=zz".to_owned(), "malformed_header"),
            (hmac(SECRET, b"{}"), "malformed_header"),
            (format!("sha1={}", hmac(SECRET, b"{}")), "malformed_header"),
            (format!("sha256={}", hmac("another", b"{}")), "signature_mismatch"),
            (format!("sha256={}", hmac(SECRET, b"{ }")), "signature_mismatch"),
        ] {
            let sent = unsigned(&app, "{}").header("x-github-delivery", "one");
            is_refused(&sent.header("x-hub-signature-256", &signature).send().await, reason);
        }
        let twice = delivery(&app, "one", "{}").header("x-hub-signature-256", "sha256=00").send().await;
        is_refused(&twice, "repeated_header");
        // A line break in a header never gets as far.
        let raw = app
            .client
            .raw(
                format!(
                    "POST {} HTTP/1.1\r\nhost: h\r\nx-hub-signature-256: sha256=\rx: y\r\ncontent-length: 2\r\n\r\n{{}}",
                    app.path("/webhook/hook")
                )
                .as_bytes(),
            )
            .await;
        assert!(raw.starts_with("HTTP/1.1 400"), "{raw}");
        assert_eq!((app.logs("hook").await.len(), deliveries(&app).await.len()), (0, 0));
        assert_eq!(delivery(&app, "one", "{}").send().await.status, 201);
    });
}

#[test]
fn a_signature_of_another_time_is_refused_and_secrets_rotate() {
    run(async {
        let fields = trigger(json!({ "provider": "stripe", "secrets": ["whsec_new", "whsec_old"] }));
        let app = with_function(ECHO, fields).await;
        let now = chrono::Utc::now().timestamp();
        let body = r#"{"id":"evt_1","pending_webhooks":2}"#;
        let sent = |secret: &str, at: i64, body: &str| {
            let signature = hmac(secret, format!("{at}.{body}").as_bytes());
            unsigned(&app, body).header("stripe-signature", &format!("t={at},v1={signature}"))
        };
        for at in [now - 330, now + 330, 0] {
            is_refused(&sent("whsec_new", at, body).send().await, "timestamp_outside_tolerance");
        }
        is_refused(&sent("whsec_third", now, body).send().await, "signature_mismatch");
        assert_eq!(sent("whsec_old", now, body).send().await.status, 201);
        // Stripe counts in an event how many deliveries are pending: it comes again with another body.
        let again = sent("whsec_new", now + 1, r#"{"id":"evt_1","pending_webhooks":1}"#).send().await;
        assert_eq!((again.status, again.json()["duplicate"].clone()), (200, json!(true)));
        app.deploy_with("hook", ECHO, trigger(json!({ "provider": "stripe", "secret": "whsec_new" }))).await;
        is_refused(&sent("whsec_old", now, r#"{"id":"evt_2"}"#).send().await, "signature_mismatch");
    });
}

#[test]
fn providers_questions_are_answered_by_the_host() {
    run(async {
        let app =
            with_function(ECHO, trigger(json!({ "provider": "slack", "secret": "signing secret" }))).await;
        let now = chrono::Utc::now().timestamp().to_string();
        let body = r#"{"type":"url_verification","challenge":"3eZbrw1aB10FEMAGAZd4FyFQ"}"#;
        let ask = |secret: &str| {
            let signature = format!("v0={}", hmac(secret, format!("v0:{now}:{body}").as_bytes()));
            unsigned(&app, body)
                .header("x-slack-request-timestamp", &now)
                .header("x-slack-signature", &signature)
        };
        assert_eq!(ask("signing secret").ok().await, json!({ "challenge": "3eZbrw1aB10FEMAGAZd4FyFQ" }));
        is_refused(&ask("another").send().await, "signature_mismatch");
        let pair = ring::signature::Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let public = ring::signature::KeyPair::public_key(&pair).as_ref();
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let fields = trigger(json!({ "provider": "discord", "secret": hex(public) }));
        app.deploy_with("hook", ECHO, fields).await;
        let ask = |body: &str| {
            let signature = hex(pair.sign(format!("{now}{body}").as_bytes()).as_ref());
            unsigned(&app, body)
                .header("x-signature-timestamp", &now)
                .header("x-signature-ed25519", &signature)
        };
        assert_eq!(ask(r#"{"type":1,"version":1}"#).ok().await, json!({ "type": 1 }));
        assert_eq!(ask(r#"{"type":0,"version":1}"#).send().await.status, 204);
        assert_eq!((app.logs("hook").await.len(), deliveries(&app).await.len()), (0, 0));
        assert_eq!(ask(r#"{"type":2,"id":"11"}"#).send().await.json()["trigger"]["providerId"], "11");
    });
}
