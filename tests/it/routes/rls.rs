//! Routes below `/v1/{app}/rls`.

use serde_json::{Value, json};
use support::app::TestApp;
use support::cluster::run;

async fn app() -> TestApp {
    let app = TestApp::new().await;
    let columns = json!({ "id": { "type": "serial", "primaryKey": true }, "owner": "uuid", "open": "boolean", "body": "text" });
    let schema = json!({ "tables": { "notes": { "columns": columns } } });
    app.manage("POST", "/schema/apply").json(json!({ "schema": schema })).ok().await;
    app
}

async fn rls(app: &TestApp, path: &str, body: Value) -> Value {
    app.manage("POST", path).json(body).ok().await
}

const ANN: &str = "00000000-0000-0000-0000-00000000000a";
const BOB: &str = "00000000-0000-0000-0000-00000000000b";

async fn seen_by(app: &TestApp, user: &str) -> Value {
    let ask = app.call("GET", "notes").key(&app.service_key).header("x-butterbase-as-user", user);
    ask.ok().await
}

#[test]
fn users_see_their_own_rows_and_public_ones() {
    run(async {
        let app = app().await;
        let body = json!({ "table_name": "notes", "user_column": "owner", "public_read_column": "open" });
        let made = rls(&app, "/rls", body.clone()).await;
        assert!(made["migration_id"].as_i64().is_some(), "{made}");
        let code = "export default async (req, ctx) => { \
            if (req.method === 'POST') await ctx.db.query('INSERT INTO notes (body, open) VALUES ($1, $2)', [await req.text(), req.url.endsWith('open')]); \
            return Response.json((await ctx.db.query('SELECT body FROM notes ORDER BY id')).rows.map((row) => row.body)) }";
        app.deploy("notes", code).await;
        for (user, text, path) in
            [(ANN, "anns", "notes"), (BOB, "bobs", "notes"), (BOB, "everyones", "notes/open")]
        {
            app.call("POST", path)
                .key(&app.service_key)
                .header("x-butterbase-as-user", user)
                .body(text)
                .ok()
                .await;
        }
        assert_eq!(seen_by(&app, ANN).await, json!(["anns", "everyones"]));
        assert_eq!(seen_by(&app, BOB).await, json!(["bobs", "everyones"]));
        // Repeating it changes nothing.
        rls(&app, "/rls", body).await;
        assert_eq!(seen_by(&app, ANN).await, json!(["anns", "everyones"]));
        let explained = rls(&app, "/rls/explain", json!({ "table_name": "notes", "user_id": ANN })).await;
        let verdicts: Vec<(&Value, &Value)> = explained["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| (&it["row"]["body"], &it["visible"]))
            .collect();
        assert_eq!(
            verdicts,
            [
                (&json!("anns"), &json!(true)),
                (&json!("bobs"), &json!(false)),
                (&json!("everyones"), &json!(true))
            ]
        );
        assert_eq!(explained["rows"][2]["shown_by"], json!(["notes_public_read_user"]));
        let one = rls(&app, "/rls/explain", json!({ "table_name": "notes", "row": { "id": 2 } })).await;
        assert_eq!((&one["role"], one["rows"].as_array().unwrap().len()), (&json!("butterbase_anon"), 1));
        assert_eq!(one["rows"][0]["hidden_by"], json!(["notes_public_read_anon"]));
    });
}

#[test]
fn policies_are_made_changed_listed_and_dropped() {
    run(async {
        let app = app().await;
        let policy = json!({ "table_name": "notes", "policy_name": "open ones", "command": "SELECT", "role": "user", "using_expression": "open" });
        rls(&app, "/rls/policies", policy.clone()).await;
        app.manage("POST", "/rls/policies").json(policy).fails(409, "RESOURCE_CONFLICT").await;
        let changed = json!({ "table_name": "notes", "using_expression": "open AND body <> ''" });
        app.manage("PATCH", "/rls/policies/open%20ones").json(changed).ok().await;
        let list = app.manage("GET", "/rls").ok().await;
        assert_eq!(list["tables_with_rls"], json!(["notes"]));
        let shown = &list["policies"][0];
        assert_eq!((&shown["command"], &shown["roles"]), (&json!("SELECT"), &json!(["butterbase_user"])));
        assert!(shown["using_expression"].as_str().unwrap().contains("body"));
        app.manage("DELETE", "/rls/notes/open%20ones").ok().await;
        app.manage("DELETE", "/rls/notes/open%20ones").fails(404, "RESOURCE_NOT_FOUND").await;
        app.manage("DELETE", "/rls/notes").ok().await;
        assert_eq!(app.manage("GET", "/rls").ok().await, json!({ "policies": [], "tables_with_rls": [] }));
    });
}

#[test]
fn what_makes_no_sense_is_refused_by_its_name() {
    run(async {
        let app = app().await;
        app.manage("POST", "/sql").json(json!({ "sql": "INSERT INTO notes (body) VALUES ('x')" })).ok().await;
        let refused = async |path: &str, body: Value, alias: &str| {
            let failed = app.manage("POST", path).json(body.clone()).send().await;
            assert_eq!(failed.status, 400, "{body}: {}", failed.text());
            assert!(failed.text().contains(alias), "{body}: {}", failed.text());
        };
        let policy =
            |using: &str| json!({ "table_name": "notes", "policy_name": "p", "using_expression": using });
        refused(
            "/rls",
            json!({ "table_name": "_idempotency_keys", "user_column": "key" }),
            "VALIDATION_RESERVED_TABLE",
        )
        .await;
        refused("/rls", json!({ "table_name": "nosuch", "user_column": "x" }), "VALIDATION_TABLE_NOT_FOUND")
            .await;
        refused("/rls", json!({ "table_name": "notes", "user_column": "x" }), "VALIDATION_COLUMN_NOT_FOUND")
            .await;
        refused("/rls", json!({ "table_name": "notes", "user_column": "open" }), "VALIDATION_INVALID_TYPE")
            .await;
        refused("/rls/policies", policy("set_config('role', 'x', true) IS NULL"), "RLS_UNSAFE_EXPRESSION")
            .await;
        refused("/rls/policies", policy("true); DROP TABLE notes; --"), "VALIDATION_INVALID_SCHEMA").await;
        refused("/rls/policies", policy("owner = 1"), "42883").await;
        refused("/rls/policies", policy("body::int > 0"), "22P02").await;
        refused("/rls/policies", policy("EXISTS (SELECT FROM notes)"), "42P17").await;
        assert_eq!(app.manage("GET", "/rls").ok().await["policies"], json!([]), "nothing of them is left");
    });
}
