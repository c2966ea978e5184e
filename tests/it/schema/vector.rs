//! `vector(n)`, where pgvector is installed; elsewhere these tests are skipped with a message.

use mayfly_schema::{Options, SchemaError};
use serde_json::json;
use support::app::TestApp;
use support::cluster::{endpoint, run};
use tokio_postgres::Client;

use super::place::{Place, consents};

#[allow(clippy::print_stderr, reason = "a test that is left out says so")]
async fn has_vector(client: &Client) -> bool {
    let found = client.query("SELECT FROM pg_available_extensions WHERE name = 'vector'", &[]).await.unwrap();
    if found.is_empty() {
        eprintln!("skipped: this PostgreSQL has no pgvector");
    }
    !found.is_empty()
}

/// The schema `public` of a separate database, with the extension in it, as is usual.
async fn place(database: &str) -> Option<Place> {
    let admin = endpoint().admin("postgres").await.unwrap();
    if !has_vector(&admin).await {
        return None;
    }
    for verb in ["DROP DATABASE IF EXISTS", "CREATE DATABASE"] {
        admin.batch_execute(&format!("{verb} {database}")).await.unwrap();
    }
    let client = endpoint().admin(database).await.unwrap();
    client.batch_execute("CREATE EXTENSION vector").await.unwrap();
    Some(Place { client, options: Options::default() })
}

fn with(ty: &str, more: &str) -> String {
    format!(
        r#"{{"columns":{{"id":{{"type":"int","primaryKey":true}},"v":{{"type":"{ty}"{more}}}}},"indexes":{{}}}}"#
    )
}

#[test]
fn columns_defaults_and_indexes_are_declared_once_and_found_again() {
    run(async {
        let Some(mut place) = place("vector_columns").await else { return };
        for (ty, more) in [
            ("vector", ""),
            ("vector(3)", ""),
            ("VECTOR( 3 )", ""),
            ("public.vector(3)", ""),
            ("vector(3)", r#","default":"'[1,2,3]'","nullable":false,"check":"v <> '[0,0,0]'""#),
            ("vector(3)[]", ""),
        ] {
            let schema = with(ty, more);
            let outcome = place.apply(&schema).await;
            assert!(!outcome.plan.is_empty(), "{schema}");
            assert!(place.apply(&schema).await.plan.is_empty(), "{schema}");
            let written = mayfly_schema::write::write(&place.read().await, true).to_string();
            assert!(place.apply(&written).await.plan.is_empty(), "{written}");
            place.apply(r#"{"tables":{},"_drop":["t"]}"#).await;
        }
        let index = |method: &str, class: &str, options: &str| {
            with("vector(3)", "").replace(
                r#""indexes":{}"#,
                &format!(r#""_dropIndexes":["i"],"indexes":{{"i":{{"columns":["v"],"method":"{method}","opclass":"{class}","with":{options}}}}}"#),
            )
        };
        for schema in [
            index("hnsw", "vector_l2_ops", r#"{"m":8,"ef_construction":32}"#),
            index("hnsw", "vector_cosine_ops", "{}"),
            index("ivfflat", "vector_ip_ops", r#"{"lists":5}"#),
        ] {
            assert!(!place.apply(&schema).await.plan.is_empty(), "{schema}");
            assert!(place.apply(&schema).await.plan.is_empty(), "{schema}");
            let written = mayfly_schema::write::write(&place.read().await, true).to_string();
            assert!(place.apply(&written).await.plan.is_empty(), "{written}");
        }
        let catalog = place.read().await;
        assert!(catalog.unmanaged.iter().any(|it| it.kind == "extension" && it.name == "vector"));
        assert!(
            !catalog.unmanaged.iter().any(|it| it.kind == "function"),
            "an extension's own are not listed"
        );
    });
}

#[test]
fn another_number_of_dimensions_loses_nothing_in_silence() {
    run(async {
        let Some(mut place) = place("vector_dimensions").await else { return };
        place.apply(&with("vector(3)", "")).await;
        place.run("INSERT INTO t VALUES (1, '[1,2,3]')").await;
        assert_eq!(consents(place.try_apply(&with("vector(4)", "")).await).len(), 1);
        let agreed = with("vector(4)", "").replace(r#""indexes""#, r#""_dropColumns":["v"],"indexes""#);
        let Err(SchemaError::Step { failure, .. }) = place.try_apply(&agreed).await else { panic!() };
        assert_eq!(failure.sqlstate, "22000", "{failure}");
        // A vector of any length accepts them all, and needs no consent.
        place.apply(&with("vector", "")).await;
        assert_eq!(place.texts("SELECT v FROM t").await, ["[1,2,3]"]);
    });
}

#[test]
fn an_app_searches_by_vectors() {
    run(async {
        if !has_vector(&endpoint().admin("postgres").await.unwrap()).await {
            return;
        }
        let app = TestApp::new().await;
        // PostgreSQL lets only its administrator do that.
        let admin = endpoint().admin(&app.id).await.unwrap();
        admin.batch_execute("CREATE EXTENSION vector SCHEMA public").await.unwrap();
        let schema = json!({ "tables": { "items": {
            "columns": { "id": { "type": "serial", "primaryKey": true }, "place": { "type": "vector(2)", "nullable": false } },
            "indexes": { "near": { "columns": ["place"], "method": "hnsw", "opclass": "vector_l2_ops" } }
        } } });
        let apply = || app.manage("POST", "/schema/apply").json(json!({ "schema": schema }));
        assert_eq!(apply().ok().await["applied"], 2);
        assert_eq!(apply().ok().await["message"], "Schema is up to date");
        let code = "export default async (req, { db }) => {
            await db.query('INSERT INTO items (place) VALUES ($1), ($2)', ['[0,1]', '[5,5]']);
            const { rows } = await db.query('SELECT id, place FROM items ORDER BY place <-> $1 LIMIT 1', ['[4,4]']);
            return Response.json(rows); }";
        app.deploy("near", code).await;
        assert_eq!(app.call("GET", "near").ok().await, json!([{ "id": 2, "place": "[5,5]" }]));
    });
}
