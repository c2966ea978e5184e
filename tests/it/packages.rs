//! Popular npm packages: bundled and deployed by the command line, and called.

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::Parser as _;
use mayfly_control::cli::{Cli, Exit, dispatch};
use serde_json::{Value, json};
use support::app::{Node, TestApp};
use support::cluster::run;

use crate::npm;

static FOLDER: LazyLock<Option<PathBuf>> = LazyLock::new(|| npm::folder("packages"));

/// `mayfly deploy` of a file or a folder for an app.
async fn deploy(app: &TestApp, name: &str) -> Option<Exit> {
    let folder = FOLDER.as_ref()?.join(name);
    let file = if folder.is_dir() { folder } else { folder.with_extension("ts") };
    let file = file.to_str().unwrap();
    let url = format!("http://{}", app.client.address());
    let with = ["--url", &url, "--key", &app.service_key, "--app", &app.id];
    let args = [&["mayfly", "deploy", file][..], &with].concat();
    Some(dispatch(Cli::try_parse_from(args).unwrap_or_else(|error| panic!("{error}"))).await)
}

/// The response of a package's function.
async fn answer(app: &TestApp, name: &str) -> Option<Value> {
    assert_eq!(deploy(app, name).await?, Exit::Ok, "{name} is not deployed");
    Some(app.call("GET", name).key(&app.service_key).ok().await)
}

/// Deploys `name`, and checks its response.
fn check(name: &str, expected: Value) {
    run(async {
        let app = TestApp::new().await;
        let Some(answer) = answer(&app, name).await else { return };
        assert_eq!(answer, expected, "{name}");
    });
}

#[test]
fn ajv_validates() {
    check("ajv", json!([true, false, ["additionalProperties", "minLength", "minimum"]]));
}

#[test]
fn date_fns_counts_days() {
    check("date-fns", json!(["2024-02-29 Thursday", "31. Januar", 29, "3 months"]));
}

#[test]
fn jose_signs_verifies_and_encrypts() {
    let refused = "ERR_JWS_SIGNATURE_VERIFICATION_FAILED";
    check(
        "jose",
        json!([["ES256", "ann", refused], ["EdDSA", "ann", refused], ["PS256", "ann", refused], "secret"]),
    );
}

#[test]
fn lodash_works_on_collections() {
    check(
        "lodash-es",
        json!([["3", "5"], ["Bob", "Cid", "Ann"], { "a": { "x": 1, "y": 2 } }, true, "hi you", 1]),
    );
}

#[test]
fn nanoid_and_uuid_make_ids() {
    check("nanoid", json!([100, 21, true]));
    check("uuid", json!(["aad03681-8b63-5304-89e0-8ca8f49461b5", 4, 7, true, true]));
}

#[test]
fn zod_parses() {
    check(
        "zod",
        json!([{ "email": "a@b.co", "age": 7, "role": "user", "born": 2001 }, ["email", "age", "born"]]),
    );
}

#[test]
fn commonjs_packages_get_nodes_modules_by_require() {
    let digest = "900150983cd24fb0d6963f7d28e17f72";
    check("commonjs", json!(["abc", digest, "node", true, ""]));
}

