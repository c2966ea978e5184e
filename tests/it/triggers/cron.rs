//! Cron triggers through the whole product: they fire, keep account of their slots, and do what their config says.

use serde_json::{Value, json};
use support::app::{Node, TestApp, deploy_body};
use support::cluster::{endpoint, run};
use support::wait::until;

/// A schedule that does not fire during a test.
const RARELY: &str = "0 0 29 2 *";

fn cron(config: Value) -> Value {
    json!({ "trigger": { "type": "cron", "config": config } })
}

async fn info(app: &TestApp, name: &str) -> Value {
    app.manage("GET", &format!("/functions/{name}/cron")).ok().await
}

async fn run_now(app: &TestApp, name: &str) -> Value {
    let answer = app.manage("POST", &format!("/functions/{name}/cron/run")).send().await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    answer.json()
}

/// The slots of a function, oldest first, once there are this many in these states.
async fn slots_in(app: &TestApp, name: &str, states: &[&str], count: usize) -> Vec<Value> {
    until(&format!("{count} slots in {states:?}"), || async {
        let shown = info(app, name).await;
        let mut slots = shown["slots"].as_array().unwrap().clone();
        slots.retain(|slot| states.contains(&slot["state"].as_str().unwrap()));
        slots.reverse();
        (slots.len() >= count).then_some(slots)
    })
    .await
}

#[test]
fn it_fires_by_its_schedule_and_keeps_account() {
    run(async {
        let app = TestApp::new().await;
        let code = "export default async (req, ctx) => {
            const { rows } = await ctx.db.query('SELECT current_user::text AS role');
            console.log(JSON.stringify({ body: await req.json(), method: req.method, trigger: ctx.trigger,
                caller: ctx.caller, user: ctx.user, role: rows[0].role, kind: req.headers.get('x-trigger-type') }));
            return new Response('ok') }";
        let config = json!({ "schedule": "* * * * * *", "timezone": "Europe/Vienna", "overlap": "allow" });
        let deployed = app.deploy_with("tick", code, cron(config)).await;
        assert_eq!(deployed["url"], Value::Null);
        let slots = slots_in(&app, "tick", &["ran"], 2).await;
        let times: Vec<&str> = slots.iter().map(|slot| slot["scheduled_at"].as_str().unwrap()).collect();
        assert!(times.is_sorted_by(|a, b| a < b), "one row a slot: {times:?}");
        assert!(times.iter().all(|time| time.ends_with(".000Z")), "{times:?}");
        let first = &slots[0];
        assert_eq!(
            (&first["status"], &first["attempt"], &first["error"]),
            (&json!(200), &json!(1), &Value::Null)
        );

        let path = format!("/functions/tick/logs?invocation={}", first["invocation_id"].as_str().unwrap());
        let record = app.manage("GET", &path).ok().await["logs"][0].clone();
        assert_eq!((&record["trigger"], &record["caller"]["type"]), (&json!("cron"), &json!("trigger")));
        let seen: Value =
            serde_json::from_str(record["consoleLogs"][0]["message"].as_str().unwrap()).unwrap();
        assert_eq!((&seen["method"], &seen["kind"]), (&json!("POST"), &json!("cron")));
        assert_eq!((&seen["user"], &seen["role"]), (&Value::Null, &json!("butterbase_service")));
        assert_eq!(seen["caller"]["type"], "trigger");
        let (body, trigger) = (&seen["body"], &seen["trigger"]);
        assert_eq!((&body["trigger"], &trigger["type"]), (&json!("cron"), &json!("cron")));
        assert_eq!(body["scheduled_at"], first["scheduled_at"]);
        assert_eq!(body["scheduled_at"], trigger["scheduledAt"]);
        assert_eq!((&body["schedule"], &body["timezone"]), (&json!("* * * * * *"), &json!("Europe/Vienna")));
        assert_eq!((&body["attempt"], &body["manual"]), (&json!(1), &json!(false)));

        let listed = app.manage("GET", "/triggers").ok().await["triggers"][0].clone();
        assert_eq!(
            (&listed["function"], &listed["type"], &listed["state"]),
            (&json!("tick"), &json!("cron"), &json!("active"))
        );
        assert!(listed["next_run"].is_string() && listed["last_run"]["status"] == 200, "{listed}");
        // Reachable through its enabled triggers only.
        app.call("POST", "tick").key(&app.service_key).fails(404, "RESOURCE_NOT_FOUND").await;
        app.manage("DELETE", "/functions/tick").ok().await;
        app.manage("GET", "/functions/tick/cron").fails(404, "RESOURCE_NOT_FOUND").await;
    });
}

