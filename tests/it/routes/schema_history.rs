//! `GET /v1/{app}/migrations` and `POST .../schema/rollback`: a complete history, and compatibility of functions.

use serde_json::{Value, json};
use support::app::TestApp;
use support::cluster::{endpoint, run};

const HELLO: &str = "export default () => new Response('hello')";

fn notes(columns: Value) -> Value {
    json!({ "tables": { "notes": { "columns": columns } } })
}

async fn apply(app: &TestApp, schema: Value) -> Value {
    app.manage("POST", "/schema/apply").json(json!({ "schema": schema })).ok().await
}

async fn sql(app: &TestApp, sql: &str) -> Value {
    app.manage("POST", "/sql").json(json!({ "sql": sql })).ok().await
}

async fn history(app: &TestApp) -> Vec<Value> {
    app.manage("GET", "/migrations").ok().await["migrations"].as_array().unwrap().clone()
}

async fn rollback(app: &TestApp, id: &Value) -> Value {
    app.manage("POST", "/schema/rollback").json(json!({ "id": id })).ok().await
}

async fn fingerprint(app: &TestApp) -> Value {
    app.manage("GET", "/schema").ok().await["fingerprint"].clone()
}

#[test]
fn what_a_script_made_of_the_schema_is_recorded_too() {
    run(async {
        let app = TestApp::new().await;
        let first = sql(&app, "CREATE TABLE notes (id int PRIMARY KEY); INSERT INTO notes VALUES (1)").await;
        assert_eq!(first["fingerprint"], fingerprint(&app).await);
        apply(&app, notes(json!({ "id": { "type": "int", "primaryKey": true }, "a": "text" }))).await;
        let third = sql(&app, "ALTER TABLE notes ADD b text; CREATE INDEX by_b ON notes (b)").await;
        let list = history(&app).await;
        let kinds: Vec<&str> = list.iter().map(|it| it["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["script", "apply", "script"]);
        assert!(
            list.iter().all(|it| it["fingerprint"].as_str().is_some_and(|it| it.len() == 64)),
            "{list:?}"
        );
        assert_eq!(list[0]["fingerprint"], fingerprint(&app).await);
        // To the schema after the first script, and after the last one.
        assert_eq!(rollback(&app, &first["id"]).await["applied"], 3);
        assert_eq!(fingerprint(&app).await, first["fingerprint"]);
        rollback(&app, &third["id"]).await;
        assert_eq!(fingerprint(&app).await, third["fingerprint"]);
        assert_eq!(
            sql(&app, "DO $$ BEGIN ASSERT (SELECT count(*) FROM notes) = 1; END $$").await["fingerprint"],
            third["fingerprint"]
        );
    });
}

#[test]
fn a_state_that_could_not_be_read_is_recorded_by_the_next_change() {
    run(async {
        let app = TestApp::new().await;
        let first = sql(&app, "CREATE TABLE notes (id int)").await;
        // As if the server had ended between the script and recording its schema.
        let admin = endpoint().admin(&app.id).await.unwrap();
        admin.batch_execute("UPDATE mayfly.migrations SET fingerprint = NULL, schema = NULL").await.unwrap();
        let body = json!({ "id": first["id"] });
        app.manage("POST", "/schema/rollback").json(body).fails(404, "RESOURCE_NOT_FOUND").await;
        sql(&app, "ALTER TABLE notes ADD a text").await;
        assert_eq!(history(&app).await[1]["fingerprint"], first["fingerprint"]);
        assert_eq!(rollback(&app, &first["id"]).await["applied"], 1);
    });
}

#[test]
fn an_index_that_came_after_the_transaction_is_in_the_record() {
    run(async {
        let app = TestApp::new().await;
        apply(&app, notes(json!({ "a": "text" }))).await;
        let mut schema = notes(json!({ "a": "text" }));
        schema["tables"]["notes"]["indexes"] = json!({ "by_a": { "columns": ["a"], "concurrently": true } });
        let applied = apply(&app, schema).await;
        assert_eq!(applied["fingerprint"], fingerprint(&app).await);
        assert_eq!(history(&app).await[0]["fingerprint"], applied["fingerprint"]);
        assert_eq!(rollback(&app, &applied["migration_id"]).await["message"], "Schema is up to date");
    });
}

#[test]
fn going_back_loses_nothing_and_says_what_it_would() {
    run(async {
        let app = TestApp::new().await;
        let first = apply(&app, notes(json!({ "id": { "type": "int", "primaryKey": true } }))).await;
        let mut more = notes(json!({ "id": { "type": "int", "primaryKey": true }, "a": "text" }));
        more["tables"]["tags"] =
            json!({ "columns": { "note": { "type": "int", "references": "notes.id" } }, "rls": true });
        apply(&app, more).await;
        sql(&app, "INSERT INTO notes VALUES (1, 'x'); ALTER TABLE tags NO FORCE ROW LEVEL SECURITY; INSERT INTO tags VALUES (1)").await;
        let ask = |dry_run: bool| {
            let body = json!({ "id": first["migration_id"], "dry_run": dry_run });
            app.manage("POST", "/schema/rollback").json(body)
        };
        let refused = ask(false).fails(409, "STATE_PREREQUISITE_MISSING").await.json();
        let details = &refused["error"]["details"];
        assert_eq!(details["aliases"], json!(["SCHEMA_DESTRUCTIVE_CHANGE"]));
        let lost: Vec<(&Value, &Value, &Value)> = details["losses"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| (&it["table"], &it["column"], &it["rows"]))
            .collect();
        assert_eq!(
            lost,
            [(&json!("tags"), &Value::Null, &json!(1)), (&json!("notes"), &json!("a"), &json!(1))],
            "{details}"
        );
        let shown = ask(true).ok().await;
        assert_eq!((&shown["losses"], &shown["required"]), (&details["losses"], &json!([])));
        sql(
            &app,
            "UPDATE notes SET a = NULL; ALTER TABLE tags NO FORCE ROW LEVEL SECURITY; DELETE FROM tags",
        )
        .await;
        assert_eq!(ask(true).ok().await.get("losses"), None);
        ask(false).ok().await;
        assert_eq!(fingerprint(&app).await, first["fingerprint"]);
    });
}

#[test]
fn a_version_knows_the_schema_that_it_was_deployed_against() {
    run(async {
        let app = TestApp::new().await;
        let bare = app.deploy("bare", HELLO).await;
        assert_eq!(bare["schema_fingerprint"], fingerprint(&app).await);
        let first =
            apply(&app, notes(json!({ "id": { "type": "int", "primaryKey": true }, "body": "text" }))).await;
        app.deploy("hello", HELLO).await;
        let second = apply(
            &app,
            notes(json!({
                "id": { "type": "int", "primaryKey": true },
                "text": { "type": "text", "renamedFrom": "body" }
            })),
        )
        .await;
        app.deploy("hello", HELLO).await;
        let versions = app.manage("GET", "/functions/hello/versions").ok().await;
        assert_eq!(versions["versions"][0]["schema_fingerprint"], second["fingerprint"]);
        assert_eq!(versions["versions"][1]["schema_fingerprint"], first["fingerprint"]);
        let shown = app.manage("GET", "/functions/hello").ok().await;
        assert_eq!(shown["schema_fingerprint"], second["fingerprint"]);

        // The function is rolled back, and its schema no longer exists.
        let back = app.manage("POST", "/functions/hello/rollback").ok().await;
        assert_eq!((&back["version"], &back["schema_fingerprint"]), (&json!(1), &first["fingerprint"]));
        assert_eq!(
            back["warnings"],
            json!([r#"version 1 was deployed against another schema: column "body" of "notes" is gone"#])
        );
        let on = app.manage("POST", "/functions/hello/rollback").json(json!({ "version": 2 })).ok().await;
        assert_eq!(on["warnings"], json!([]));

        // The schema is rolled back, and a serving function expects another one.
        let body = json!({ "id": first["migration_id"], "dry_run": true });
        let expected = json!([
            r#"function "hello" (version 2) was deployed against another schema: column "text" of "notes" is gone"#
        ]);
        let shown = app.manage("POST", "/schema/rollback").json(body).ok().await;
        assert_eq!(shown["warnings"], expected);
        assert_eq!(rollback(&app, &first["migration_id"]).await["warnings"], expected);
        app.manage("POST", "/functions/hello/rollback").json(json!({ "version": 1 })).ok().await;
        assert_eq!(rollback(&app, &first["migration_id"]).await["warnings"], json!([]), "it fits again");

        // Mere additions break no function.
        apply(
            &app,
            notes(json!({ "id": { "type": "int", "primaryKey": true }, "body": "text", "more": "int" })),
        )
        .await;
        let again = app.manage("POST", "/functions/hello/rollback").json(json!({ "version": 1 })).ok().await;
        assert_eq!(again["warnings"], json!([]));
    });
}
