//! A real browser: two tabs of the example `realtime-room` see each other, talk, and follow a table.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::json;
use support::cluster::run;

use crate::examples::deployed;
use crate::npm;

/// Where a browser may be.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

#[allow(clippy::print_stderr, reason = "a test that is left out says so")]
fn browser() -> Option<&'static str> {
    let found = BROWSERS.into_iter().find(|name| Command::new(name).arg("--version").output().is_ok());
    if found.is_none() {
        eprintln!("SKIPPED: the example realtime-room is not tested in a browser, because there is none");
    }
    found
}

#[test]
fn two_tabs_see_each_other_and_follow_a_table() {
    let (Some(browser), Some(folder)) = (browser(), npm::folder("browser")) else { return };
    run(async move {
        let app = deployed("realtime-room").await;
        app.manage("POST", "/sql").json(json!({ "sql": "CREATE TABLE board (text text)" })).ok().await;
        app.manage("PUT", "/realtime/tables/board").ok().await;
        let insert = "export default async (r, { db }) => {
            await db.query(`INSERT INTO board VALUES ('from the table')`); return new Response() }";
        app.deploy("insert", insert).await;
        let url = format!("http://{}{}", app.client.address(), app.path("/fn/realtime-room"));
        let mut command = Command::new("node");
        command.arg("room.mjs").args([which(browser), url]).current_dir(folder);
        let mut tabs = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(tabs.stdout.take().unwrap());
        let (first, mut said) = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            said.read_line(&mut line).unwrap();
            (line, said)
        })
        .await
        .unwrap();
        if first.trim() == "following" {
            app.call("POST", "insert").send().await;
        }
        let rest = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            said.read_line(&mut line).unwrap();
            (line, tabs.wait_with_output().unwrap())
        })
        .await
        .unwrap();
        let errors = String::from_utf8_lossy(&rest.1.stderr);
        assert_eq!((first.trim(), rest.0.trim()), ("following", "ok"), "{errors}");
    });
}

fn which(program: &str) -> String {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.exists());
    found.expect("it was run").to_string_lossy().into_owned()
}
