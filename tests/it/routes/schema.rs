//! `/v1/{app}/schema...` and `/v1/{app}/migrations`.

use serde_json::{Value, json};
use support::app::TestApp;
use support::cluster::{endpoint, run};

fn notes() -> Value {
    json!({ "tables": { "notes": { "columns": {
        "id": { "type": "uuid", "primaryKey": true, "default": "gen_random_uuid()" },
        "owner": { "type": "text", "nullable": false },
        "body": { "type": "text" }
    } } } })
}

async fn apply(app: &TestApp, schema: Value) -> Value {
    app.manage("POST", "/schema/apply").json(json!({ "schema": schema, "name": "notes" })).ok().await
}

#[test]
fn it_is_applied_once_and_used_by_functions() {
    run(async {
        let app = TestApp::new().await;
        let first = apply(&app, notes()).await;
        assert_eq!(first["applied"], 1, "{first}");
        assert!(first["migration_id"].as_i64().is_some_and(|id| id > 0));
        assert!(first["statements"][0]["sql"].as_str().unwrap().starts_with("CREATE TABLE"));
        let again = apply(&app, notes()).await;
        assert_eq!(again, json!({ "applied": 0, "statements": [], "message": "Schema is up to date" }));
        let code = "export default async (req, ctx) => { await ctx.db.query(\"INSERT INTO notes (owner, body) VALUES ('me', 'x')\"); \
            return Response.json((await ctx.db.query('SELECT body FROM notes')).rows) }";
        app.deploy("notes", code).await;
        assert_eq!(app.call("GET", "notes").ok().await, json!([{ "body": "x" }]));
    });
}

#[test]
fn what_is_got_can_be_applied_and_keeps_the_order_of_columns() {
    run(async {
        let app = TestApp::new().await;
        app.manage("POST", "/sql").json(json!({ "sql": "CREATE TABLE t (z serial PRIMARY KEY, a varchar(7) UNIQUE, m numeric(4,1) DEFAULT 1.5 CHECK (m > 0)); CREATE VIEW v AS SELECT a FROM t" })).ok().await;
        let got = app.manage("GET", "/schema").send().await;
        let text = got.text();
        let place = |name: &str| text.find(&format!("\"{name}\":{{\"type\"")).unwrap();
        assert!(place("z") < place("a") && place("a") < place("m"), "{text}");
        let got = got.json();
        assert_eq!(got["app_id"], app.id.as_str());
        assert!(got["api_base"].as_str().unwrap().ends_with(&app.id));
        assert_eq!(got["_meta"]["resource_info"]["tables"], json!(["t"]), "the platform's own are not shown");
        assert!(got["unmanaged"].as_array().unwrap().iter().any(|it| it["name"] == "v"));
        assert_eq!(got["unmanaged"].as_array().unwrap().len(), 1, "{got}");
        assert_eq!(apply(&app, got["schema"].clone()).await["message"], "Schema is up to date");
    });
}

