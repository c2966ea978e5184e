//! The first hour: a folder becomes a project, `mayfly dev` serves it, and every verb finds that server.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::process::{Mayfly, command, directory, get};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A verb within a folder, without any flag that says which server.
fn within(folder: &Path, args: &[&str]) -> Output {
    command(args).current_dir(folder).output().unwrap()
}

/// What a verb that must end well prints.
fn said(folder: &Path, args: &[&str]) -> String {
    let output = within(folder, args);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn a_project_is_begun_served_asked_and_looked_into() {
    let (data, folder) = (directory(), directory());
    let dir = folder.path();
    said(dir, &["init"]);
    for file in ["hello/index.ts", "hello/index.test.ts", "mayfly.toml", ".mayfly/types/lib/clients.d.ts"] {
        assert!(dir.join(file).is_file(), "{file}");
    }
    std::fs::write(dir.join(".env"), "GREETING=hi # a comment\n").unwrap();
    let show = "export default async (req, ctx) => {
        console.warn('shown');
        const body = new Uint8Array(await req.arrayBuffer());
        const said = [ctx.env.GREETING ?? null, ctx.user?.id ?? null, req.headers.get('x-a'), ctx.request.path, req.headers.get('content-type')];
        return new Response(body.length > 0 && body[0] === 255 ? body : JSON.stringify(said), { headers: { 'x-answer': 'yes' } });
    }";
    std::fs::write(dir.join("show.js"), show).unwrap();
    let mut server = Mayfly::start(&["dev", dir.to_str().unwrap(), "--name", "first"], data.path());
    server.line_with("watching for changes");
    let ready = |text: &str| server.seen.iter().any(|line| line.contains(text));
    assert!(ready(".env: 1 variables"), "{:?}", server.seen);
    assert!(!ready("index.test"), "a test is no function");

    // The data is elsewhere: what runs is found all the same.
    assert_eq!(said(dir, &["invoke", "hello", "--path", "?name=Ann"]).trim(), r#"{"hello":"Ann"}"#);
    assert_eq!(said(&dir.join("hello"), &["invoke", "hello"]).trim(), r#"{"hello":"world"}"#);

    let answer = said(
        dir,
        &["invoke", "show", "-i", "-H", "X-A: 1", "--as-user", "ann", "--path", "/sub?x", "-d", "[]"],
    );
    let (head, body) = answer.split_once("\n\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\n") && head.contains("\nx-answer: yes"), "{head}");
    assert_eq!(body, r#"["hi","ann","1","/sub","application/json"]"#);
    assert_eq!(
        said(dir, &["invoke", "show", "--as-user", "bob", "-d", "text"]),
        r#"["hi","bob",null,"/","text/plain;charset=UTF-8"]"#
    );
    std::fs::write(dir.join("data.bin"), [255, 0, 10, 13]).unwrap();
    let echoed = within(dir, &["invoke", "show", "-d", "@data.bin"]);
    assert_eq!(echoed.stdout, [255, 0, 10, 13]);
    assert_eq!(within(dir, &["invoke", "show", "-d", "@none.bin"]).status.code(), Some(2));
    assert_eq!(within(dir, &["invoke", "none", "-i"]).status.code(), Some(4));

    let all = said(dir, &["logs", "--since", "1h"]);
    assert!(
        all.contains("/fn/hello") && all.contains("/fn/show/sub") && all.contains(" warn shown"),
        "{all}"
    );
    assert_eq!(said(dir, &["logs", "--since", "2999-01-01T00:00:00Z"]), "");
    let one = said(dir, &["logs", "--limit", "1", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&one).unwrap()["logs"].as_array().unwrap().len(), 1);
    assert_eq!(within(dir, &["logs", "--since", "soon"]).status.code(), Some(5));

    std::fs::write(
        dir.join("notes.sql"),
        "CREATE TABLE notes (id int PRIMARY KEY, owner text); INSERT INTO notes VALUES (1, 'ann');",
    )
    .unwrap();
    said(dir, &["sql", "-f", "notes.sql"]);
    said(dir, &["sql", "--write", "INSERT INTO notes VALUES ($1, $2)", "-p", "2", "-p", "bob"]);
    let rows = said(dir, &["sql", "SELECT * FROM notes WHERE id > $1 ORDER BY id", "-p", "0", "--json"]);
    let expected = json!([{ "id": 1, "owner": "ann" }, { "id": 2, "owner": "bob" }]);
    assert_eq!(serde_json::from_str::<Value>(&rows).unwrap(), expected);
    assert_eq!(
        said(dir, &["sql", "SELECT id, owner FROM notes ORDER BY 1"]),
        "id  owner\n1   ann\n2   bob\n"
    );
    let writes = within(dir, &["sql", "WITH d AS (DELETE FROM notes RETURNING id) SELECT * FROM d"]);
    assert_eq!(writes.status.code(), Some(5), "only --write changes anything");
    assert_eq!(within(dir, &["sql", "SELECT nonsense"]).status.code(), Some(5));

    assert!(said(dir, &["rls", "isolate", "notes", "owner"]).contains("POLICY"));
    assert!(said(dir, &["rls", "list"]).contains("notes"));
    let explained = said(dir, &["rls", "explain", "notes", "--user", "ann"]);
    assert!(explained.contains("true") && explained.contains("false"), "{explained}");
    said(
        dir,
        &["rls", "create", "notes", "extra", "--command", "SELECT", "--role", "anon", "--using", "id = 1"],
    );
    said(dir, &["rls", "drop", "notes", "extra"]);
    said(dir, &["rls", "disable", "notes"]);

    let set = said(dir, &["config", "cors_origins=[\"https://a.example\"]", "limits={\"concurrency\":5}"]);
    let config: Value = serde_json::from_str(&said(dir, &["config"])).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&set).unwrap(), config);
    assert_eq!(
        (&config["cors_origins"][0], &config["limits"]["concurrency"]),
        (&json!("https://a.example"), &json!(5))
    );
    assert_eq!(within(dir, &["config", "nonsense=1"]).status.code(), Some(5));

    // The short address of a function, and a variable that is taken away.
    let line = server.seen.iter().find(|line| line.starts_with("server")).unwrap();
    let url = line.split_whitespace().last().unwrap().to_owned();
    std::fs::create_dir(dir.join("open")).unwrap();
    std::fs::write(
        dir.join("open/function.json"),
        r#"{"trigger": {"type": "http", "config": {"auth": "none"}}}"#,
    )
    .unwrap();
    std::fs::write(
        dir.join("open/index.js"),
        "export default (req, ctx) => new Response(`${ctx.env.GREETING} ${new URL(req.url).pathname}`)",
    )
    .unwrap();
    server.line_with("open v1");
    assert!(get(&format!("{url}/open/x")).ends_with("\r\n\r\nhi /open/x"));
    std::fs::write(dir.join(".env"), "OTHER=1\n").unwrap();
    server.line_with(".env: 2 variables");
    assert!(get(&format!("{url}/open")).ends_with("\r\n\r\nundefined /open"));
    server.signal("TERM");
    assert_eq!(server.end().code(), Some(0));

    // Nothing runs here any more: the project's file says where the app is.
    std::fs::write(dir.join("mayfly.toml"), "url = \"http://127.0.0.1:9\"\napp = \"app_0123456789ab\"\n")
        .unwrap();
    let gone = within(dir, &["functions", "list"]);
    assert!(
        text(&gone.stderr).contains("http://127.0.0.1:9/v1/app_0123456789ab/functions"),
        "{}",
        text(&gone.stderr)
    );
    std::fs::write(dir.join("mayfly.toml"), "key = \"bb_sk_1\"\n").unwrap();
    let refused = within(dir, &["functions", "list"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("set MAYFLY_KEY"), "{}", text(&refused.stderr));
}

#[test]
fn the_doctor_looks_and_makes_nothing() {
    let folder = directory();
    let data = folder.path().join("data");
    let looked = within(folder.path(), &["doctor", "--json", "--data-dir", data.to_str().unwrap()]);
    assert_eq!(looked.status.code(), Some(0), "{}", text(&looked.stderr));
    let report: Value = serde_json::from_slice(&looked.stdout).unwrap();
    let names: Vec<&str> =
        report["machine"].as_array().unwrap().iter().filter_map(|finding| finding["name"].as_str()).collect();
    assert_eq!(names[..3], ["postgresql", "bundler", "data"]);
    assert!(!data.exists());
    let said = within(folder.path(), &["doctor", "--data-dir", data.to_str().unwrap()]);
    assert!(text(&said.stderr).contains("no server has run"), "{}", text(&said.stderr));
    // A directory whose key is lost is not given another one.
    std::fs::create_dir(&data).unwrap();
    let lost = within(folder.path(), &["doctor", "--data-dir", data.to_str().unwrap()]);
    assert_eq!(lost.status.code(), Some(6), "{}", text(&lost.stderr));
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 0);
    let nowhere = folder.path().join("file");
    std::fs::write(&nowhere, "").unwrap();
    let wrong = within(folder.path(), &["doctor", "--data-dir", nowhere.join("x").to_str().unwrap()]);
    assert_eq!(wrong.status.code(), Some(1), "{}", text(&wrong.stderr));
}