#[test]
fn the_next_slots_are_shown_in_the_schedules_zone() {
    run(async {
        let app = TestApp::new().await;
        let config = json!({ "schedule": "30 2 29 2 *", "timezone": "America/New_York" });
        app.deploy_with("leap", "export default () => new Response()", cron(config)).await;
        let shown = info(&app, "leap").await;
        assert_eq!(shown["next"][0], "2028-02-29T07:30:00.000Z");
        assert_eq!(shown["next"].as_array().unwrap().len(), 10);
        assert_eq!((&shown["overlap"], &shown["catchup"]), (&json!("skip"), &json!("last")));
        app.deploy("hello", "export default () => new Response()").await;
        app.manage("GET", "/functions/hello/cron").fails(404, "RESOURCE_NOT_FOUND").await;
        app.manage("POST", "/functions/hello/cron/run").fails(404, "RESOURCE_NOT_FOUND").await;
    });
}

#[test]
fn a_failed_run_is_tried_again_as_the_config_asks() {
    run(async {
        let app = TestApp::new().await;
        let code = "export default (req, ctx) => new Response(null, { status: ctx.trigger.attempt < 3 ? 503 : 204 })";
        let config = json!({ "schedule": RARELY, "retries": 5, "backoff_seconds": 1 });
        app.deploy_with("flaky", code, cron(config)).await;
        let asked = run_now(&app, "flaky").await;
        assert_eq!((&asked["manual"], &asked["state"]), (&json!(true), &json!("waiting")));
        let slots = slots_in(&app, "flaky", &["ran", "failed"], 1).await;
        assert_eq!(
            (&slots[0]["state"], &slots[0]["attempt"], &slots[0]["status"]),
            (&json!("ran"), &json!(3), &json!(204)),
            "{slots:?}"
        );
        app.recorded("flaky", 3).await;

        let config = json!({ "schedule": RARELY });
        app.deploy_with("broken", "export default () => { throw new Error('no') }", cron(config.clone()))
            .await;
        app.deploy_with("refusing", "export default () => new Response('', { status: 404 })", cron(config))
            .await;
        run_now(&app, "broken").await;
        run_now(&app, "refusing").await;
        let broken = slots_in(&app, "broken", &["failed"], 1).await;
        assert_eq!(
            (&broken[0]["attempt"], &broken[0]["error"]["code"]),
            (&json!(1), &json!("FUNCTION_THREW")),
            "{broken:?}"
        );
        let refusing = slots_in(&app, "refusing", &["failed"], 1).await;
        assert_eq!(
            (&refusing[0]["status"], &refusing[0]["error"]["code"]),
            (&json!(404), &json!("FUNCTION_STATUS")),
            "{refusing:?}"
        );
    });
}

#[test]
fn a_slot_that_comes_while_the_last_one_runs_is_skipped_or_waits() {
    run(async {
        let app = TestApp::new().await;
        let code = "export default async () => { await new Promise((done) => setTimeout(done, 2500)); return new Response() }";
        for overlap in ["skip", "queue"] {
            let config = json!({ "schedule": "* * * * * *", "overlap": overlap });
            app.deploy_with(overlap, code, cron(config)).await;
        }
        let skipped = slots_in(&app, "skip", &["skipped_overlap"], 2).await;
        assert!(skipped.iter().all(|slot| slot["attempt"] == 0 && slot["invocation_id"].is_null()));
        // One after the other: what runs is always the oldest one.
        slots_in(&app, "queue", &["ran"], 2).await;
        let shown = info(&app, "queue").await;
        let states: Vec<&str> = shown["slots"]
            .as_array()
            .unwrap()
            .iter()
            .rev()
            .map(|slot| slot["state"].as_str().unwrap())
            .collect();
        let order =
            |state: &&str| ["ran", "running", "waiting"].iter().position(|known| known == state).unwrap();
        assert!(states.iter().map(order).is_sorted(), "{states:?}");
        assert!(states.iter().filter(|state| **state == "running").count() <= 1, "{states:?}");
        for overlap in ["skip", "queue"] {
            app.manage("DELETE", &format!("/functions/{overlap}")).ok().await;
        }
    });
}

#[test]
fn a_paused_apps_slots_are_accounted_for_and_a_disabled_trigger_has_none() {
    run(async {
        let app = TestApp::new().await;
        let every_second = json!({ "schedule": "* * * * * *" });
        app.deploy_with("tick", "export default () => new Response()", cron(every_second.clone())).await;
        app.manage("PATCH", "/config").json(json!({ "paused": true })).ok().await;
        let slots = slots_in(&app, "tick", &["skipped_paused"], 2).await;
        assert!(slots.iter().all(|slot| slot["invocation_id"].is_null()));
        assert_eq!(app.manage("GET", "/triggers").ok().await["triggers"][0]["state"], "paused");
        app.manage("PATCH", "/config").json(json!({ "paused": false })).ok().await;
        slots_in(&app, "tick", &["ran"], 1).await;

        let disabled = json!({ "trigger": { "type": "cron", "config": every_second, "enabled": false } });
        app.deploy_with("off", "export default () => new Response()", disabled).await;
        app.manage("POST", "/functions/off/cron/run").fails(409, "STATE_PREREQUISITE_MISSING").await;
        let before = slots_in(&app, "tick", &["ran"], 1).await.len();
        slots_in(&app, "tick", &["ran"], before + 2).await;
        let shown = info(&app, "off").await;
        assert_eq!((&shown["next"], &shown["slots"]), (&json!([]), &json!([])));
        app.manage("DELETE", "/functions/tick").ok().await;
    });
}

