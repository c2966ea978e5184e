//! Webhook triggers as their owner sees them: config, secrets, deliveries, replays.

use serde_json::{Value, json};
use support::app::{TestApp, deploy_body};
use support::cluster::run;

use super::{ECHO, SECRET, deliveries, delivery, github, hmac, in_state, trigger, unsigned, with_function};

async fn refused(app: &TestApp, config: Value) -> String {
    let body = deploy_body("hook", ECHO, trigger(config));
    app.manage("POST", "/functions").json(body).fails(400, "VALIDATION_INVALID_SCHEMA").await.message()
}

#[test]
fn secrets_are_never_shown_and_stay_until_they_are_replaced() {
    run(async {
        let app = with_function(ECHO, github()).await;
        let shown = |answer: &Value| {
            assert!(!answer.to_string().contains(SECRET), "{answer}");
            assert!(!answer.to_string().contains("sealed"), "{answer}");
        };
        let function = app.manage("GET", "/functions/hook").ok().await;
        shown(&function);
        assert_eq!(function["triggers"][0]["config"]["secret"], "***");
        assert_eq!(function["url"], Value::Null, "no http trigger");
        let listed = app.manage("GET", "/functions").ok().await;
        shown(&listed);
        let triggers = app.manage("GET", "/triggers").ok().await;
        shown(&triggers);
        let found = &triggers["triggers"][0];
        assert_eq!((&found["type"], &found["state"]), (&json!("webhook"), &json!("active")));
        assert_eq!(found["config"]["tolerance_seconds"], 300);
        assert_eq!(app.call("POST", "hook").send().await.status, 404, "no call of its URL");

        // A redeploy of what was shown, of less, and of nothing at all keeps the secret.
        let config = function["triggers"][0]["config"].clone();
        for fields in [trigger(config), trigger(json!({ "provider": "github" })), json!({})] {
            shown(&app.deploy_with("hook", ECHO, fields).await);
            assert_eq!(delivery(&app, "", "{}").send().await.status, 201);
        }
        app.deploy_with("hook", ECHO, trigger(json!({ "provider": "github", "secret": "another" }))).await;
        assert_eq!(delivery(&app, "", "{}").send().await.status, 401);
        // Another provider has another secret.
        let message = refused(&app, json!({ "provider": "stripe" })).await;
        assert!(message.starts_with("trigger.config.secret: is required"), "{message}");
        let list = json!({ "triggers": [{ "type": "http" }, { "type": "webhook", "config": { "provider": "slack" } }] });
        let refused = app.manage("POST", "/functions").json(deploy_body("new", ECHO, list)).send().await;
        assert!(
            refused.message().starts_with("triggers[1].config.secret: is required"),
            "{}",
            refused.text()
        );
        assert_eq!(app.manage("GET", "/functions/new").send().await.status, 404);
    });
}

#[test]
fn a_trigger_without_a_secret_has_to_say_so() {
    run(async {
        let app = with_function(
            ECHO,
            trigger(json!({ "provider": "custom", "secret_required": false,
            "idempotency_key_header": "X-Id" })),
        )
        .await;
        let sent = || unsigned(&app, "{}").header("x-id", "1").header("x-signature", "nonsense");
        assert_eq!(sent().send().await.json()["trigger"]["providerId"], "1");
        assert_eq!(sent().send().await.json()["duplicate"], true);
        // With a secret, signatures are checked.
        app.deploy_with(
            "hook",
            ECHO,
            trigger(json!({ "provider": "custom", "secret": "s", "secret_required": false,
            "signature_header": "X-Mine" })),
        )
        .await;
        assert_eq!(sent().send().await.status, 401);
        assert_eq!(unsigned(&app, "{}").header("x-mine", &hmac("s", b"{}")).send().await.status, 201);
    });
}

#[test]
fn what_is_not_there_is_404_paused_503_and_a_stranger_403() {
    run(async {
        let app = with_function(ECHO, github()).await;
        let post = |name: &str| app.client.post(&app.path(&format!("/webhook/{name}"))).body("{}");
        post("none").fails(404, "RESOURCE_NOT_FOUND").await;
        app.deploy("plain", ECHO).await;
        post("plain").fails(404, "RESOURCE_NOT_FOUND").await;
        app.client.post("/v1/app_000000000000/webhook/hook").fails(404, "RESOURCE_NOT_FOUND").await;
        let get = app.client.get(&app.path("/webhook/hook")).fails(405, "METHOD_NOT_ALLOWED").await;
        assert_eq!(get.header("allow"), "POST");
        app.manage("PATCH", "/config").json(json!({ "paused": true, "reason": "holiday" })).ok().await;
        let paused = delivery(&app, "one", "{}").fails(503, "APP_PAUSED").await;
        assert_eq!(paused.header("retry-after"), "60");
        app.manage("PATCH", "/config").json(json!({ "paused": false })).ok().await;
        let strangers =
            trigger(json!({ "provider": "github", "allowed_sources": ["192.0.2.0/24", "2001:db8::/32"] }));
        app.deploy_with("hook", ECHO, strangers).await;
        delivery(&app, "one", "{}").fails(403, "AUTH_FORBIDDEN").await;
        let local =
            trigger(json!({ "provider": "github", "allowed_sources": ["192.0.2.0/24", "127.0.0.0/8"] }));
        app.deploy_with("hook", ECHO, local).await;
        let disabled =
            json!({ "trigger": { "type": "webhook", "enabled": false, "config": { "provider": "github" } } });
        assert_eq!(delivery(&app, "one", "{}").send().await.status, 201);
        app.deploy_with("hook", ECHO, disabled).await;
        delivery(&app, "two", "{}").fails(404, "RESOURCE_NOT_FOUND").await;
        let replay = format!(
            "/functions/hook/webhook/deliveries/{}/replay",
            deliveries(&app).await[0]["id"].as_str().unwrap()
        );
        app.manage("POST", &replay).fails(409, "STATE_PREREQUISITE_MISSING").await;
        assert_eq!(deliveries(&app).await.len(), 1);
    });
}

