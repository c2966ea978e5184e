//! The official clients before `mayfly mcp proxy`, before servers of others and before our own; and scans of those.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use serde_json::{Value, json};
use support::app::TestApp;
use support::cluster::run;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command as AsyncCommand};

use super::proxy::PROGRAM;
use crate::npm::{self, execute};
use crate::python;

const KEY: &str = "a-key-of-the-client";

static FOLDER: LazyLock<Option<PathBuf>> = LazyLock::new(|| npm::folder("mcp"));

/// A limit a day instead of a minute: no test runs over its end.
fn policy() -> Value {
    json!({ "version": "1", "default": "allow", "tools": {
        "get-env": { "action": "deny", "reason": "the environment has secrets" },
        "get-sum": { "arguments": { "a": { "maximum": 100 } },
            "limits": [{ "counter": "sums", "window": "day", "max": 1, "scope": "grant" }] },
        "get-tiny-image": { "action": "require_approval" },
    } })
}

fn arguments(state: &Path, upstream: &str) -> Vec<String> {
    let file = state.join("policy.json");
    std::fs::write(&file, policy().to_string()).unwrap();
    let (policy, state) = (file.display().to_string(), state.display().to_string());
    ["mcp", "proxy", "--upstream", upstream, "--policy", &policy, "--state", &state]
        .map(str::to_owned)
        .to_vec()
}

/// A proxy that listens, and its URL.
async fn listening(state: &Path, upstream: &str) -> (Child, String) {
    let keys = state.join("keys.json");
    std::fs::write(&keys, json!({ "ann": KEY, "ben": "a-key-of-another" }).to_string()).unwrap();
    let mut command = AsyncCommand::new(PROGRAM);
    command.args(arguments(state, upstream)).args(["--listen", "127.0.0.1:0", "--keys"]).arg(keys);
    let mut child = command.stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().expect("it says where it listens");
    let url = line.split_whitespace().last().unwrap().to_owned();
    // What it says later has to go somewhere.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, url)
}

/// What a script prints, run before a proxy over a transport.
async fn before_proxy(transport: &str, upstream: &str, mut script: Command) -> Value {
    let state = tempfile::tempdir().unwrap();
    let mut running = None;
    if transport == "http" {
        let (child, url) = listening(state.path(), upstream).await;
        script.args(["http", &url, KEY]);
        running = Some(child);
    } else {
        script.args(["stdio", PROGRAM]).args(arguments(state.path(), upstream));
    }
    let text = tokio::task::spawn_blocking(move || execute(&mut script)).await.unwrap();
    drop(running);
    serde_json::from_str(text.lines().last().unwrap()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn everything(folder: &Path) -> String {
    folder.join("node_modules/.bin/mcp-server-everything").display().to_string()
}

#[tokio::test]
async fn the_typescript_client_before_the_reference_server() {
    let Some(folder) = &*FOLDER else { return };
    for transport in ["stdio", "http"] {
        let mut script = Command::new("node");
        script.arg("proxy.mjs").current_dir(folder);
        let found = before_proxy(transport, &everything(folder), script).await;
        assert_eq!(
            found,
            json!({
                "server": "mcp-servers/everything", "hidden": false, "echo": "Echo: hi", "denied": "POLICY_DENIED",
                "bound": "POLICY_DENIED", "sum": "The sum of 1 and 2 is 3.", "again": "POLICY_RATE_LIMIT",
                "steps": [1, 2, 3, 4], "done": true, "sampled": true, "elicited": true, "approved": true, "asked": 1,
                "read": 1, "prompt": true, "completed": true,
            }),
            "{transport}"
        );
    }
}

#[tokio::test]
async fn the_python_client_before_the_reference_server() {
    let Some(folder) = &*FOLDER else { return };
    let untested = "the Python client is not tested before the proxy";
    let Some(environment) = python::environment("mcp-python", "tests/mcp/requirements.txt", untested) else {
        return;
    };
    for transport in ["stdio", "http"] {
        let mut script = Command::new(environment.join("bin/python"));
        script.arg(npm::root().join("tests/mcp/proxy.py"));
        let found = before_proxy(transport, &everything(folder), script).await;
        assert_eq!(
            found,
            json!({
                "protocol": "2026-07-28", "hidden": false, "echo": "Echo: hi", "denied": "POLICY_DENIED",
                "bound": "POLICY_DENIED", "sum": "The sum of 1 and 2 is 3.", "again": "POLICY_RATE_LIMIT",
                "resources": true,
            }),
            "{transport}"
        );
    }
}

/// What a scan says of a tool.
fn of<'a>(report: &'a Value, name: &str) -> (&'a str, &'a str, Vec<&'a str>) {
    let tools = report["report"]["tools"].as_array().unwrap();
    let tool = tools.iter().find(|tool| tool["name"] == name).unwrap_or_else(|| panic!("{name}: {report}"));
    let signals = tool["signals"].as_array().unwrap().iter();
    let signals = signals.map(|signal| signal["text"].as_str().unwrap()).collect();
    (tool["class"].as_str().unwrap(), tool["severity"].as_str().unwrap(), signals)
}

/// A scan of a server, whose policy is valid.
fn scan(server: &str, key: Option<&str>) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.json");
    let mut command = Command::new(PROGRAM);
    command.args(["mcp", "scan", server, "--json", "--policy-out"]).arg(&policy);
    if let Some(key) = key {
        command.env("MAYFLY_UPSTREAM_KEY", key);
    }
    let report = serde_json::from_str(&execute(&mut command)).unwrap();
    let mut check = Command::new(PROGRAM);
    check.args(["policy", "check"]).arg(&policy);
    if key.is_none() {
        check.arg("--any-tool");
    }
    execute(&mut check);
    report
}