#[test]
fn a_redeploy_neither_fires_nor_skips() {
    run(async {
        let app = TestApp::new().await;
        let next = || async {
            let endpoint = endpoint();
            let client = endpoint.admin(endpoint.platform_database()).await.unwrap();
            let row = client
                .query_one(
                    "SELECT t.next_at < 'infinity', t.next_at::text, t.planned_from::text
                     FROM triggers t JOIN functions f ON f.id = t.function_id WHERE f.app_id = $1 AND t.kind = 'cron'",
                    &[&app.id],
                )
                .await
                .unwrap();
            (row.get::<_, Option<bool>>(0), row.get::<_, Option<String>>(1), row.get::<_, String>(2))
        };
        let deploy = |schedule: &'static str, code: &'static str| {
            let app = app.clone();
            async move { app.deploy_with("yearly", code, cron(json!({ "schedule": schedule }))).await }
        };
        deploy("0 0 1 1 *", "export default () => new Response()").await;
        until("the trigger is planned", || async { next().await.0 }).await;
        let planned = next().await;
        deploy("0 0 1 1 *", "export default () => new Response('other')").await;
        assert_eq!(next().await, planned, "the next slot is kept");
        deploy("0 0 1 2 *", "export default () => new Response()").await;
        until("it is planned again", || async { next().await.0 }).await;
        assert_ne!(next().await, planned, "another schedule begins at its deploy");
        assert_eq!(info(&app, "yearly").await["slots"], json!([]));
    });
}

#[test]
fn manual_runs_are_bounded() {
    run(async {
        let app = TestApp::new().await;
        let code = "export default async () => { await new Promise((done) => setTimeout(done, 5000)); return new Response() }";
        app.deploy_with("slow", code, cron(json!({ "schedule": RARELY }))).await;
        for _ in 0..10 {
            run_now(&app, "slow").await;
        }
        app.manage("POST", "/functions/slow/cron/run").fails(409, "RESOURCE_CONFLICT").await;
    });
}

#[test]
fn a_bad_config_names_its_field_and_keeps_nothing() {
    run(async {
        let app = TestApp::new().await;
        for (config, field) in [
            (json!({ "schedule": "61 * * * *" }), "trigger.config.schedule"),
            (json!({ "schedule": "0 0 30 2 *" }), "trigger.config.schedule"),
            (json!({ "schedule": "@reboot" }), "trigger.config.schedule"),
            (json!({ "schedule": "* * * * *", "timezone": "Mars/Olympus" }), "trigger.config.timezone"),
            (json!({ "schedule": "* * * * *", "overlap": "maybe" }), "trigger.config.overlap"),
            (json!({ "schedule": "* * * * *", "retries": -1 }), "trigger.config.retries"),
            (json!({ "schedule": "* * * * *", "timezon": "UTC" }), "trigger.config.timezon"),
            (json!({ "schedule": "x".repeat(201) }), "trigger.config.schedule"),
        ] {
            let body = deploy_body("bad", "export default () => new Response()", cron(config.clone()));
            let refused =
                app.manage("POST", "/functions").json(body).fails(400, "VALIDATION_INVALID_SCHEMA").await;
            assert!(refused.message().starts_with(field), "{config}: {}", refused.message());
        }
        assert_eq!(app.manage("GET", "/triggers").ok().await, json!({ "triggers": [] }));
    });
}

#[test]
fn a_shutdown_waits_for_a_run_and_settles_it() {
    run(async {
        let node = Node::start(|_| {}).await;
        let app = node.app().await;
        let code = "export default async (req, ctx) => { await new Promise((done) => setTimeout(done, 1000)); return new Response() }";
        app.deploy_with("slow", code, cron(json!({ "schedule": RARELY }))).await;
        run_now(&app, "slow").await;
        slots_in(&app, "slow", &["running"], 1).await;
        assert!(node.shutdown().await, "nothing is cut short");
        let other = Node::start(|_| {}).await;
        let slots = slots_in(&app.on(&other), "slow", &["ran"], 1).await;
        assert_eq!(slots[0]["attempt"], 1);
    });
}
