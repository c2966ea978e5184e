//! What becomes of jobs: attempts with backoff, dead ones, poison that others pass, functions that are gone.

use serde_json::{Value, json};
use support::cluster::run;

use super::{all_in_state, deploy, enqueue, in_state, jobs, seen, with_worker};

#[test]
fn a_job_that_fails_is_tried_again_until_it_succeeds() {
    run(async {
        let app = with_worker().await;
        deploy(
            &app,
            "flaky",
            "await ctx.db.query('INSERT INTO seen (what) VALUES ($1)', [ctx.trigger]);
             if (ctx.trigger.attempt === 1) throw new Error('first');
             return new Response(null, { status: ctx.trigger.attempt < 6 ? 503 : 200 })",
        )
        .await;
        let job = json!({ "payload": 1, "attempts": 6, "backoff": 0.01 });
        enqueue(&app, "flaky", job).await.json();
        let done = in_state(&app, "flaky", "done").await;
        assert_eq!(
            (&done["attempt"], &done["status"], &done["error"]),
            (&json!(6), &json!(200), &Value::Null)
        );
        let seen = seen(&app).await;
        let attempts: Vec<_> = seen.iter().map(|trigger| trigger["attempt"].as_u64().unwrap()).collect();
        assert_eq!(attempts, [1, 2, 3, 4, 5, 6]);
        assert_eq!(seen[5]["fence"], 6);
        app.recorded("flaky", 6).await;
    });
}

#[test]
fn a_job_whose_attempts_are_used_up_is_dead_and_can_be_replayed() {
    run(async {
        let app = with_worker().await;
        deploy(
            &app,
            "poison",
            "const { rows } = await ctx.db.query('SELECT count(*)::int AS n FROM seen');
             if (rows[0].n > 0) return new Response('cured');
             throw new Error('poison')",
        )
        .await;
        let stored =
            enqueue(&app, "poison", json!({ "payload": "p", "attempts": 2, "backoff": 0 })).await.json();
        let dead = in_state(&app, "poison", "dead").await;
        assert_eq!((&dead["attempt"], &dead["status"]), (&json!(2), &Value::Null));
        assert_eq!(dead["error"]["code"], "FUNCTION_THREW");
        assert!(dead["error"]["message"].as_str().unwrap().contains("poison"), "{dead}");
        assert_eq!((&dead["run_at"], &dead["replays"]), (&Value::Null, &json!(0)));

        // The cause is mended: a job of another queue writes the row.
        enqueue(&app, "work", json!({})).await;
        in_state(&app, "work", "done").await;
        let path = format!("/queues/poison/jobs/{}/replay", stored["id"].as_str().unwrap());
        let replayed = app.manage("POST", &path).send().await;
        assert_eq!(replayed.status, 202, "{}", replayed.text());
        assert_eq!(replayed.json()["state"], "waiting");
        let done = in_state(&app, "poison", "done").await;
        assert_eq!(
            (&done["attempt"], &done["attempts"], &done["replays"]),
            (&json!(3), &json!(4), &json!(1))
        );
    });
}

#[test]
fn others_pass_a_poison_job() {
    run(async {
        let app = with_worker().await;
        deploy(&app, "mixed", "if ((await req.json()) === 'poison') for (;;); return new Response()").await;
        app.manage("PATCH", "/functions/mixed/settings").json(json!({ "cpuLimitMs": 20 })).ok().await;
        app.manage("PATCH", "/queues/mixed").json(json!({ "concurrency": 1 })).ok().await;
        enqueue(&app, "mixed", json!({ "payload": "poison", "attempts": 3, "backoff": 3600 })).await;
        for n in 0..20 {
            enqueue(&app, "mixed", json!({ "payload": n })).await;
        }
        all_in_state(&app, "mixed", "done", 20).await;
        let waiting = all_in_state(&app, "mixed", "waiting", 1).await;
        assert_eq!(waiting[0]["error"]["code"], "FUNCTION_CPU_LIMIT");
        assert_eq!(waiting[0]["attempt"], 1);
    });
}

#[test]
fn a_job_of_a_function_that_is_gone_is_dead_at_once() {
    run(async {
        let app = with_worker().await;
        deploy(&app, "gone", "return new Response()").await;
        app.manage("PATCH", "/queues/gone").json(json!({ "paused": true })).ok().await;
        enqueue(&app, "gone", json!({})).await;
        app.manage("DELETE", "/functions/gone").ok().await;
        // Its queue stays paused: only the jobs of what exists are started by others' wakes.
        assert_eq!(jobs(&app, "gone").await[0]["state"], "waiting");
        let refused = app.manage("PATCH", "/queues/gone").json(json!({ "paused": false })).send().await;
        assert_eq!(refused.status, 404, "{}", refused.text());
        deploy(&app, "gone", "return new Response()").await;
        app.manage("PATCH", "/queues/gone").json(json!({ "paused": false })).ok().await;
        in_state(&app, "gone", "done").await;

        enqueue(&app, "gone", json!({ "delay": 0.3 })).await;
        app.manage("DELETE", "/functions/gone").ok().await;
        let dead = all_in_state(&app, "gone", "dead", 1).await;
        assert_eq!(
            (&dead[0]["attempt"], &dead[0]["error"]["code"]),
            (&json!(1), &json!("RESOURCE_NOT_FOUND"))
        );
    });
}

#[test]
fn jobs_of_a_paused_app_wait() {
    run(async {
        let app = with_worker().await;
        app.manage("PATCH", "/config").json(json!({ "paused": true })).ok().await;
        let stored = enqueue(&app, "work", json!({ "payload": 1 })).await;
        assert_eq!(stored.status, 202, "{}", stored.text());
        // It is tried, given back, and no attempt is counted.
        let waiting = support::wait::until("given back", async || {
            let job = jobs(&app, "work").await.remove(0);
            (job["error"]["code"] == "APP_PAUSED").then_some(job)
        })
        .await;
        assert_eq!((&waiting["attempt"], &waiting["state"]), (&json!(0), &json!("waiting")));
        app.manage("PATCH", "/config").json(json!({ "paused": false })).ok().await;
        assert_eq!(in_state(&app, "work", "done").await["attempt"], 1);
    });
}
