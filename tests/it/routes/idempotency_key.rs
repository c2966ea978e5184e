//! `Idempotency-Key`: a request that is sent again gets the first one's response, for functions that ask for it.

use futures_util::future::join_all;
use serde_json::{Value, json};
use support::app::TestApp;
use support::client::{Answer, Ask};
use support::cluster::run;

/// An app with a function that notes each of its runs, and then does `body`.
async fn with_function(settings: Value, body: &str) -> TestApp {
    let app = TestApp::new().await;
    let sql = "CREATE TABLE runs (id serial PRIMARY KEY, body text)";
    app.manage("POST", "/sql").json(json!({ "sql": sql })).ok().await;
    let code = format!(
        "export default async (req, ctx) => {{
           const text = await req.text();
           const note = () => ctx.db.query('INSERT INTO runs (body) VALUES ($1) RETURNING id', [text]);
           {body} }}"
    );
    let mut fields = settings;
    fields["trigger"] = json!({ "type": "http", "config": { "auth": "optional" } });
    app.deploy_with("pay", &code, fields).await;
    app.deploy("runs", "export default async (req, ctx) => Response.json((await ctx.db.query('SELECT count(*)::int AS n FROM runs')).rows[0].n)").await;
    app
}

async fn runs(app: &TestApp) -> u64 {
    app.call("GET", "runs").ok().await.as_u64().unwrap()
}

fn keyed(app: &TestApp, key: &str, body: &str) -> Ask {
    app.call("POST", "pay").header("idempotency-key", key).body(body.to_owned())
}

fn is_replayed(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == "true"
}

const PAYS: &str = "const { rows } = await note();
    return new Response(new Uint8Array([0, 255, rows[0].id]), { status: 201, headers: [['set-cookie', 'a=1'], ['set-cookie', 'b=2'], ['x-run', `${rows[0].id}`]] });";

#[test]
fn a_repeated_request_gets_the_first_ones_response() {
    for transaction in ["none", "invocation"] {
        run(async {
            let settings = json!({ "idempotencyKey": "optional", "transaction": transaction });
            let app = with_function(settings, PAYS).await;
            let first = keyed(&app, "one", "10 euros").send().await;
            assert_eq!(
                (first.status, first.header("x-run"), is_replayed(&first)),
                (201, "1", false),
                "{}",
                first.text()
            );
            for _ in 0..2 {
                let again = keyed(&app, "one", "10 euros").send().await;
                assert_eq!((again.status, again.header("x-run"), is_replayed(&again)), (201, "1", true));
                assert_eq!(
                    (&again.body, again.header("x-invocation-id")),
                    (&first.body, first.header("x-invocation-id"))
                );
                assert_eq!(again.headers("set-cookie"), ["a=1", "b=2"]);
            }
            assert_eq!(runs(&app).await, 1);
            let other = keyed(&app, "two", "10 euros").send().await;
            assert_eq!((other.header("x-run"), is_replayed(&other)), ("2", false));
            let bare = app.call("POST", "pay").body("10 euros").send().await;
            assert_eq!((bare.header("x-run"), is_replayed(&bare)), ("3", false), "without a key");
            assert_eq!(runs(&app).await, 3);
        });
    }
}

#[test]
fn another_request_under_the_key_is_refused() {
    run(async {
        let app = with_function(json!({ "idempotencyKey": "optional" }), PAYS).await;
        keyed(&app, "k", "10 euros").send().await;
        for other in [
            keyed(&app, "k", "11 euros"),
            keyed(&app, "k", "10 euros").header("content-type", "application/json"),
            app.call("PUT", "pay").header("idempotency-key", "k").body("10 euros"),
            app.call("POST", "pay?twice").header("idempotency-key", "k").body("10 euros"),
            app.call("POST", "pay/again").header("idempotency-key", "k").body("10 euros"),
        ] {
            let refused = other.send().await;
            assert_eq!(refused.status, 422, "{}", refused.text());
            refused.is_problem("IDEMPOTENCY_MISMATCH");
        }
        assert_eq!(runs(&app).await, 1);
    });
}

#[test]
fn a_key_is_its_callers() {
    run(async {
        let app = with_function(json!({ "idempotencyKey": "optional" }), PAYS).await;
        let (alice, bob) = (app.token("alice").await, app.token("bob").await);
        let mut seen = Vec::new();
        for key in [Some(&alice), Some(&bob), Some(&app.service_key), None] {
            let ask = keyed(&app, "same", "x");
            let ask = if let Some(key) = key { ask.key(key) } else { ask };
            let answer = ask.send().await;
            assert!(!is_replayed(&answer));
            seen.push(answer.header("x-run").to_owned());
        }
        assert_eq!(seen, ["1", "2", "3", "4"]);
        assert_eq!(keyed(&app, "same", "x").key(&bob).send().await.header("x-run"), "2");
    });
}

