//! The adapters for drizzle-orm and kysely over `ctx.db`: the real packages, bundled, deployed and called.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::json;
use support::app::TestApp;
use support::cluster::run;

use crate::npm::{self, execute};

static FOLDER: LazyLock<Option<PathBuf>> = LazyLock::new(|| npm::folder("adapters"));

/// Bundles the sources into one file, which a function must be.
fn bundle(folder: &Path, name: &str) -> String {
    let esbuild = folder.join("node_modules/.bin/esbuild");
    let file = format!("{name}.ts");
    execute(Command::new(esbuild).args([&file, "--bundle", "--minify", "--format=esm"]).current_dir(folder))
}

#[test]
fn drizzle_reads_writes_and_commits() {
    let Some(folder) = &*FOLDER else { return };
    run(async {
        let app = TestApp::new().await;
        let tables = "CREATE TABLE authors (id int PRIMARY KEY, name text NOT NULL);
            CREATE TABLE books (id int PRIMARY KEY, author int NOT NULL REFERENCES authors, name text NOT NULL,
                tags text[], about jsonb, lent boolean NOT NULL DEFAULT false, bought timestamptz, printed timestamp)";
        app.manage("POST", "/sql").json(json!({ "sql": tables })).ok().await;
        app.deploy("drizzle", &bundle(folder, "drizzle")).await;
        let answer = app.call("POST", "drizzle").key(&app.service_key).ok().await;
        assert_eq!(
            answer,
            json!({
                "inserted": [{ "tags": ["a", "b\""], "about": { "pages": 500 }, "lent": false }],
                "same": true,
                "joined": [["Jane", "Brontë"]],
                "updated": [{ "lent": true }],
                "related": { "id": 2, "name": "Brontë", "books": [{ "name": "Jane" }] },
                "names": [1, 2, 3, 5],
                "count": 1,
                "refused": "25006",
                "failed": "23505",
                "raw": [{ "who": "butterbase_service", "three": 3 }],
                "asUser": [{ "id": "alice" }]
            })
        );
    });
}

#[test]
fn kysely_reads_writes_and_commits() {
    let Some(folder) = &*FOLDER else { return };
    run(async {
        let app = TestApp::new().await;
        let tables =
            "CREATE TABLE notes (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text NOT NULL,
            made timestamptz)";
        app.manage("POST", "/sql").json(json!({ "sql": tables })).ok().await;
        app.deploy("kysely", &bundle(folder, "kysely")).await;
        let answer = app.call("POST", "kysely").key(&app.service_key).ok().await;
        assert_eq!(
            answer,
            json!({
                "inserted": [["a", "1970-01-01T00:00:00.000Z"], ["b", null]],
                "updated": 1,
                "undone": "undone",
                "refused": "25006",
                "level": "repeatable read",
                "streamed": 5,
                "deleted": 1,
                "bodies": ["a", "B", "outer", "second try"],
                "introspected": true
            })
        );
    });
}

#[test]
fn both_are_typed() {
    let Some(folder) = &*FOLDER else { return };
    execute(Command::new(folder.join("node_modules/.bin/tsc")).arg("--noEmit").current_dir(folder));
}
