//! `transaction: "invocation"`: all that an invocation writes is committed with its response, or nothing is.

use serde_json::{Value, json};
use support::app::TestApp;
use support::cluster::run;
use support::wait::until;

/// An app with a table and two functions: `atomic` runs the code that it is sent, `rows` shows what is in the table.
async fn with_function(body: &str) -> TestApp {
    let app = TestApp::new().await;
    let sql = "CREATE TABLE notes (id serial PRIMARY KEY, body text NOT NULL UNIQUE, author text DEFAULT current_user_id());
        CREATE TABLE checked (id integer REFERENCES notes DEFERRABLE INITIALLY DEFERRED)";
    app.manage("POST", "/sql").json(json!({ "sql": sql })).ok().await;
    let code = format!(
        "const insert = (db, body) => db.query('INSERT INTO notes (body) VALUES ($1)', [body]);
         export default async (req, ctx) => {{ {body} }}"
    );
    let trigger = json!({ "type": "http", "config": { "auth": "optional" } });
    app.deploy_with("atomic", &code, json!({ "trigger": trigger, "transaction": "invocation" })).await;
    app.deploy("rows", "export default async (req, ctx) => Response.json((await ctx.db.query('SELECT body FROM notes ORDER BY id')).rows.map((row) => row.body))").await;
    app.deploy("work", "export default () => new Response()").await;
    app
}

async fn rows(app: &TestApp) -> Value {
    app.call("GET", "rows").ok().await
}

async fn jobs(app: &TestApp) -> usize {
    app.manage("GET", "/queues/work/jobs").ok().await["jobs"].as_array().unwrap().len()
}

#[test]
fn the_responses_status_decides() {
    run(async {
        let app = with_function(
            "const status = Number(new URL(req.url).searchParams.get('status'));
             await insert(ctx.db, 'a');
             await ctx.db.tx(async (tx) => { await insert(tx, 'b'); await ctx.enqueue('work', 1) });
             await ctx.enqueue('work', 2);
             const first = await ctx.idempotency.claim('key');
             const once = await ctx.idempotency.run('run', {}, async (tx) => { await insert(tx, 'c'); return 7 });
             if (status === 0) throw new Error('thrown');
             return Response.json({ first, once }, { status })",
        )
        .await;
        for status in [0, 500, 503, 599] {
            let answer = app.call("POST", &format!("atomic?status={status}")).send().await;
            assert_eq!(answer.status, if status == 0 { 500 } else { status }, "{}", answer.text());
            assert_eq!((rows(&app).await, jobs(&app).await), (json!([]), 0), "{status}");
        }
        // Neither claim was kept: both are free.
        let answer = app.call("POST", "atomic?status=499").send().await;
        assert_eq!((answer.status, answer.json()), (499, json!({ "first": true, "once": 7 })));
        assert_eq!((rows(&app).await, jobs(&app).await), (json!(["a", "b", "c"]), 2));
        until("the jobs run", async || {
            let queue = app.manage("GET", "/queues").ok().await["queues"][0].clone();
            (queue["done"] == 2).then_some(())
        })
        .await;
    });
}

#[test]
fn a_statement_that_fails_fails_alone() {
    run(async {
        let app = with_function(
            "const failed = [];
             const attempt = (work) => work.catch((error) => failed.push(error.code));
             await insert(ctx.db, 'a');
             await attempt(insert(ctx.db, 'a'));
             await attempt(ctx.db.query('DROP TABLE notes'));
             await attempt(ctx.db.query('SELECT 1/0'));
             await attempt(ctx.db.tx(async (tx) => { await insert(tx, 'undone'); await insert(tx, 'a') }));
             await attempt(ctx.db.tx(async (tx) => { await insert(tx, 'undone, too'); throw Object.assign(new Error(), { code: 'mine' }) }));
             await attempt((async () => { for await (const row of ctx.db.stream('SELECT 1 / (5 - n) AS n FROM generate_series(1, 9) n', [], { batchSize: 2 })); })());
             await attempt(ctx.enqueue('missing'));
             await insert(ctx.db, 'z');
             return Response.json(failed)",
        )
        .await;
        let answer = app.call("POST", "atomic").send().await;
        assert_eq!(answer.status, 200, "{}", app.logs("atomic").await[0]);
        let failed = answer.json();
        let codes =
            ["23505", "DB_STATEMENT_NOT_ALLOWED", "22012", "23505", "mine", "22012", "RESOURCE_NOT_FOUND"];
        assert_eq!(failed, json!(codes));
        assert_eq!(rows(&app).await, json!(["a", "z"]));
    });
}

