//! `POST /v1/{app}/usage/verify`: a replayed invocation uses the fuel that was charged.

use serde_json::{Value, json};
use support::app::{TestApp, keyring};
use support::client::Ask;
use support::cluster::run;

const WORK: &str = "export default async (req, ctx) => {
    const { rows } = await ctx.db.query('SELECT random() AS r, $1::text AS secret', [ctx.env.SECRET]);
    let x = 0;
    for (let i = 0; i < rows[0].r * 20000 + Math.random() * 20000; i++) x += i;
    const first = await ctx.idempotency.claim(crypto.randomUUID());
    ctx.waitUntil(ctx.db.query('SELECT 1'));
    return Response.json({ first, length: (await req.text()).length });
}";

fn verify(app: &TestApp, invocation: &str) -> Ask {
    app.manage("POST", "/usage/verify").json(json!({ "invocation": invocation }))
}

/// The newest invocation of a function.
async fn newest(app: &TestApp, name: &str) -> Value {
    app.logs(name).await.remove(0)
}

#[test]
fn a_recorded_invocation_gives_the_same_fuel_whatever_has_changed_since() {
    run(async {
        let app = TestApp::new().await;
        let fields = json!({ "recordPercent": 100, "envVars": { "SECRET": "correct horse" },
            "trigger": { "type": "http", "config": { "auth": "none" } } });
        app.deploy_with("work", WORK, fields).await;
        let mut fuels = Vec::new();
        for _ in 0..3 {
            app.call("POST", "work").body("a body").ok().await;
            fuels.push(newest(&app, "work").await["fuel"].as_u64().unwrap());
        }
        let record = newest(&app, "work").await;
        let id = record["id"].as_str().unwrap();
        let wanted = json!({ "invocation_id": id, "fuel": fuels[2], "replayed_fuel": fuels[2],
            "matches": true, "divergence": null });
        assert_eq!(verify(&app, id).ok().await, wanted);
        fuels.dedup();
        assert!(fuels.len() > 1, "chance had no say in it: {fuels:?}");
        // Another version, other variables, less memory: the recording is unaffected.
        let other = json!({ "envVars": { "SECRET": "battery" }, "memoryLimitMb": 16 });
        app.deploy_with("work", "export default () => new Response('other')", other).await;
        assert_eq!(verify(&app, id).ok().await, wanted);
        // Another app's key has no access.
        let stranger = TestApp::new().await;
        verify(&stranger, id).fails(404, "RESOURCE_NOT_FOUND").await;
        app.manage("DELETE", "/functions/work").ok().await;
        // Its image is still on this node's disk; the record and the recording outlive it in any case.
        assert_eq!(verify(&app, id).ok().await, wanted);
    });
}

#[test]
fn failures_are_verified_too_and_what_the_clock_ended_is_not() {
    run(async {
        let app = TestApp::new().await;
        let record = |timeout_ms: u32| {
            json!({ "recordPercent": 100, "cpuLimitMs": 50, "timeoutMs": timeout_ms,
                "trigger": { "type": "http", "config": { "auth": "none" } } })
        };
        // On a busy machine 50 ms of CPU take long.
        app.deploy_with("spin", "export default () => { while (true); }", record(30_000)).await;
        app.call("GET", "spin").fails(500, "FUNCTION_CPU_LIMIT").await;
        let id = newest(&app, "spin").await["id"].as_str().unwrap().to_owned();
        let verified = verify(&app, &id).ok().await;
        // The limit, plus the reserve that reporting the stack used.
        let fuel = verified["fuel"].as_u64().unwrap();
        assert!(verified["matches"] == true && (500_000_000..520_000_000).contains(&fuel), "{verified}");

        let code = "export default () => new Promise(done => setTimeout(done, 60_000))";
        app.deploy_with("wait", code, record(300)).await;
        app.call("GET", "wait").fails(504, "FUNCTION_TIMEOUT").await;
        let id = newest(&app, "wait").await["id"].as_str().unwrap().to_owned();
        let answer = verify(&app, &id).fails(409, "STATE_PREREQUISITE_MISSING").await;
        assert!(answer.message().contains("wall clock"));
    });
}

#[test]
fn what_was_not_recorded_is_said() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("plain", "export default async (req) => new Response(await req.text())").await;
        app.call("POST", "plain").body("x").send().await;
        let id = newest(&app, "plain").await["id"].as_str().unwrap().to_owned();
        let answer = verify(&app, &id).fails(409, "STATE_PREREQUISITE_MISSING").await;
        assert!(answer.message().contains("recordPercent"));
        // A body above the limit leaves no recording, but the invocation is complete.
        app.manage("PATCH", "/functions/plain/settings").json(json!({ "recordPercent": 100 })).ok().await;
        for (bytes, status) in [(200 << 10, 200), (300 << 10, 409)] {
            app.call("POST", "plain").body("x".repeat(bytes)).send().await;
            let id = newest(&app, "plain").await["id"].as_str().unwrap().to_owned();
            assert_eq!(verify(&app, &id).send().await.status, status, "{bytes}");
        }
        verify(&app, "inv_00000000000000000000000000000000").fails(404, "RESOURCE_NOT_FOUND").await;
        for body in [json!({}), json!({ "invocation": 1 }), json!({ "invocation": "x", "more": 1 })] {
            app.manage("POST", "/usage/verify").json(body).fails(400, "VALIDATION_INVALID_SCHEMA").await;
        }
    });
}

#[test]
fn a_recording_is_encrypted_and_holds_no_credentials() {
    run(async {
        let app = TestApp::new().await;
        let fields = json!({ "recordPercent": 100, "envVars": { "SECRET": "correct horse" } });
        app.deploy_with("work", WORK, fields).await;
        app.call("POST", "work").key(&app.service_key).body("a body").ok().await;
        let id = newest(&app, "work").await["id"].as_str().unwrap().to_owned();
        let admin = support::cluster::endpoint().admin("mayfly").await.unwrap();
        let row =
            admin.query_one("SELECT sealed FROM recordings WHERE invocation_id = $1", &[&id]).await.unwrap();
        let sealed: String = row.get(0);
        assert!(sealed.starts_with("v1.") && !sealed.contains("correct"));
        let name = mayfly_core::invoke::recording_name(&id);
        let opened = keyring().decrypt_bytes(&app.id, None, &name, &sealed).unwrap();
        let text = String::from_utf8_lossy(&opened).into_owned();
        assert!(text.contains("a body") && text.contains("correct horse"));
        assert!(!text.contains(&app.service_key));
        assert_eq!(verify(&app, &id).ok().await["matches"], true);
    });
}