#[test]
fn of_many_at_once_one_runs() {
    run(async {
        let slow =
            "await note(); await new Promise((done) => setTimeout(done, 400)); return new Response('paid')";
        let app = with_function(json!({ "idempotencyKey": "optional" }), slow).await;
        let all = join_all((0..20).map(|_| keyed(&app, "many", "x").send())).await;
        let mut statuses: Vec<u16> = all.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [vec![200], vec![409; 19]].concat());
        let refused = all.iter().find(|answer| answer.status == 409).unwrap();
        refused.is_problem("IDEMPOTENCY_CONFLICT");
        assert!(!refused.header("retry-after").is_empty());
        assert_eq!(runs(&app).await, 1);
        assert!(is_replayed(&keyed(&app, "many", "x").send().await));
    });
}

#[test]
fn what_failed_runs_again_and_what_was_refused_does_not() {
    for (transaction, kept) in [("none", 5), ("invocation", 1)] {
        run(async {
            let body = "await note();
                if (text === 'throws') throw new Error('no');
                return new Response(text, { status: Number(text) })";
            let settings = json!({ "idempotencyKey": "optional", "transaction": transaction });
            let app = with_function(settings, body).await;
            for (key, body, status) in [("a", "throws", 500), ("b", "503", 503)] {
                for _ in 0..2 {
                    let answer = keyed(&app, key, body).send().await;
                    assert_eq!((answer.status, is_replayed(&answer)), (status, false), "{}", answer.text());
                }
            }
            let first = keyed(&app, "c", "404").send().await;
            let again = keyed(&app, "c", "404").send().await;
            assert_eq!((first.status, again.status, is_replayed(&again)), (404, 404, true));
            // Without a transaction, what failed has left its rows each time.
            assert_eq!(runs(&app).await, kept, "{transaction}");
        });
    }
}

#[test]
fn streams_are_answered_whole_and_too_long_ones_not_at_all() {
    run(async {
        let body = "await note();
            const size = Number(text);
            return new Response(new ReadableStream({ async pull(controller) {
              for (let sent = 0; sent < size; sent += 65536) controller.enqueue(new Uint8Array(Math.min(65536, size - sent)));
              controller.close();
            } }))";
        let settings = json!({ "idempotencyKey": "optional", "transaction": "invocation" });
        let app = with_function(settings, body).await;
        for replayed in [false, true] {
            let answer = keyed(&app, "fits", "1048576").send().await;
            assert_eq!((answer.status, answer.body.len(), is_replayed(&answer)), (200, 1 << 20, replayed));
        }
        let refused = keyed(&app, "long", "1048577").send().await;
        assert_eq!(refused.status, 500, "{}", refused.text());
        refused.is_problem("FUNCTION_OUTPUT_LIMIT");
        assert_eq!(runs(&app).await, 1, "what it wrote is rolled back");
    });
}

#[test]
fn keys_are_checked_and_can_be_required() {
    run(async {
        let app = with_function(json!({ "idempotencyKey": "required" }), PAYS).await;
        let bare = app.call("POST", "pay").body("x").send().await;
        assert_eq!(bare.status, 400, "{}", bare.text());
        assert!(bare.text().contains("Idempotency-Key"), "{}", bare.text());
        for key in ["", &"k".repeat(256)] {
            let refused = keyed(&app, key, "x").send().await;
            assert_eq!(refused.status, 400, "{key}: {}", refused.text());
        }
        let twice = keyed(&app, "a", "x").header("idempotency-key", "b").send().await;
        assert_eq!(twice.status, 400, "{}", twice.text());
        assert_eq!(runs(&app).await, 0);
        assert_eq!(keyed(&app, &"k".repeat(255), "x").send().await.status, 201);
        // Without the setting the header means nothing.
        app.manage("PATCH", "/functions/pay/settings").json(json!({ "idempotencyKey": "off" })).ok().await;
        let answers = [keyed(&app, "z", "x").send().await, keyed(&app, "z", "y").send().await];
        assert!(answers.iter().all(|answer| answer.status == 201 && !is_replayed(answer)));
    });
}

#[test]
fn a_key_whose_server_died_is_free_after_its_lease_and_late_ones_commit_nothing() {
    run(async {
        let settings = json!({ "idempotencyKey": "optional", "transaction": "invocation" });
        let slow = "await note(); await new Promise((done) => setTimeout(done, Number(text))); return new Response('done')";
        let app = with_function(settings, slow).await;
        let database = support::cluster::endpoint().admin(&app.id).await.unwrap();
        let late = tokio::spawn(keyed(&app, "k", "1500").send());
        support::wait::until("it runs", async || {
            let rows = database.query("SELECT 1 FROM mayfly.responses", &[]).await.unwrap();
            (!rows.is_empty()).then_some(())
        })
        .await;
        // As if its lease were over: another request takes its place.
        database
            .execute("UPDATE mayfly.responses SET expires_at = now(), fingerprint = 'x'", &[])
            .await
            .unwrap();
        let taken = keyed(&app, "k", "0").send().await;
        assert_eq!(taken.status, 200, "{}", taken.text());
        let late = late.await.unwrap();
        assert_eq!(late.status, 500, "{}", late.text());
        assert_eq!(runs(&app).await, 1, "of the second request alone");
        assert_eq!(keyed(&app, "k", "0").send().await.text(), "done");
    });
}