#[test]
fn what_the_invocation_wrote_it_reads_and_others_do_not() {
    run(async {
        let app = with_function(
            "await insert(ctx.db, 'a');
             const outside = await (await ctx.invoke('rows')).json();
             const seen = [];
             for await (const row of ctx.db.stream('SELECT body FROM notes')) {
               seen.push(row.body);
               await insert(ctx.db, 'while streaming');
             }
             const read = await ctx.db.tx(async (tx) => (await tx.query('SELECT count(*)::int AS n FROM notes')).rows[0].n, { readOnly: true });
             const written = await ctx.db.tx((tx) => insert(tx, 'never'), { readOnly: true }).catch((error) => error.code);
             await Promise.all([1, 2, 3].map((n) => insert(ctx.db, `parallel ${n}`)));
             return Response.json({ outside, seen, read, written })",
        )
        .await;
        let answer = app.call("POST", "atomic").ok().await;
        assert_eq!(answer, json!({ "outside": [], "seen": ["a"], "read": 2, "written": "25006" }));
        assert_eq!(rows(&app).await.as_array().unwrap().len(), 5);
    });
}

#[test]
fn it_is_of_one_identity_and_one_isolation() {
    run(async {
        let app = with_function(
            "const refused = [];
             const attempt = (work) => work.then(() => refused.push(null), (error) => refused.push(error.code));
             await attempt(ctx.db.asUser('bob', (db) => insert(db, 'as bob')));
             await attempt(ctx.db.tx((tx) => insert(tx, 'x'), { isolation: 'serializable' }));
             // What stands beside an open ctx.db.tx is refused: it would be rolled back with it.
             await attempt(ctx.db.tx(async (tx) => { await insert(tx, 'within'); await insert(ctx.db, 'beside') }));
             await attempt(ctx.db.tx((tx) => insert(tx, 'after')));
             return Response.json(refused)",
        )
        .await;
        let token = app.token("alice").await;
        let refused = app.call("POST", "atomic").ok().await;
        assert_eq!(refused, json!(["0A000", "25001", "25002", null]));
        assert_eq!(rows(&app).await, json!(["after"]));
        // A user's invocation is one transaction as that user.
        app.call("POST", "atomic").key(&token).send().await;
        let trigger = json!({ "type": "http", "config": { "auth": "optional" } });
        let who = "export default async (req, ctx) => { await ctx.db.query('SELECT 1');
            return Response.json((await ctx.db.query('SELECT current_user_id() AS id, current_user::text AS role')).rows[0]) }";
        app.deploy_with("who", who, json!({ "trigger": trigger, "transaction": "invocation" })).await;
        let seen = app.call("POST", "who").key(&token).ok().await;
        assert_eq!(seen, json!({ "id": "alice", "role": "butterbase_user" }));
    });
}

