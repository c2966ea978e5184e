//! `ctx.enqueue`: by itself, within transactions, with a key, at a time; and what it refuses.

use serde_json::{Value, json};
use support::cluster::run;

use super::{all_in_state, deploy, enqueue, in_state, jobs, seen, with_worker};

#[test]
fn a_job_runs_with_its_payload_and_is_accounted_for() {
    run(async {
        let app = with_worker().await;
        deploy(
            &app,
            "store",
            "return Response.json(await ctx.enqueue('work', { to: 'a@b.c', n: [1, null] }))",
        )
        .await;
        // As a user: the job runs as the service all the same, for no user.
        let stored = app.call("POST", "store").key(&app.token("alice").await).ok().await;
        assert_eq!(stored["duplicate"], false);
        let done = in_state(&app, "work", "done").await;
        assert_eq!((&done["id"], &done["status"], &done["attempt"]), (&stored["id"], &json!(200), &json!(1)));
        assert_eq!(
            (&done["attempts"], &done["backoff"], &done["error"]),
            (&json!(5), &json!(10.0), &Value::Null)
        );

        let seen = seen(&app).await;
        let seen = &seen[0];
        assert_eq!(
            (&seen["body"], &seen["method"]),
            (&json!(r#"{"to":"a@b.c","n":[1,null]}"#), &json!("POST"))
        );
        assert_eq!((&seen["type"], &seen["content"]), (&json!("queue"), &json!("application/json")));
        assert_eq!((&seen["caller"]["type"], &seen["user"]), (&json!("trigger"), &Value::Null));
        assert!(seen["url"].as_str().unwrap().ends_with(&app.path("/fn/work")), "{seen}");
        let trigger = &seen["trigger"];
        assert_eq!(
            trigger,
            &json!({ "type": "queue", "jobId": stored["id"], "key": null, "attempt": 1, "attempts": 5, "fence": 1,
                "enqueuedAt": done["enqueued_at"] })
        );
        let record = &app.recorded("work", 1).await[0];
        assert_eq!((&record["id"], &record["trigger"]), (&done["invocation_id"], &json!("queue")));
        let one =
            app.manage("GET", &format!("/queues/work/jobs/{}", stored["id"].as_str().unwrap())).ok().await;
        assert_eq!(one["payload"], json!({ "to": "a@b.c", "n": [1, null] }));
    });
}

#[test]
fn jobs_are_committed_with_the_transaction_around_them() {
    run(async {
        let app = with_worker().await;
        deploy(
            &app,
            "store",
            "const { how } = await req.json();
             const later = (ms) => new Promise((done) => setTimeout(done, ms));
             const ways = {
               async commits() { await ctx.db.tx(async (tx) => { await tx.enqueue('work', 'tx'); await ctx.enqueue('work', 'ctx') }) },
               async rollsBack() { await ctx.db.tx(async (tx) => { await tx.enqueue('work', 'x'); await ctx.enqueue('work', 'y'); throw new Error('no') }).catch(() => {}) },
               // Through timers, other promises and helpers that know of no transaction.
               async helper() { const helper = async () => { await later(1); return ctx.enqueue('work', 'helper') };
                 await ctx.db.tx(async () => { await Promise.all([helper(), later(2).then(helper)]); throw new Error('no') }).catch(() => {}) },
               async savepoint() { await ctx.db.tx(async (tx) => {
                 await tx.tx(async (inner) => { await inner.enqueue('work', 'undone'); throw new Error('no') }).catch(() => {});
                 await tx.tx(async () => { await ctx.enqueue('work', 'kept') }) }) },
               async beside() { await Promise.all([ctx.enqueue('work', 'beside'),
                 ctx.db.tx(async () => { await ctx.enqueue('work', 'within'); throw new Error('no') }).catch(() => {})]) },
               // What goes on after the end of a transaction is no part of it.
               async after() { let rest; await ctx.db.tx(async () => { rest = later(5).then(() => ctx.enqueue('work', 'after')) }); await rest },
               async claims() { for (const _ of [1, 2]) await ctx.idempotency.run('key', {}, async () => { await ctx.enqueue('work', 'once'); return 1 }) },
               async actor() { await ctx.db.asUser('bob', (db) => db.tx(async (tx) => { await tx.enqueue('work', 'as bob') })) },
             };
             try { await ways[how](); return new Response('ok') } catch (error) { return new Response(`${error.code} ${error.message}`, { status: 500 }) }",
        )
        .await;
        let mut expected = Vec::new();
        for (how, stored) in [
            ("commits", &["tx", "ctx"][..]),
            ("rollsBack", &[]),
            ("helper", &[]),
            ("savepoint", &["kept"]),
            ("beside", &["beside"]),
            ("after", &["after"]),
            ("claims", &["once"]),
            ("actor", &["as bob"]),
        ] {
            let answer = app.call("POST", "store").json(json!({ "how": how })).send().await;
            assert_eq!((answer.status, answer.text().as_str()), (200, "ok"), "{how}");
            expected.extend(stored.iter().map(|text| json!(text).to_string()));
            assert_eq!(jobs(&app, "work").await.len(), expected.len(), "{how}");
        }
        all_in_state(&app, "work", "done", expected.len()).await;
        let mut bodies: Vec<String> =
            seen(&app).await.iter().map(|seen| seen["body"].as_str().unwrap().to_owned()).collect();
        bodies.sort();
        expected.sort();
        assert_eq!(bodies, expected);
    });
}

#[test]
fn a_user_stores_jobs_in_transactions_and_by_sql_never() {
    run(async {
        let app = with_worker().await;
        deploy(
            &app,
            "store",
            "try {
               const { sql } = await req.json();
               if (sql) return Response.json((await ctx.db.query(sql)).rows);
               return Response.json(await ctx.db.tx((tx) => tx.enqueue('work', 'by a user')));
             } catch (error) { return new Response(error.code, { status: 400 }) }",
        )
        .await;
        let token = app.token("alice").await;
        app.call("POST", "store").key(&token).json(json!({})).ok().await;
        in_state(&app, "work", "done").await;
        let service = &app.service_key;
        for (sql, code) in [
            ("SELECT * FROM mayfly.enqueue('work', '', '1', 0, null, 1, 0, '9999999999.00')", "28000"),
            ("SELECT * FROM mayfly.enqueue('work', '', '1', 0, null, 1, 0, null)", "28000"),
            ("SELECT * FROM mayfly.jobs", "42501"),
            ("UPDATE mayfly.jobs SET state = 'waiting'", "42501"),
            ("DELETE FROM mayfly.queues", "42501"),
            ("SELECT mayfly.check_proof('queue', 'work', '', '1.1')", "42501"),
        ] {
            for key in [&token, service] {
                let answer = app.call("POST", "store").key(key).json(json!({ "sql": sql })).send().await;
                assert_eq!((answer.status, answer.text().as_str()), (400, code), "{sql}");
            }
            let script = app.manage("POST", "/sql").json(json!({ "sql": sql })).send().await;
            assert_eq!(script.status, 400, "the owner of the app: {sql}: {}", script.text());
        }
        assert_eq!(jobs(&app, "work").await.len(), 1);
    });
}

#[test]
fn a_key_is_of_one_open_job() {
    run(async {
        let app = with_worker().await;
        let waits = json!({ "payload": 1, "key": "k", "delay": 3600 });
        let first = enqueue(&app, "work", waits.clone()).await;
        assert_eq!(first.status, 202, "{}", first.text());
        let again = enqueue(&app, "work", json!({ "payload": 2, "key": "k" })).await.json();
        assert_eq!(again, json!({ "id": first.json()["id"], "duplicate": true }));
        // Another function's queue has keys of its own.
        deploy(&app, "other", "return new Response()").await;
        assert_eq!(enqueue(&app, "other", waits).await.json()["duplicate"], false);
        // Many at once: one job.
        deploy(
            &app,
            "many",
            "const all = await Promise.all(Array.from({ length: 20 }, () => ctx.enqueue('work', 3, { key: 'many', delay: 3600 })));
             return Response.json([new Set(all.map((job) => job.id)).size, all.filter((job) => !job.duplicate).length])",
        )
        .await;
        assert_eq!(app.call("POST", "many").ok().await, json!([1, 1]));
        // Once it has ended, the key is free.
        let path = format!("/queues/work/jobs/{}", first.json()["id"].as_str().unwrap());
        assert_eq!(app.manage("DELETE", &path).ok().await["state"], "cancelled");
        assert_eq!(
            enqueue(&app, "work", json!({ "payload": 4, "key": "k" })).await.json()["duplicate"],
            false
        );
    });
}

#[test]
fn a_job_starts_no_sooner_than_it_may() {
    run(async {
        let app = with_worker().await;
        deploy(
            &app,
            "store",
            "await ctx.enqueue('work', 'soon', { delay: 0.2 });
             await ctx.enqueue('work', 'at', { at: new Date(Date.now() + 300) });
             await ctx.enqueue('work', 'text', { at: new Date(Date.now() + 300).toISOString() });
             await ctx.enqueue('work', 'past', { at: 1000 });
             await ctx.enqueue('work', 'tomorrow', { delay: 86400 });
             return new Response()",
        )
        .await;
        app.call("POST", "store").send().await;
        for job in all_in_state(&app, "work", "done", 4).await {
            let times = [&job["enqueued_at"], &job["started_at"]].map(|at| at.as_str().unwrap().to_owned());
            assert!(times[0] <= times[1], "{job}");
        }
        let waiting = all_in_state(&app, "work", "waiting", 1).await;
        assert!(waiting[0]["run_at"].as_str() > waiting[0]["enqueued_at"].as_str());
        for seen in seen(&app).await {
            assert_ne!(seen["body"], "\"tomorrow\"");
        }
    });
}

#[test]
fn what_is_no_job_is_refused_and_nothing_is_stored() {
    run(async {
        let app = with_worker().await;
        deploy(
            &app,
            "store",
            "const [name, payload, options] = new Function('return ' + await req.text())();
             try { await ctx.enqueue(name, payload, options); return new Response('stored') }
             catch (error) { return new Response(error.code ?? `${error.name}: ${error.message}`) }",
        )
        .await;
        let year = 366 * 24 * 3600;
        for (arguments, refusal) in [
            ("['missing', 1]", "RESOURCE_NOT_FOUND"),
            (
                "['../work', 1]",
                "TypeError: ctx.enqueue(name, payload, options): name is the name of a function",
            ),
            ("[7, 1]", "TypeError: ctx.enqueue(name, payload, options): name is the name of a function"),
            ("['work', 'x'.repeat(256 * 1024 - 1)]", "54000"),
            (
                "['work', 1, { key: '' }]",
                "TypeError: ctx.enqueue(name, payload, options): key is a string of 1 to 255 characters",
            ),
            (
                "['work', 1, { key: 'k'.repeat(256) }]",
                "TypeError: ctx.enqueue(name, payload, options): key is a string of 1 to 255 characters",
            ),
            ("['work', 1, { key: 'a\\0b' }]", "22021"),
            (
                "['work', 1, { attempts: 101 }]",
                "TypeError: ctx.enqueue(name, payload, options): attempts is a whole number from 1 to 100",
            ),
            (
                "['work', 1, { attempts: 1.5 }]",
                "TypeError: ctx.enqueue(name, payload, options): attempts is a whole number from 1 to 100",
            ),
            (
                "['work', 1, { backoff: 3601 }]",
                "TypeError: ctx.enqueue(name, payload, options): backoff is a number of seconds from 0 to 3600",
            ),
            (
                "['work', 1, { delay: -1 }]",
                &format!(
                    "TypeError: ctx.enqueue(name, payload, options): delay is a number of seconds from 0 to {year}"
                ),
            ),
            (
                "['work', 1, { delay: 1, at: 1 }]",
                "TypeError: ctx.enqueue(name, payload, options): delay and at exclude each other",
            ),
            (
                "['work', 1, { at: 'soon' }]",
                "TypeError: ctx.enqueue(name, payload, options): at is a date, its text, or milliseconds since 1970",
            ),
            ("['work', 1, { at: 8e15 }]", "22008"),
            ("['work', 10n]", "TypeError: Do not know how to serialize a BigInt"),
        ] {
            let answer = app.call("POST", "store").body(arguments).send().await;
            let text = answer.text();
            let same = text == refusal || (refusal.ends_with("BigInt") && text.starts_with("TypeError"));
            assert!(same, "{arguments}: {text}");
        }
        assert_eq!(jobs(&app, "work").await, Vec::<Value>::new());
        // At its bounds a job is stored.
        let most = "['work', 'x'.repeat(256 * 1024 - 2), { key: 'k'.repeat(255), attempts: 100, backoff: 3600, delay: 366 * 24 * 3600 }]";
        assert_eq!(app.call("POST", "store").body(most).send().await.text(), "stored");
        assert_eq!(jobs(&app, "work").await.len(), 1);
    });
}