#[test]
fn deliveries_are_listed_in_pages_shown_and_replayed() {
    run(async {
        let app = with_function(ECHO, github()).await;
        for id in ["one", "two", "three"] {
            delivery(&app, id, format!("body of {id}")).send().await;
        }
        delivery(&app, "bad", "status 500").send().await;
        let list = async |query: &str| {
            app.manage("GET", &format!("/functions/hook/webhook/deliveries{query}")).ok().await
        };
        let ids = |page: &Value| {
            let all = page["deliveries"].as_array().unwrap().iter();
            all.map(|one| one["provider_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let first = list("?limit=3").await;
        assert_eq!(ids(&first), ["bad", "three", "two"]);
        let rest = list(&format!("?limit=3&cursor={}", first["next_cursor"].as_str().unwrap())).await;
        assert_eq!((ids(&rest), &rest["next_cursor"]), (vec!["one".to_owned()], &Value::Null));
        assert_eq!(ids(&list("?state=failed").await), ["bad"]);
        for (query, path) in
            [("limit=0", "limit"), ("limit=1001", "limit"), ("cursor=x", "cursor"), ("state=lost", "state")]
        {
            let rest = format!("/functions/hook/webhook/deliveries?{query}");
            let refused = app.manage("GET", &rest).fails(400, "VALIDATION_INVALID_SCHEMA").await;
            assert!(refused.message().starts_with(path), "{}", refused.text());
        }
        let one = &rest["deliveries"][0];
        let path = format!("/functions/hook/webhook/deliveries/{}", one["id"].as_str().unwrap());
        assert_eq!(&app.manage("GET", &path).ok().await, one);
        assert_eq!((&one["body_bytes"], &one["has_body"]), (&json!(11), &json!(true)));

        let replayed = app.manage("POST", &format!("{path}/replay")).send().await;
        assert_eq!(replayed.status, 202, "{}", replayed.text());
        assert_eq!((&replayed.json()["state"], &replayed.json()["replays"]), (&json!("received"), &json!(1)));
        let done = support::wait::until("the replay is done", async || {
            let now = app.manage("GET", &path).ok().await;
            (now["state"] == "done").then_some(now)
        })
        .await;
        assert_eq!((&done["attempt"], &done["succeeded_at"]), (&json!(2), &one["succeeded_at"]));
        assert_ne!(done["invocation_id"], one["invocation_id"]);
        let record = support::wait::until("its record", async || {
            app.logs("hook").await.into_iter().find(|record| record["id"] == done["invocation_id"])
        })
        .await;
        assert_eq!(
            (&record["trigger"], &record["path"]),
            (&json!("webhook"), &json!(app.path("/webhook/hook")))
        );
        assert_eq!(
            delivery(&app, "one", "body of one").send().await.json()["duplicate"],
            true,
            "it stays one"
        );

        let missing = format!("/functions/hook/webhook/deliveries/whd_{}", "0".repeat(32));
        app.manage("GET", &missing).fails(404, "RESOURCE_NOT_FOUND").await;
        app.manage("POST", &format!("{missing}/replay")).fails(404, "RESOURCE_NOT_FOUND").await;
        app.manage("GET", "/functions/none/webhook/deliveries").fails(404, "RESOURCE_NOT_FOUND").await;
        let stranger = TestApp::new().await;
        let other = app.client.get(&app.path(&path)).key(&stranger.service_key);
        other.fails(404, "RESOURCE_NOT_FOUND").await;
    });
}

#[test]
fn a_replay_gets_the_same_bytes_and_headers() {
    run(async {
        // Keeps what it got, so that two runs can be compared.
        let code = "export default async (req, ctx) => {
            const text = [...new Uint8Array(await req.arrayBuffer())].join();
            await ctx.db.query('INSERT INTO got (text, mine, replay, attempt) VALUES ($1, $2, $3, $4)',
                [text, req.headers.get('x-github-event'), ctx.trigger.replay, ctx.trigger.attempt]);
            return new Response(null, { status: 204 });
        }";
        let app = TestApp::new().await;
        let table = "CREATE TABLE got (n serial, text text, mine text, replay boolean, attempt integer)";
        app.manage("POST", "/sql").json(json!({ "sql": table })).ok().await;
        app.deploy_with("hook", code, github()).await;
        app.deploy(
            "read",
            "export default async (req, ctx) => Response.json((await ctx.db.query(
            'SELECT text, mine, replay, attempt FROM got ORDER BY n')).rows)",
        )
        .await;
        let sent = delivery(&app, "one", b"\xff\0\r\n{").header("x-github-event", "push").send().await;
        assert_eq!(sent.status, 204, "{}", sent.text());
        let id = in_state(&app, "done").await["id"].as_str().unwrap().to_owned();
        app.manage("POST", &format!("/functions/hook/webhook/deliveries/{id}/replay")).ok().await;
        let rows = support::wait::until("both ran", async || {
            let rows = app.call("GET", "read").ok().await;
            (rows.as_array().unwrap().len() == 2).then_some(rows)
        })
        .await;
        let row = |replay: bool, attempt: u32| json!({ "text": "255,0,13,10,123", "mine": "push", "replay": replay, "attempt": attempt });
        assert_eq!(rows, json!([row(false, 1), row(true, 2)]));
    });
}