#[test]
fn a_dry_run_shows_everything_and_changes_nothing() {
    run(async {
        let app = TestApp::new().await;
        apply(&app, notes()).await;
        let mut without = notes();
        without["tables"]["notes"]["columns"].as_object_mut().unwrap().remove("body");
        let body = json!({ "schema": without, "dry_run": true });
        let shown = app.manage("POST", "/schema/apply").json(body).ok().await;
        assert_eq!((&shown["dry_run"], &shown["applied"]), (&json!(true), &json!(1)));
        let step = &shown["statements"][0];
        assert_eq!(step["destructive"], true);
        assert!(step["hazards"].as_array().unwrap().contains(&json!("deletes_data")), "{step}");
        assert_eq!(shown["required"][0]["path"], "tables.notes._dropColumns");
        let migrations = app.manage("GET", "/migrations").ok().await;
        assert_eq!(migrations["migrations"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn what_destroys_asks_for_exactly_what_is_missing() {
    run(async {
        let app = TestApp::new().await;
        apply(&app, notes()).await;
        let mut without = notes();
        without["tables"]["notes"]["columns"].as_object_mut().unwrap().remove("body");
        let ask = |schema: &Value| app.manage("POST", "/schema/apply").json(json!({ "schema": schema }));
        let refused = ask(&without).fails(409, "STATE_PREREQUISITE_MISSING").await.json();
        let details = &refused["error"]["details"];
        assert_eq!(details["aliases"], json!(["SCHEMA_DESTRUCTIVE_CHANGE"]));
        assert_eq!(details["required"][0]["add"], "body");
        without["tables"]["notes"]["_dropColumns"] = json!(["body"]);
        assert_eq!(ask(&without).ok().await["applied"], 1);
        let gone = json!({ "tables": {} });
        ask(&gone).fails(409, "STATE_PREREQUISITE_MISSING").await;
        let dropped = ask(&json!({ "tables": {}, "_drop": ["notes"] })).ok().await;
        assert_eq!(dropped["applied"], 1);
    });
}

#[test]
fn mistakes_have_a_path_and_limits_a_code() {
    run(async {
        let app = TestApp::new().await;
        let ask = |schema: Value| app.manage("POST", "/schema/apply").json(json!({ "schema": schema }));
        let wrong = json!({ "tables": { "t": { "columns": { "id": { "type": "itn" } } } } });
        let failed = ask(wrong).fails(400, "VALIDATION_INVALID_SCHEMA").await.json();
        assert_eq!(
            failed["error"]["details"],
            json!({ "path": "tables.t.columns.id.type", "suggestion": "int" })
        );
        let many: serde_json::Map<String, Value> =
            (0..51).map(|n| (format!("t{n}"), json!({ "columns": { "id": "int" } }))).collect();
        ask(json!({ "tables": many })).fails(402, "QUOTA_TABLE_LIMIT").await;
        ask(json!({ "tables": { "_idempotency_keys": { "columns": {} } } }))
            .fails(400, "VALIDATION_INVALID_SCHEMA")
            .await;
        for body in [
            "",
            "{",
            "[]",
            "{}",
            r#"{"schema":{"tables":{}},"dry":1}"#,
            r#"{"schema":{"tables":{}},"schema":{"tables":{}}}"#,
        ] {
            app.manage("POST", "/schema/apply").body(body).fails(400, "VALIDATION_INVALID_SCHEMA").await;
        }
        let deep = format!("{{\"schema\":{}1{}}}", "[".repeat(50_000), "]".repeat(50_000));
        app.manage("POST", "/schema/apply").body(deep).fails(400, "VALIDATION_INVALID_SCHEMA").await;
        let large = format!(
            r#"{{"schema":{{"tables":{{"t":{{"columns":{{"a":{{"type":"text","default":"'{}'"}}}}}}}}}}}}"#,
            "x".repeat(9 << 20)
        );
        app.manage("POST", "/schema/apply").body(large).fails(400, "VALIDATION_INVALID_SCHEMA").await;
    });
}

#[test]
fn rows_in_the_way_are_counted_and_nothing_is_left_behind() {
    run(async {
        let app = TestApp::new().await;
        apply(&app, notes()).await;
        app.manage("POST", "/sql")
            .json(json!({ "sql": "INSERT INTO notes (owner) VALUES ('a'), ('b')" }))
            .ok()
            .await;
        let mut strict = notes();
        strict["tables"]["notes"]["rls"] = json!(true);
        strict["tables"]["notes"]["columns"]["body"]["nullable"] = json!(false);
        let ask = app.manage("POST", "/schema/apply").json(json!({ "schema": strict }));
        let failed = ask.fails(400, "SCHEMA_MIGRATION_FAILED").await.json();
        let details = &failed["error"]["details"];
        assert_eq!(
            (&details["pg_code"], &details["column"], &details["existing_row_count"]),
            (&json!("23502"), &json!("body"), &json!(2))
        );
        assert_eq!(app.manage("GET", "/schema").ok().await["schema"]["tables"]["notes"].get("rls"), None);
    });
}

#[test]
fn history_is_newest_first_and_can_be_gone_back_with() {
    run(async {
        let app = TestApp::new().await;
        let first = apply(&app, notes()).await;
        let mut renamed = notes();
        let columns = renamed["tables"]["notes"]["columns"].as_object_mut().unwrap();
        columns.remove("body");
        columns.insert("text".to_owned(), json!({ "type": "text", "renamedFrom": "body" }));
        apply(&app, renamed.clone()).await;
        app.manage("POST", "/sql")
            .json(json!({ "sql": "INSERT INTO notes (owner, text) VALUES ('a', 'kept')", "name": "rows" }))
            .ok()
            .await;
        let list = app.manage("GET", "/migrations").ok().await;
        let kinds: Vec<&str> =
            list["migrations"].as_array().unwrap().iter().map(|it| it["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["script", "apply", "apply"]);
        assert!(list["migrations"][1]["applied_sql"].as_str().unwrap().contains("RENAME COLUMN"));
        let back = json!({ "id": first["migration_id"] });
        let outcome = app.manage("POST", "/schema/rollback").json(back.clone()).ok().await;
        assert!(outcome["statements"][0]["sql"].as_str().unwrap().contains("RENAME COLUMN"), "{outcome}");
        let code = "export default async (req, ctx) => Response.json((await ctx.db.query('SELECT body FROM notes')).rows)";
        app.deploy("notes", code).await;
        assert_eq!(app.call("GET", "notes").ok().await, json!([{ "body": "kept" }]));
        // A change that would lose data is refused.
        let mut more = notes();
        more["tables"]["notes"]["columns"]["extra"] = json!({ "type": "text" });
        apply(&app, more).await;
        app.manage("POST", "/sql").json(json!({ "sql": "UPDATE notes SET extra = 'x'" })).ok().await;
        app.manage("POST", "/schema/rollback").json(back).fails(409, "STATE_PREREQUISITE_MISSING").await;
        app.manage("POST", "/schema/rollback")
            .json(json!({ "id": 99 }))
            .fails(404, "RESOURCE_NOT_FOUND")
            .await;
    });
}

#[test]
fn two_at_once_both_end_right() {
    run(async {
        let app = TestApp::new().await;
        let (one, two) = tokio::join!(apply(&app, notes()), apply(&app, notes()));
        let mut counts = [one["applied"].as_i64().unwrap(), two["applied"].as_i64().unwrap()];
        counts.sort_unstable();
        assert_eq!(counts, [0, 1]);
    });
}

#[test]
fn a_long_reader_makes_an_error_that_may_be_tried_again() {
    run(async {
        let app = TestApp::new().await;
        apply(&app, notes()).await;
        let mut reader = endpoint().admin(&app.id).await.unwrap();
        let reading = reader.transaction().await.unwrap();
        reading.query("SELECT * FROM notes", &[]).await.unwrap();
        let mut wider = notes();
        wider["tables"]["notes"]["columns"]["more"] = json!({ "type": "text" });
        let ask = || app.manage("POST", "/schema/apply").json(json!({ "schema": wider }));
        let refused = ask().fails(409, "RESOURCE_CONFLICT").await;
        assert_eq!(refused.header("retry-after"), "1");
        let details = &refused.json()["error"]["details"];
        assert_eq!((&details["table"], &details["retryable"]), (&json!("notes"), &json!(true)), "{details}");
        reading.rollback().await.unwrap();
        assert_eq!(ask().ok().await["applied"], 1);
    });
}

#[test]
fn keys_need_the_scope() {
    run(async {
        let app = TestApp::new().await;
        let key = async |scope: &str| {
            let made = app.manage("POST", "/keys").json(json!({ "scopes": [scope] })).ok().await;
            made["key"].as_str().unwrap().to_owned()
        };
        let (reader, deployer) = (key("read").await, key("deploy").await);
        let ask = |method: &str, path: &str, key: &str| app.client.ask(method, &app.path(path)).key(key);
        ask("GET", "/schema", &reader).ok().await;
        ask("GET", "/migrations", &reader).ok().await;
        let body = json!({ "schema": notes() });
        ask("POST", "/schema/apply", &reader).json(body.clone()).fails(403, "AUTH_FORBIDDEN").await;
        ask("POST", "/schema/apply", &deployer).json(body).fails(403, "AUTH_FORBIDDEN").await;
        ask("POST", "/rls/enable", &deployer)
            .json(json!({ "table_name": "notes" }))
            .fails(403, "AUTH_FORBIDDEN")
            .await;
    });
}