#[test]
fn a_commit_that_fails_is_the_answer() {
    run(async {
        let app = with_function(
            "await insert(ctx.db, 'a');
             await ctx.db.query('INSERT INTO checked VALUES (999)');
             return new Response('committed')",
        )
        .await;
        let answer = app.call("POST", "atomic").key(&app.service_key).send().await;
        assert_eq!(answer.status, 500, "{}", answer.text());
        answer.is_problem("FUNCTION_THREW");
        assert!(answer.text().contains("was not committed"), "{}", answer.text());
        assert_eq!(rows(&app).await, json!([]));
        let record = &app.logs("atomic").await[0];
        assert_eq!(record["errorCode"], "FUNCTION_THREW", "{record}");
        assert_eq!(record["statusCode"], Value::Null);
    });
}

#[test]
fn what_comes_after_the_response_is_no_part_of_it() {
    run(async {
        let app = with_function(
            "await insert(ctx.db, 'before');
             const failing = new URL(req.url).searchParams.has('fail');
             ctx.waitUntil((async () => {
               await new Promise((done) => setTimeout(done, 100));
               await insert(ctx.db, 'in the background');
               await ctx.db.tx((tx) => insert(tx, 'in a transaction of its own'));
             })());
             const body = failing ? null : new ReadableStream({ async start(controller) {
               controller.enqueue(new TextEncoder().encode('a'));
               await new Promise((done) => setTimeout(done, 30));
               await insert(ctx.db, 'while streaming');
               controller.close();
             } });
             return new Response(body, { status: failing ? 500 : 200 })",
        )
        .await;
        assert_eq!(app.call("POST", "atomic?fail").send().await.status, 500);
        let record = until("the background ends", async || {
            let record = app.logs("atomic").await.into_iter().next();
            record.filter(|record| record["background"] != Value::Null)
        })
        .await;
        assert_eq!(rows(&app).await, json!(["in the background", "in a transaction of its own"]), "{record}");
        let sql = "DELETE FROM notes";
        app.manage("POST", "/sql").json(json!({ "sql": sql })).ok().await;
        assert_eq!(app.call("POST", "atomic").send().await.text(), "a");
        let kept = json!(["before", "while streaming", "in the background", "in a transaction of its own"]);
        until("the background ends", async || (rows(&app).await == kept).then_some(())).await;
    });
}

#[test]
fn an_invocation_that_is_cut_off_leaves_nothing() {
    run(async {
        let app = with_function("await insert(ctx.db, 'a'); for (;;);").await;
        app.manage("PATCH", "/functions/atomic/settings").json(json!({ "cpuLimitMs": 30 })).ok().await;
        let answer = app.call("POST", "atomic").send().await;
        answer.is_problem("FUNCTION_CPU_LIMIT");
        assert_eq!(rows(&app).await, json!([]));
        let open = with_function("await insert(ctx.db, 'a'); ctx.db.tx(() => new Promise(() => {})); await insert(ctx.db, 'b').catch(() => {}); return new Response()").await;
        let answer = open.call("POST", "atomic").key(&open.service_key).send().await;
        assert_eq!(answer.status, 500, "{}", answer.text());
        assert!(answer.text().contains("25002") || answer.text().contains("was open"), "{}", answer.text());
        assert_eq!(rows(&open).await, json!([]));
    });
}

#[test]
fn the_setting_is_shown_changed_and_checked() {
    run(async {
        let app =
            with_function("await insert(ctx.db, 'a'); return new Response(null, { status: 500 })").await;
        let shown = app.manage("GET", "/functions/atomic").ok().await;
        assert_eq!((&shown["transaction"], &shown["idempotencyKey"]), (&json!("invocation"), &json!("off")));
        let changed = json!({ "transaction": "none" });
        let changed = app.manage("PATCH", "/functions/atomic/settings").json(changed).ok().await;
        assert_eq!(changed["function"]["transaction"], "none");
        app.call("POST", "atomic").send().await;
        assert_eq!(rows(&app).await, json!(["a"]));
        let bad = json!({ "transaction": "always" });
        let refused = app.manage("PATCH", "/functions/atomic/settings").json(bad).send().await;
        assert_eq!(refused.status, 400);
        assert!(refused.text().contains("transaction"), "{}", refused.text());
    });
}