#[test]
fn marked_makes_html() {
    run(async {
        let app = TestApp::new().await;
        let Some(deployed) = deploy(&app, "marked").await else { return };
        assert_eq!(deployed, Exit::Ok);
        let answer = app.call("GET", "marked").key(&app.service_key).send().await;
        let html = answer.text();
        for part in
            ["<h1>Title</h1>", "<em>text</em>", "<li>one</li>", "<td>2</td>", "href=\"https://example.org\""]
        {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
    });
}

#[test]
fn itty_router_routes() {
    run(async {
        let app = TestApp::new().await;
        let Some(deployed) = deploy(&app, "itty-router").await else { return };
        assert_eq!(deployed, Exit::Ok);
        let get = |path: &str| app.call("GET", &format!("itty-router/{path}")).key(&app.service_key);
        let hello = get("hello/ann?a=1").ok().await;
        assert_eq!(hello, json!({ "hello": "ann", "query": { "a": "1" } }));
        let teapot = get("teapot").send().await;
        assert_eq!((teapot.status, teapot.json()["error"].clone()), (418, json!("short and stout")));
        assert_eq!(get("nothing").send().await.status, 404);
    });
}

#[test]
fn routers_that_know_nothing_of_where_they_stand_route() {
    run(async {
        let node = Node::start(|config| config.apps_domain = Some("apps.example".to_owned())).await;
        let app = node.app().await;
        let Some(deployed) = deploy(&app, "mounted").await else { return };
        assert_eq!((deployed, deploy(&app, "mounted-itty").await), (Exit::Ok, Some(Exit::Ok)));
        let get = |path: &str| app.call("GET", path);
        get("mounted").ok_text("root").await;
        get("mounted/notes/7?x").ok_text("note 7 of /notes/7").await;
        assert_eq!(get("mounted/other").send().await.status, 404);
        assert_eq!(get("mounted-itty/notes/7").ok().await, "note 7");
        // Under a host of its own the function has nothing before it either.
        let host = format!("{}.apps.example", app.id.replace("app_", "hono"));
        let hosts = json!([{ "host": host, "function": "mounted" }]);
        app.manage("PATCH", "/config").json(json!({ "hosts": hosts })).ok().await;
        app.client.get("/notes/8").header("host", &host).ok_text("note 8 of /notes/8").await;
        app.client.get("/").header("host", &host).ok_text("root").await;
        assert!(node.shutdown().await);
    });
}

#[test]
fn standardwebhooks_signs_and_verifies() {
    run(async {
        let app = TestApp::new().await;
        let Some(deployed) = deploy(&app, "standardwebhooks").await else { return };
        assert_eq!(deployed, Exit::Ok);
        let body = json!({ "event": "paid" });
        let ask = app.call("POST", "standardwebhooks").key(&app.service_key).json(body.clone());
        assert_eq!(ask.ok().await, json!([body, "No matching signature found"]));
    });
}

#[test]
fn drizzle_queries() {
    run(async {
        let app = TestApp::new().await;
        let table = json!({ "sql": "CREATE TABLE notes (id int PRIMARY KEY, body text NOT NULL)" });
        app.manage("POST", "/sql").json(table).ok().await;
        let Some(answer) = answer(&app, "drizzle-orm").await else { return };
        assert_eq!(answer, json!([{ "id": 2, "body": "two" }]));
    });
}

#[test]
fn a_hono_application_validates_and_authorizes() {
    run(async {
        let app = TestApp::new().await;
        let Some(deployed) = deploy(&app, "hono").await else { return };
        assert_eq!(deployed, Exit::Ok);
        let ask = |method: &str, path: &str| app.call(method, &format!("hono{path}"));
        let note = json!({ "title": "a note", "tags": ["x"] });
        let refused = ask("POST", "/notes").json(note.clone()).send().await;
        assert_eq!(refused.status, 401);
        let token = ask("POST", "/token").json(json!({ "user": "ann" })).ok().await;
        let token = token["token"].as_str().unwrap();
        let made = ask("POST", "/notes").header("x-token", token).json(note.clone()).send().await;
        assert_eq!((made.status, made.json()), (201, json!({ "owner": "ann", "note": note })));
        let wrong = ask("POST", "/notes").header("x-token", token).json(json!({ "title": "" })).send().await;
        assert_eq!((wrong.status, wrong.json()), (422, json!({ "issues": ["title"] })));
        let forged = format!("{}AAAA", &token[..token.len() - 4]);
        let refused = ask("POST", "/notes").header("x-token", &forged).json(note).send().await;
        assert_eq!(refused.json(), json!({ "error": "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" }));
        assert_eq!(ask("GET", "/notes/7?as=text").send().await.text(), "note 7 text");
        let nothing = ask("GET", "/nothing").send().await;
        assert_eq!((nothing.status, nothing.json()), (404, json!({ "error": "no /nothing" })));
    });
}

#[test]
fn an_error_in_another_file_is_told_with_that_file_and_line() {
    run(async {
        let app = TestApp::new().await;
        let Some(deployed) = deploy(&app, "two-files").await else { return };
        assert_eq!(deployed, Exit::Ok);
        let invoked =
            app.manage("POST", "/functions/two-files/invoke").json(json!({ "method": "GET" })).send().await;
        let told = invoked.text();
        assert!(told.contains("lib/fail.ts:5:"), "{told}");
        assert!(told.contains("two-files.ts:4:"), "{told}");
    });
}

#[test]
fn what_only_a_bundler_knows_works() {
    check(
        "bundled",
        json!([
            "<b id=\"a\">x</b>",
            "select 1",
            "any text",
            "aad03681-8b63-5304-89e0-8ca8f49461b5",
            true,
            "found",
            ["find"],
            "readFile of node:fs/promises is not available in a function: there are no files: ctx.storage keeps objects, \
             ctx.db rows, and an import with { type: \"text\" } brings a text"
        ]),
    );
}

#[test]
fn the_environment_of_process_is_the_functions_variables() {
    run(async {
        let app = TestApp::new().await;
        let Some(folder) = FOLDER.as_ref() else { return };
        let file = folder.join("environment.ts");
        let url = format!("http://{}", app.client.address());
        let with = ["--url", &url, "--key", &app.service_key, "--app", &app.id, "--env", "GREETING=hello"];
        let args = [&["mayfly", "deploy", file.to_str().unwrap()][..], &with].concat();
        let exit = dispatch(Cli::try_parse_from(args).unwrap_or_else(|error| panic!("{error}"))).await;
        assert_eq!(exit, Exit::Ok);
        let answer = app.call("GET", "environment").key(&app.service_key).ok().await;
        assert_eq!(answer, json!([null, "hello", true, "production"]));
    });
}

#[test]
fn an_unused_module_does_not_refuse_a_deploy() {
    run(async {
        let app = TestApp::new().await;
        let Some(deployed) = deploy(&app, "unsupported").await else { return };
        assert_eq!(deployed, Exit::Ok);
        let invoked =
            app.manage("POST", "/functions/unsupported/invoke").json(json!({ "method": "GET" })).send().await;
        let told = invoked.text();
        assert!(told.contains("readFile of node:fs/promises is not available"), "{told}");
    });
}

#[test]
fn what_cannot_be_bundled_is_not_deployed() {
    run(async {
        let app = TestApp::new().await;
        for name in ["from-an-address", "missing"] {
            let Some(deployed) = deploy(&app, name).await else { return };
            assert_ne!(deployed, Exit::Ok, "{name}");
        }
    });
}
