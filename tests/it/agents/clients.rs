//! The official clients over both transports: TypeScript, Python, and the inspector's command line.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use serde_json::{Value, json};
use support::app::TestApp;
use support::cluster::run;

use crate::npm::{self, execute};
use crate::python;

const PROGRAM: &str = env!("CARGO_BIN_EXE_server");
const TRANSPORTS: [&str; 2] = ["http", "stdio"];
const TOOLS: [&str; 11] = [
    "deploy_function",
    "invoke_function",
    "manage_function",
    "manage_schema",
    "manage_app",
    "manage_triggers",
    "manage_queues",
    "manage_realtime",
    "manage_storage",
    "run_code",
    "explain_failure",
];

static FOLDER: LazyLock<Option<PathBuf>> = LazyLock::new(|| npm::folder("mcp"));

/// What a program prints, which runs while the server answers it.
async fn output(mut command: Command) -> String {
    tokio::task::spawn_blocking(move || execute(&mut command)).await.unwrap()
}

fn url(app: &TestApp) -> String {
    format!("http://{}", app.client.address())
}

/// The last line of a script's output, as JSON.
async fn journey(mut command: Command, transport: &str, app: &TestApp) -> Value {
    command.args([transport, &url(app), &app.service_key, &app.id, PROGRAM]);
    let text = output(command).await;
    serde_json::from_str(text.lines().last().unwrap()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn the_typescript_client_makes_the_journey() {
    let Some(folder) = &*FOLDER else { return };
    run(async {
        for transport in TRANSPORTS {
            let app = TestApp::new().await;
            let mut command = Command::new("node");
            command.arg("journey.mjs").current_dir(folder);
            let made = journey(command, transport, &app).await;
            assert_eq!(
                made,
                json!({
                    "server": "mayfly", "tools": TOOLS, "deployed": "deployed", "invoked": { "welcome": "ann" },
                    "logged": "welcome ann", "applied": 1, "again": "Schema is up to date",
                    "thrown": [true, "VALIDATION_INVALID_CODE"], "unknown": [true, "VALIDATION_INVALID_SCHEMA"],
                    "explained": false, "guest": true, "prompt": 1, "slow": "ok", "progressed": true, "told": [],
                }),
                "{transport}"
            );
        }
    });
}

#[test]
fn the_python_client_makes_the_journey() {
    let untested = "the Python client of the Model Context Protocol is not tested";
    let Some(environment) = python::environment("mcp-python", "tests/mcp/requirements.txt", untested) else {
        return;
    };
    run(async {
        for transport in TRANSPORTS {
            let app = TestApp::new().await;
            let mut command = Command::new(environment.join("bin/python"));
            command.arg(npm::root().join("tests/mcp/journey.py"));
            let made = journey(command, transport, &app).await;
            assert_eq!(
                made,
                json!({
                    "protocol": "2026-07-28", "tools": TOOLS, "deployed": "deployed",
                    "invoked": { "welcome": "ann" }, "logged": "welcome ann",
                    "thrown": [true, "VALIDATION_INVALID_CODE"], "unknown": [true, "VALIDATION_INVALID_SCHEMA"],
                    "schema": false, "guest": true, "prompt": 1,
                }),
                "{transport}"
            );
        }
    });
}

#[test]
fn the_typescript_client_calls_an_apps_own_tools() {
    let Some(folder) = &*FOLDER else { return };
    run(async {
        let app = example().await;
        let call = async |key: &str| {
            let mut command = Command::new("node");
            // Its packages are where it is.
            let script = folder.join("agent-notes.mjs");
            std::fs::copy(npm::root().join("examples/agent-notes/agent.mjs"), &script).unwrap();
            command.arg(script).args([&url(&app), &app.id, key]).current_dir(folder);
            let text = output(command).await;
            serde_json::from_str::<Value>(text.lines().last().unwrap()).unwrap()
        };
        let wrong = json!([true, "VALIDATION_INVALID_SCHEMA"]);
        assert_eq!(
            call(&app.service_key).await,
            json!({ "tools": ["agent-notes", "run_code"], "found": ["buy milk", "milk the cow"], "wrong": wrong,
                "counted": { "milk": 2, "bob": 1, "cow": 1 } })
        );
        assert_eq!(
            call(&app.token("alice").await).await,
            json!({ "tools": ["agent-notes"], "found": ["buy milk"], "wrong": wrong, "counted": null })
        );
    });
}

#[test]
fn the_python_client_calls_an_apps_own_tools() {
    let untested = "the Python client of the Model Context Protocol is not tested";
    let Some(environment) = python::environment("mcp-python", "tests/mcp/requirements.txt", untested) else {
        return;
    };
    run(async {
        let app = example().await;
        let token = app.token("bob").await;
        let mut command = Command::new(environment.join("bin/python"));
        command.arg(npm::root().join("tests/mcp/app_tools.py"));
        command.args([&url(&app), &app.id, &app.service_key, &token]);
        let text = output(command).await;
        assert_eq!(
            serde_json::from_str::<Value>(text.lines().last().unwrap()).unwrap(),
            json!({ "tools": ["agent-notes"], "found": ["milk the cow"], "counted": 3, "thrown": [true, "run.ts:2:"],
                "narrowed": ["agent-notes"] })
        );
    });
}

#[test]
fn the_demonstration_of_the_example_runs() {
    let Some(folder) = &*FOLDER else { return };
    run(async {
        let app = TestApp::new().await;
        let example = npm::root().join("examples/agent-notes");
        for file in ["demonstration.mjs", "schema.sql", "function.json", "index.ts"] {
            // Its packages are where it is.
            std::fs::copy(example.join(file), folder.join(file)).unwrap();
        }
        let server = |name: &str| folder.join("node_modules/.bin").join(name).display().to_string();
        let servers = [format!("{} /tmp", server("mcp-server-filesystem")), server("mcp-server-memory")];
        let mut command = Command::new("node");
        command.arg("demonstration.mjs").args([&url(&app), &app.admin_key, PROGRAM]).args(servers);
        command.env("APPROVE", "1").current_dir(folder);
        let text = output(command).await;
        let mut shown: Value = serde_json::from_str(text.lines().last().unwrap()).expect("JSON");
        // Ten in a minute, and up to ten in the next one, where that began meanwhile.
        let deploys = shown["deploys"].take().as_u64().unwrap();
        assert!((10..=20).contains(&deploys), "{text}");
        let tools: Vec<u64> =
            shown["scanned"].take().as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).collect();
        assert!(tools.len() == 2 && tools.iter().all(|count| *count > 5), "{text}");
        assert_eq!(
            shown,
            json!({
                "deployed": "deployed", "invoked": { "sent": "ann" }, "logged": "welcome ann", "applied": 1,
                "deploys": null, "stopped": "POLICY_RATE_LIMIT", "denied": "POLICY_DENIED",
                "found": ["buy milk", "call bob"], "waited": "APPROVAL_REQUIRED", "added": "feed the cat",
                "ran": { "milk": 2, "bob": 1, "cat": 1 }, "scanned": null,
                "audited": {
                    "key deploy_function allowed": deploys + 1, "key deploy_function rate_limited": 1,
                    "key invoke_function allowed": 1, "key manage_function allowed": 1, "key manage_schema allowed": 1,
                    "key manage_function denied": 1, "user fn:agent-notes allowed": 1,
                    "user fn:add_note approval_required": 1, "user fn:add_note allowed": 1, "key run_code allowed": 1,
                    "key fn:agent-notes allowed": 3,
                },
            }),
            "{text}"
        );
    });
}

/// The example `agent-notes`, deployed.
async fn example() -> TestApp {
    let read =
        |file: &str| std::fs::read_to_string(npm::root().join("examples/agent-notes").join(file)).unwrap();
    let app = TestApp::new().await;
    app.manage("POST", "/sql").json(json!({ "sql": read("schema.sql") })).ok().await;
    let mut fields: Value = serde_json::from_str(&read("function.json")).unwrap();
    fields.as_object_mut().unwrap().remove("try");
    app.deploy_with("agent-notes", &read("index.ts"), fields).await;
    app
}

#[test]
fn the_inspector_lists_and_calls() {
    let Some(folder) = &*FOLDER else { return };
    run(async {
        let app = TestApp::new().await;
        let inspect = async |arguments: &[&str]| {
            let mut command = Command::new(folder.join("node_modules/.bin/mcp-inspector"));
            command.args(["--cli", PROGRAM, "mcp"]).args(arguments).current_dir(folder);
            command.env("MAYFLY_URL", url(&app)).env("MAYFLY_KEY", &app.service_key);
            let text = output(command).await;
            serde_json::from_str::<Value>(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
        };
        let listed = inspect(&["--method", "tools/list"]).await;
        assert_eq!(listed["tools"].as_array().unwrap().len(), TOOLS.len());
        let id = format!("app_id={}", app.id);
        let call =
            ["--method", "tools/call", "--tool-name", "manage_function", "--tool-arg", &id, "action=list"];
        let called = inspect(&call).await;
        assert_eq!(called["structuredContent"], json!({ "functions": [] }), "{called}");
        let resources = inspect(&["--method", "resources/list"]).await;
        assert!(resources["resources"].as_array().unwrap().len() >= 3);
    });
}
