//! `/v1/{app}/queues`: what an owner sees and sets, and who may.

use serde_json::{Value, json};
use support::app::TestApp;
use support::cluster::run;
use support::wait::until;

use super::{all_in_state, deploy, enqueue, in_state, with_worker};

#[test]
fn queues_are_listed_with_what_is_set_and_what_waits() {
    run(async {
        let app = with_worker().await;
        deploy(&app, "other", "return new Response()").await;
        let set = app.manage("PATCH", "/queues/work").json(json!({ "concurrency": 3 })).ok().await;
        assert_eq!(set, json!({ "name": "work", "concurrency": 3, "paused": false }));
        let set = app.manage("PATCH", "/queues/work").json(json!({ "paused": true })).ok().await;
        assert_eq!(
            set,
            json!({ "name": "work", "concurrency": 3, "paused": true }),
            "what is left out stays"
        );
        for _ in 0..3 {
            enqueue(&app, "work", json!({})).await;
        }
        enqueue(&app, "other", json!({})).await;
        in_state(&app, "other", "done").await;
        let queues = app.manage("GET", "/queues").ok().await;
        let queue = |place: usize| &queues["queues"][place];
        assert_eq!(
            (&queue(0)["name"], &queue(0)["done"], &queue(0)["waiting"]),
            (&json!("other"), &json!(1), &json!(0))
        );
        assert_eq!(
            (&queue(1)["name"], &queue(1)["waiting"], &queue(1)["paused"]),
            (&json!("work"), &json!(3), &json!(true))
        );
        assert!(queue(1)["oldest_due"].is_string() && queue(0)["oldest_due"].is_null());
        let set = app
            .manage("PATCH", "/queues/work")
            .json(json!({ "concurrency": null, "paused": false }))
            .ok()
            .await;
        assert_eq!(set, json!({ "name": "work", "concurrency": null, "paused": false }));
        all_in_state(&app, "work", "done", 3).await;
    });
}

#[test]
fn pages_of_jobs_lead_through_all_of_them() {
    run(async {
        let app = with_worker().await;
        for n in 0..5 {
            enqueue(&app, "work", json!({ "payload": n, "delay": 3600 })).await;
        }
        let mut path = "/queues/work/jobs?limit=2".to_owned();
        let mut ids = Vec::new();
        loop {
            let page = app.manage("GET", &path).ok().await;
            let jobs = page["jobs"].as_array().unwrap();
            assert!(jobs.len() <= 2 && jobs.iter().all(|job| job["payload"].is_null()));
            ids.extend(jobs.iter().map(|job| job["id"].as_str().unwrap().to_owned()));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("/queues/work/jobs?limit=2&cursor={cursor}");
        }
        let numbers: Vec<u64> =
            ids.iter().map(|id| id.strip_prefix("job_").unwrap().parse().unwrap()).collect();
        assert_eq!(numbers.len(), 5);
        assert!(numbers.is_sorted_by(|a, b| a > b), "newest first: {numbers:?}");
    });
}

#[test]
fn the_concurrency_of_a_queue_is_never_exceeded() {
    run(async {
        let app = TestApp::new().await;
        deploy(&app, "slow", "await new Promise((done) => setTimeout(done, 60)); return new Response()")
            .await;
        app.manage("PATCH", "/queues/slow").json(json!({ "concurrency": 2 })).ok().await;
        for n in 0..8 {
            enqueue(&app, "slow", json!({ "payload": n })).await;
        }
        let done = all_in_state(&app, "slow", "done", 8).await;
        let span =
            |job: &Value| ["started_at", "ended_at"].map(|field| job[field].as_str().unwrap().to_owned());
        for job in &done {
            let [started, _] = span(job);
            let beside = done.iter().map(span).filter(|[from, to]| *from <= started && started < *to).count();
            assert!(beside <= 2, "{beside} at {started}");
        }
    });
}