#[test]
fn scans_of_servers_of_others() {
    let Some(folder) = &*FOLDER else { return };
    let program = |name: &str| folder.join("node_modules/.bin").join(name).display().to_string();
    let files = scan(&format!("{} /tmp", program("mcp-server-filesystem")), None);
    assert_eq!(of(&files, "read_text_file"), ("read", "low", vec![]));
    assert_eq!(of(&files, "write_file").0, "write");
    let memory = scan(&program("mcp-server-memory"), None);
    let (class, severity, signals) = of(&memory, "delete_entities");
    assert_eq!((class, severity), ("destructive", "critical"));
    assert_eq!(signals, ["Bulk/mass operation: affects multiple targets"]);
    assert_eq!(memory["policy"]["tools"]["delete_entities"]["action"], "require_approval");
    let everything = scan(&everything(folder), None);
    assert_eq!(of(&everything, "trigger-long-running-operation").0, "execute");
    assert_eq!(of(&everything, "echo"), ("read", "low", vec![]));
}

#[test]
fn a_scan_of_our_own_server_and_a_proxy_before_it() {
    run(async {
        let app = TestApp::new().await;
        let url = format!("http://{}/mcp", app.client.address());
        let (at, key) = (url.clone(), app.service_key.clone());
        let report = tokio::task::spawn_blocking(move || scan(&at, Some(&key))).await.unwrap();
        let (class, severity, signals) = of(&report, "deploy_function");
        assert_eq!((class, severity), ("execute", "high"));
        assert_eq!(signals.len(), 4, "{signals:?}");
        for (signal, begin) in signals.iter().zip([
            "Accepts freeform code/query input (code)",
            "High parameter count (",
            "Bulk/mass operation",
            "Admin/system-level operation",
        ]) {
            assert!(signal.starts_with(begin), "{signals:?}");
        }
        let html = vec!["Accepts raw HTML/template content (body)"];
        assert_eq!(of(&report, "invoke_function"), ("execute", "high", html));
        assert_eq!(of(&report, "manage_schema"), ("write", "medium", vec![]));
        assert_eq!(of(&report, "explain_failure").0, "read");
        let limit = |tool: &str, max: u32| json!({ "limits": [{ "counter": format!("{tool}_rate"), "window": "minute", "max": max, "scope": "grant" }] });
        let rules = &report["policy"]["tools"];
        assert_eq!(rules["deploy_function"], limit("deploy_function", 10));
        assert_eq!(rules["invoke_function"], limit("invoke_function", 10));
        assert_eq!(rules["manage_schema"], limit("manage_schema", 30));
        assert_eq!(rules["manage_app"]["action"], "require_approval");
    });
}
