//! Queues: jobs that functions store by `ctx.enqueue`, and what becomes of them.

mod management;
mod nodes;
mod outcomes;
mod storing;

use serde_json::{Value, json};
use support::app::TestApp;
use support::client::Answer;
use support::wait::until;

/// A function that any caller reaches, with this body.
async fn deploy(app: &TestApp, name: &str, body: &str) {
    let code = format!("export default async (req, ctx) => {{ {body} }}");
    let trigger = json!({ "trigger": { "type": "http", "config": { "auth": "optional" } } });
    app.deploy_with(name, &code, trigger).await;
}

/// An app with a table of what jobs have seen, and a function `work` that writes there.
async fn with_worker() -> TestApp {
    let app = TestApp::new().await;
    let table = "CREATE TABLE seen (id bigserial PRIMARY KEY, what json NOT NULL)";
    app.manage("POST", "/sql").json(json!({ "sql": table })).ok().await;
    deploy(
        &app,
        "work",
        "const seen = { body: await req.text(), method: req.method, url: req.url, type: req.headers.get('x-trigger-type'),
           content: req.headers.get('content-type'), trigger: ctx.trigger, caller: ctx.caller, user: ctx.user };
         await ctx.db.query('INSERT INTO seen (what) VALUES ($1)', [seen]);
         return Response.json({ ok: true })",
    )
    .await;
    app
}

/// What jobs have seen, in their order.
async fn seen(app: &TestApp) -> Vec<Value> {
    deploy(app, "look", "return Response.json((await ctx.db.query('SELECT what FROM seen ORDER BY id')).rows.map((row) => row.what))")
        .await;
    app.call("POST", "look").ok().await.as_array().unwrap().clone()
}

/// A queue's jobs, newest first.
async fn jobs(app: &TestApp, queue: &str) -> Vec<Value> {
    app.manage("GET", &format!("/queues/{queue}/jobs")).ok().await["jobs"].as_array().unwrap().clone()
}

/// Store a job by the management route.
async fn enqueue(app: &TestApp, queue: &str, job: Value) -> Answer {
    app.manage("POST", &format!("/queues/{queue}/jobs")).json(job).send().await
}

/// The one job of the queue, once it is in this state.
async fn in_state(app: &TestApp, queue: &str, state: &str) -> Value {
    until(state, async || {
        let all = jobs(app, queue).await;
        assert!(all.len() <= 1, "{all:?}");
        all.into_iter().find(|job| job["state"] == state)
    })
    .await
}

/// Once that many of the queue's jobs are in this state.
async fn all_in_state(app: &TestApp, queue: &str, state: &str, count: usize) -> Vec<Value> {
    until(state, async || {
        let page = app.manage("GET", &format!("/queues/{queue}/jobs?limit=1000&state={state}")).ok().await;
        let found = page["jobs"].as_array().unwrap().clone();
        (found.len() == count).then_some(found)
    })
    .await
}
