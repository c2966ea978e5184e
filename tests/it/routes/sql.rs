//! `POST /v1/{app}/sql`.

use serde_json::json;
use support::app::TestApp;
use support::cluster::run;

#[test]
fn a_script_makes_what_functions_then_use() {
    run(async {
        let app = TestApp::new().await;
        let sql = "CREATE TABLE notes (id bigserial PRIMARY KEY, body text NOT NULL); INSERT INTO notes (body) VALUES ('first');";
        let answer = app.manage("POST", "/sql").json(json!({ "sql": sql, "name": "notes" })).ok().await;
        assert_eq!(answer["name"], "notes");
        assert_eq!(answer["checksum"].as_str().unwrap().len(), 64);
        let code = "export default async (req, ctx) => Response.json((await ctx.db.query('SELECT body FROM notes')).rows)";
        app.deploy("notes", code).await;
        assert_eq!(app.call("GET", "notes").ok().await, json!([{ "body": "first" }]));
    });
}

#[test]
fn a_template_is_a_statement_with_parameters() {
    run(async {
        let app = TestApp::new().await;
        let script = json!({ "sql": "CREATE TABLE notes (id int PRIMARY KEY, body text, tags text[])" });
        app.manage("POST", "/sql").json(script).ok().await;
        let code = "export default async (req, { db: { sql, tx } }) => {
            const { body, tags } = await req.json();
            await tx(async (tx) => { await tx.sql`INSERT INTO notes VALUES (${1}, ${body}, ${tags})` });
            const { rows } = await sql`SELECT body, tags FROM notes WHERE body = ${body} AND ${'x'} = ANY (tags)`;
            return Response.json(rows);
        }";
        app.deploy("notes", code).await;
        let note = json!({ "body": "'); DROP TABLE notes; --", "tags": ["x", "${y}"] });
        assert_eq!(app.call("POST", "notes").json(note.clone()).ok().await, json!([note]));
    });
}

#[test]
fn a_script_that_fails_leaves_nothing_and_says_where() {
    run(async {
        let app = TestApp::new().await;
        let sql = "CREATE TABLE half (id int);\nCREATE TABEL other (id int);";
        let failed = app
            .manage("POST", "/sql")
            .json(json!({ "sql": sql }))
            .fails(400, "SCHEMA_MIGRATION_FAILED")
            .await;
        let details = &failed.json()["error"]["details"];
        assert_eq!(
            (&details["sqlstate"], &details["line"]),
            (&json!("42601"), &json!(2)),
            "{}",
            failed.text()
        );
        app.manage("POST", "/sql").json(json!({ "sql": "CREATE TABLE half (id int)" })).ok().await;
        for body in [
            json!({}),
            json!({ "sql": "" }),
            json!({ "sql": "select '\u{0}'" }),
            json!({ "sql": "select 1", "x": 1 }),
        ] {
            app.manage("POST", "/sql").json(body).fails(400, "VALIDATION_INVALID_SCHEMA").await;
        }
    });
}