#[test]
fn what_ended_waits_or_runs_is_changed_only_where_that_makes_sense() {
    run(async {
        let app = TestApp::new().await;
        deploy(&app, "held", "await new Promise((done) => setTimeout(done, 1500)); return new Response()")
            .await;
        let running =
            enqueue(&app, "held", json!({ "key": "k" })).await.json()["id"].as_str().unwrap().to_owned();
        until("it runs", async || {
            let job = app.manage("GET", &format!("/queues/held/jobs/{running}")).ok().await;
            (job["state"] == "running").then_some(())
        })
        .await;
        for (method, rest) in [("DELETE", ""), ("POST", "/replay")] {
            let answer = app.manage(method, &format!("/queues/held/jobs/{running}{rest}")).send().await;
            assert_eq!(answer.status, 409, "{}", answer.text());
            answer.is_problem("RESOURCE_CONFLICT");
        }
        let waiting =
            enqueue(&app, "held", json!({ "delay": 3600 })).await.json()["id"].as_str().unwrap().to_owned();
        let path = format!("/queues/held/jobs/{waiting}");
        assert_eq!(app.manage("DELETE", &path).ok().await["state"], "cancelled");
        assert_eq!(app.manage("DELETE", &path).send().await.status, 409);
        assert_eq!(
            app.manage("POST", &format!("{path}/replay")).send().await.status,
            202,
            "cancelled ones, too"
        );
        for (method, path, status) in [
            ("GET", "/queues/held/jobs/job_999999", 404),
            ("GET", "/queues/other/jobs/job_1", 404),
            ("GET", "/queues/held/jobs/1", 404),
            ("DELETE", "/queues/held/jobs/job_0", 404),
            ("GET", "/queues/held/jobs?state=lost", 400),
            ("GET", "/queues/held/jobs?cursor=x", 400),
            ("GET", "/queues/held/jobs?limit=0", 400),
            ("PATCH", "/queues/nothing", 404),
            ("POST", "/queues/nothing/jobs", 404),
        ] {
            let answer = app.manage(method, path).json(json!({})).send().await;
            assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        }
        for (body, field) in [
            (json!({ "concurrency": 0 }), "concurrency"),
            (json!({ "concurrency": 1001 }), "concurrency"),
            (json!({ "paused": null, "rate": 1 }), "rate"),
        ] {
            let answer = app.manage("PATCH", "/queues/held").json(body.clone()).send().await;
            assert_eq!(answer.status, 400, "{body}: {}", answer.text());
            assert!(answer.text().contains(field), "{body}: {}", answer.text());
        }
        for (body, status, field) in [
            (json!({ "delay": -1 }), 400, "delay"),
            (json!({ "delay": 1, "at": "2030-01-01T00:00:00Z" }), 400, "at"),
            (json!({ "at": "9999-01-01T00:00:00Z" }), 400, "at"),
            (json!({ "attempts": 101 }), 400, "attempts"),
            (json!({ "backoff": 3601 }), 400, "backoff"),
            (json!({ "key": "" }), 400, "key"),
            (json!({ "job": 1 }), 400, "job"),
            (json!({ "payload": "x".repeat(256 << 10) }), 413, "payload"),
        ] {
            let answer = enqueue(&app, "held", body.clone()).await;
            assert_eq!(answer.status, status, "{field}: {}", answer.text());
            assert!(answer.text().contains(field), "{field}: {}", answer.text());
        }
    });
}

#[test]
fn only_keys_of_the_app_reach_its_queues() {
    run(async {
        let (app, other) = (with_worker().await, TestApp::new().await);
        let id = enqueue(&app, "work", json!({})).await.json()["id"].as_str().unwrap().to_owned();
        let token = app.token("alice").await;
        for (method, path) in [
            ("GET", "/queues".to_owned()),
            ("PATCH", "/queues/work".to_owned()),
            ("GET", "/queues/work/jobs".to_owned()),
            ("POST", "/queues/work/jobs".to_owned()),
            ("GET", format!("/queues/work/jobs/{id}")),
            ("POST", format!("/queues/work/jobs/{id}/replay")),
            ("DELETE", format!("/queues/work/jobs/{id}")),
        ] {
            for (key, status) in [(&other.service_key, 404), (&app.anon_key, 403), (&token, 401)] {
                let answer = app.client.ask(method, &app.path(&path)).key(key).json(json!({})).send().await;
                assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
            }
            let answer = app.client.ask(method, &app.path(&path)).json(json!({})).send().await;
            assert_eq!(answer.status, 401, "{method} {path}");
        }
    });
}
