//! The example of `docs/SCHEMA.md`, applied step by step.

use std::path::Path;

use serde_json::{Value, json};
use support::app::TestApp;
use support::cluster::run;

/// The declarations of the page, in order, and whether the page says that they are refused.
fn declarations() -> Vec<(bool, Value)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/SCHEMA.md");
    let page = std::fs::read_to_string(path).unwrap();
    let mut blocks = page.split("```json\n");
    let mut before = blocks.next().unwrap();
    let mut found = Vec::new();
    for block in blocks {
        let (text, after) = block.split_once("```").unwrap();
        found.push((before.trim_end().ends_with("<!-- refused -->"), serde_json::from_str(text).unwrap()));
        before = after;
    }
    found
}

#[test]
fn the_example_of_the_page_works() {
    run(async {
        let app = TestApp::new().await;
        let ask = |schema: &Value, dry_run: bool| {
            app.manage("POST", "/schema/apply").json(json!({ "schema": schema, "dry_run": dry_run }))
        };
        let declarations = declarations();
        assert_eq!(declarations.len(), 4);
        for (number, (refused, schema)) in declarations.iter().enumerate() {
            let shown = ask(schema, true).ok().await;
            assert_eq!(shown["dry_run"], true, "{number}: {shown}");
            if *refused {
                let answer = ask(schema, false).fails(409, "STATE_PREREQUISITE_MISSING").await.json();
                assert_eq!(answer["error"]["details"]["required"][0]["add"], "views");
                continue;
            }
            let done = ask(schema, false).ok().await;
            assert_eq!(done["statements"], shown["statements"], "{number}: what was shown is what was done");
            assert_eq!(ask(schema, false).ok().await["message"], "Schema is up to date", "{number}");
            if number == 0 {
                let rows = "INSERT INTO users VALUES ('00000000-0000-0000-0000-00000000000a'); \
                    INSERT INTO posts (title, author_id, views) VALUES ('kept', '00000000-0000-0000-0000-00000000000a', 7)";
                app.manage("POST", "/sql").json(json!({ "sql": rows })).ok().await;
            }
        }
        // The rows survived, and the policy applies.
        let code = "export default async (req, ctx) => Response.json((await ctx.db.query('SELECT headline FROM posts')).rows)";
        app.deploy("posts", code).await;
        let seen_by = async |user: &str| {
            app.call("GET", "posts").key(&app.service_key).header("x-butterbase-as-user", user).ok().await
        };
        assert_eq!(seen_by("00000000-0000-0000-0000-00000000000a").await, json!([{ "headline": "kept" }]));
        assert_eq!(seen_by("00000000-0000-0000-0000-00000000000b").await, json!([]));
    });
}
