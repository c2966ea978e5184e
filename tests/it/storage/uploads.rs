//! Upload triggers: which objects fire, how often, and what becomes of each.

use serde_json::{Value, json};
use support::app::TestApp;
use support::cluster::run;
use support::wait::until;

use super::Access;

/// Reads the object that fired, and keeps what it got in the app's database.
const KEEP: &str = "export default async (req, ctx) => {
    const body = await req.json();
    const object = await ctx.storage.get(ctx.trigger.bucket, ctx.trigger.key).catch((error) => {
        // Another server's object: there is no such bucket. What else goes wrong is tried again.
        if (/bucket/.test(error.message)) return null;
        throw error;
    });
    const text = object === null ? null : await object.text();
    await ctx.db.query('INSERT INTO fired (seen) VALUES ($1)', [JSON.stringify({ body, text, trigger: ctx.trigger })]);
    const fails = text?.startsWith('fail ') ? Number(text.slice(5)) : 0;
    if (ctx.trigger.attempt <= fails) throw new Error('not yet');
    return new Response('ok');
}";

async fn with_function(config: Value) -> Access {
    let access = Access::with_bucket("photos").await;
    let app = &access.app;
    app.manage("POST", "/sql").json(json!({ "sql": "CREATE TABLE fired (id serial, seen json)" })).ok().await;
    app.deploy_with("keep", KEEP, json!({ "trigger": { "type": "s3_upload", "config": config } })).await;
    app.deploy("fired", "export default async (req, ctx) => Response.json((await ctx.db.query('SELECT seen FROM fired ORDER BY id')).rows.map((row) => row.seen))").await;
    access
}

async fn fired(app: &TestApp) -> Vec<Value> {
    app.call("GET", "fired").ok().await.as_array().unwrap().clone()
}

async fn uploads(app: &TestApp) -> Vec<Value> {
    let page = app.manage("GET", "/functions/keep/uploads").ok().await;
    page["uploads"].as_array().expect("uploads").clone()
}

/// The events of the function, newest first, once there are this number of them, all in this state.
async fn all_in(app: &TestApp, count: usize, state: &str) -> Vec<Value> {
    until(state, async || {
        let all = uploads(app).await;
        (all.len() == count && all.iter().all(|one| one["state"] == state)).then_some(all)
    })
    .await
}

#[test]
fn an_object_fires_once_after_it_can_be_read() {
    run(async {
        let access = with_function(
            json!({ "bucket": "photos", "prefix": "in/", "contentTypes": ["image/*", "text/csv"] }),
        )
        .await;
        let png = [("content-type", "image/png")];
        access.put("/photos/in/a%20b.png", &png, "one").await;
        access.put("/photos/out/a.png", &png, "not of the prefix").await;
        access.put("/photos/in/a.html", &[("content-type", "text/html")], "not of the type").await;
        access.put("/photos/in/b.csv", &[("content-type", "Text/CSV; charset=utf-8")], "two").await;
        let events = all_in(&access.app, 2, "done").await;
        assert_eq!((&events[0]["key"], &events[1]["key"]), (&json!("in/b.csv"), &json!("in/a b.png")));
        let seen = fired(&access.app).await;
        let first = seen.iter().find(|seen| seen["text"] == "one").expect("the first one");
        let trigger = &first["trigger"];
        assert_eq!(
            (&trigger["type"], &trigger["bucket"], &trigger["key"], &trigger["size"]),
            (&json!("s3_upload"), &json!("photos"), &json!("in/a b.png"), &json!(3))
        );
        let record = &first["body"]["Records"][0];
        assert_eq!(
            (&record["eventName"], &record["s3"]["object"]["key"]),
            (&json!("ObjectCreated:Put"), &json!("in/a+b.png"))
        );
        assert_eq!(
            (&record["s3"]["object"]["eTag"], &trigger["contentType"]),
            (&trigger["etag"], &json!("image/png"))
        );

        // The same key once more is another version.
        access.put("/photos/in/a%20b.png", &png, "three").await;
        all_in(&access.app, 3, "done").await;
        assert_eq!(fired(&access.app).await.len(), 3);
        let id = events[1]["id"].as_str().unwrap();
        let path = format!("/functions/keep/uploads/{id}/replay");
        access.app.manage("POST", &path).ok().await;
        until("a replay", async || (fired(&access.app).await.len() == 4).then_some(())).await;
        let replayed = access.app.manage("GET", &format!("/functions/keep/uploads/{id}")).ok().await;
        assert_eq!((&replayed["replays"], &replayed["attempt"]), (&json!(1), &json!(2)));
        let listed = access.app.manage("GET", "/triggers").ok().await;
        assert!(listed.to_string().contains("s3_upload"), "{listed}");
    });
}

