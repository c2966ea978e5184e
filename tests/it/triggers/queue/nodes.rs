//! Jobs over several nodes: each runs once, whichever node stored it; and one that a node took with it runs again.

use std::collections::HashSet;
use std::time::Duration;

use mayfly_tenant_db::queue::{JobClaim, JobEnd, JobOutcome};
use serde_json::{Value, json};
use support::app::{Node, TestApp};
use support::cluster::{endpoint, run};

use super::{all_in_state, deploy, enqueue, seen, with_worker};

#[test]
fn two_nodes_run_each_job_once() {
    run(async {
        let app = with_worker().await;
        let other = Node::start(|_| {}).await;
        let there = app.on(&other);
        deploy(
            &app,
            "store",
            "await Promise.all((await req.json()).map((n) => ctx.enqueue('work', n))); return new Response()",
        )
        .await;
        let batches = (0..10).map(|batch| (batch * 20..batch * 20 + 20).collect::<Vec<u32>>());
        let stores = batches.enumerate().map(|(place, batch)| {
            let on = if place % 2 == 0 { app.clone() } else { there.clone() };
            async move {
                let answer = on.call("POST", "store").json(json!(batch)).send().await;
                assert_eq!(answer.status, 200, "{}", answer.text());
            }
        });
        futures_util::future::join_all(stores).await;
        all_in_state(&app, "work", "done", 200).await;
        let seen = seen(&app).await;
        let bodies: HashSet<&str> = seen.iter().map(|seen| seen["body"].as_str().unwrap()).collect();
        assert_eq!((seen.len(), bodies.len()), (200, 200));
        assert!(seen.iter().all(|seen| seen["trigger"]["fence"] == 1));
        other.shutdown().await;
    });
}

#[test]
fn what_a_frozen_node_had_runs_elsewhere_and_is_not_settled_twice() {
    run(async {
        // On a server of its own, whose job finds no app but this one; the other node is this test.
        let app = with_worker().await;
        app.manage("PATCH", "/queues/work").json(json!({ "paused": true })).ok().await;
        let id = enqueue(&app, "work", json!({ "payload": 1, "backoff": 0 })).await.json()["id"].clone();
        let tenants = support::app::shared().await.tenants();
        let frozen = tenants.job_session(&app.id, "frozen").await.unwrap();
        let database = endpoint().admin(&app.id).await.unwrap();
        database.execute("UPDATE mayfly.queues SET paused = false", &[]).await.unwrap();
        let claim = JobClaim { limit: 10, lease: Duration::from_millis(1) };
        let stepped = frozen.step(&[], Some(claim)).await.unwrap();
        assert_eq!(stepped.claimed.len(), 1);
        let fence = stepped.claimed[0].fence;

        // Its lease is over: any look of another node ends that attempt, and starts the next one.
        app.manage("PATCH", "/queues/work").json(json!({ "paused": false })).ok().await;
        let done = all_in_state(&app, "work", "done", 1).await;
        assert_eq!((&done[0]["id"], &done[0]["attempt"]), (&id, &json!(2)));
        let late = JobOutcome {
            id: stepped.claimed[0].id,
            fence,
            end: JobEnd::Ran {
                invocation_id: None,
                status: Some(500),
                error: Some(("LATE".to_owned(), "late".to_owned())),
                is_final: true,
            },
        };
        assert_eq!(frozen.step(&[late], None).await.unwrap().settled, 0);
        let after = all_in_state(&app, "work", "done", 1).await;
        assert_eq!(after[0]["error"], Value::Null);
        assert_eq!(seen(&app).await[0]["trigger"]["fence"], 2);
    });
}

#[test]
fn an_idle_app_is_not_watched() {
    run(async {
        let app = with_worker().await;
        let platform = endpoint().admin(endpoint().platform_database()).await.unwrap();
        let watched = async || {
            let sql = "SELECT count(*) FROM watched_queues WHERE app_id = $1";
            platform.query_one(sql, &[&app.id]).await.unwrap().get::<_, i64>(0)
        };
        assert_eq!(watched().await, 0, "it never had a job");
        enqueue(&app, "work", json!({})).await;
        all_in_state(&app, "work", "done", 1).await;
        assert_eq!(watched().await, 1, "a transaction may still be open that stores one");
        let store = support::app::shared().await.store();
        // Ten minutes later.
        platform
            .execute("UPDATE watched_queues SET armed_until = now() WHERE app_id = $1", &[&app.id])
            .await
            .unwrap();
        assert_eq!(store.watched_queues().look_again(&app.id, None).await.unwrap(), None);
        assert_eq!(watched().await, 0);
        // A job of next week keeps it.
        store.watched_queues().arm(&app.id).await.unwrap();
        platform
            .execute("UPDATE watched_queues SET armed_until = now() WHERE app_id = $1", &[&app.id])
            .await
            .unwrap();
        let week = 7.0 * 86_400.0;
        let next = store.watched_queues().look_again(&app.id, Some(week)).await.unwrap().unwrap();
        assert!((next - week).abs() < 5.0, "{next}");
        assert_eq!(watched().await, 1);
    });
}

#[test]
fn old_jobs_are_deleted_and_the_newest_are_kept() {
    run(async {
        let app = TestApp::new().await;
        let database = endpoint().admin(&app.id).await.unwrap();
        database
            .batch_execute(
                "INSERT INTO mayfly.jobs (queue, state, payload, attempts_max, retries, backoff_seconds, run_at)
                 SELECT 'q', s, '1', 1, 0, 0, now() FROM generate_series(1, 30), (VALUES ('done'), ('dead'), ('cancelled'),
                     ('waiting'), ('running')) states (s)",
            )
            .await
            .unwrap();
        let session = support::app::shared().await.tenants().job_session(&app.id, "tidy").await.unwrap();
        assert_eq!(session.tidy(10).await.unwrap(), 60);
        assert_eq!(session.tidy(10).await.unwrap(), 0);
        let rows = database
            .query("SELECT state, count(*), min(id) FROM mayfly.jobs GROUP BY state ORDER BY state", &[])
            .await
            .unwrap();
        let kept: Vec<(String, i64)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        let expected = [("cancelled", 10), ("dead", 10), ("done", 10), ("running", 30), ("waiting", 30)];
        assert_eq!(kept, expected.map(|(state, count)| (state.to_owned(), count)));
    });
}