#[test]
fn a_hundred_objects_at_once_fire_a_hundred_times() {
    run(async {
        let access = with_function(json!({ "bucket": "photos" })).await;
        let puts: Vec<_> = (0..100)
            .map(|n| {
                let access = access.clone();
                tokio::spawn(async move { access.put(&format!("/photos/{n}"), &[], n.to_string()).await })
            })
            .collect();
        for put in puts {
            put.await.unwrap();
        }
        all_in(&access.app, 100, "done").await;
        let mut texts: Vec<u32> = fired(&access.app)
            .await
            .iter()
            .map(|one| one["text"].as_str().unwrap().parse().unwrap())
            .collect();
        texts.sort_unstable();
        assert_eq!(texts, (0..100).collect::<Vec<u32>>());
    });
}

#[test]
fn a_run_that_fails_is_tried_again_and_a_disabled_trigger_starts_nothing() {
    run(async {
        let access = with_function(json!({ "bucket": "photos" })).await;
        access.put("/photos/a", &[], "fail 1").await;
        let waiting = until("failed", async || {
            uploads(&access.app).await.into_iter().find(|one| one["state"] == "failed")
        })
        .await;
        assert_eq!((&waiting["error"]["code"], &waiting["attempt"]), (&json!("FUNCTION_THREW"), &json!(1)));
        assert!(waiting["run_at"].is_string());
        all_in(&access.app, 1, "done").await;
        assert_eq!(fired(&access.app).await.len(), 2);

        let disabled =
            json!({ "trigger": { "type": "s3_upload", "enabled": false, "config": { "bucket": "photos" } } });
        access.app.deploy_with("keep", KEEP, disabled).await;
        access.put("/photos/b", &[], "x").await;
        assert_eq!(uploads(&access.app).await.len(), 1);
        let id = uploads(&access.app).await[0]["id"].as_str().unwrap().to_owned();
        let replay = access.app.manage("POST", &format!("/functions/keep/uploads/{id}/replay")).send().await;
        assert_eq!(
            (replay.status, replay.json()["code"].as_str()),
            (409, Some("STATE_PREREQUISITE_MISSING"))
        );
    });
}

#[test]
fn configs_are_checked_with_their_paths() {
    run(async {
        let app = TestApp::new().await;
        for (config, path) in [
            (json!({}), "trigger.config.bucket: "),
            (json!({ "bucket": "a..b" }), "trigger.config.bucket: "),
            (json!({ "bucket": "photos", "prefix": "a\u{1}" }), "trigger.config.prefix: "),
            (json!({ "bucket": "photos", "contentTypes": ["png"] }), "trigger.config.contentTypes[0]: "),
            (json!({ "bucket": "photos", "contentTypes": [7] }), "trigger.config.contentTypes[0]: "),
            (json!({ "bucket": "photos", "suffix": ".png" }), "trigger.config.suffix: "),
        ] {
            let fields =
                json!({ "name": "keep", "code": KEEP, "trigger": { "type": "s3_upload", "config": config } });
            let refused = app.manage("POST", "/functions").json(fields).send().await;
            assert_eq!(
                (refused.status, refused.message().starts_with(path)),
                (400, true),
                "{}",
                refused.message()
            );
        }
    });
}

#[test]
fn another_servers_notifications_fire_once() {
    run(async {
        let access = with_function(json!({ "bucket": "elsewhere", "contentTypes": ["image/png"] })).await;
        let tell = |records: Value| access.app.manage("POST", "/s3-events").json(records);
        let record = |key: &str, sequencer: &str| {
            json!({ "eventName": "s3:ObjectCreated:Put", "eventSource": "minio:s3", "s3": {
                "bucket": { "name": "elsewhere" },
                "object": { "key": key, "size": 7, "eTag": "e1", "contentType": "image/png", "sequencer": sequencer } } })
        };
        // As MinIO and AWS send them, with members beside; AWS tests the connection without records.
        let sent = json!({ "EventName": "s3:ObjectCreated:Put", "Key": "elsewhere/a", "Records": [record("a+b.png", "1"), record("c.png", "2")] });
        assert_eq!(tell(sent.clone()).ok().await, json!({ "records": 2, "uploads": 2 }));
        assert_eq!(tell(sent).ok().await, json!({ "records": 2, "uploads": 0 }));
        assert_eq!(
            tell(json!({ "Event": "s3:TestEvent" })).ok().await,
            json!({ "records": 0, "uploads": 0 })
        );
        let events = all_in(&access.app, 2, "done").await;
        assert_eq!((&events[0]["external"], &events[0]["duplicates"]), (&json!(true), &json!(1)));
        let seen = fired(&access.app).await;
        assert_eq!(seen.len(), 2);
        let first = seen.iter().find(|seen| seen["trigger"]["key"] == "a b.png").expect("decoded");
        assert_eq!(first["body"]["Records"][0], record("a+b.png", "1"));
        let refused =
            tell(json!({ "Records": [record("a", "1"), { "eventName": "ObjectCreated:Put" }] })).send().await;
        assert_eq!(
            (refused.status, refused.message().starts_with("Records[1]: ")),
            (400, true),
            "{}",
            refused.message()
        );
        let many: Vec<Value> = (0..1_001).map(|n| record("k", &n.to_string())).collect();
        assert_eq!(tell(json!({ "Records": many })).send().await.status, 400);
    });
}
