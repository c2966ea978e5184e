//! The official clients before `mayfly mcp proxy`, before servers of others and before our own; and scans of those.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use serde_json::{Value, json};
use support::app::TestApp;
use support::client::Client;
use support::cluster::run;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command as AsyncCommand};

use super::driver::{PROGRAM, UPSTREAM};
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

/// The status of a message to a proxy, and the session that it begins.
async fn posted(url: &str, method: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let address = url.strip_prefix("http://").unwrap().strip_suffix("/mcp").unwrap().parse().unwrap();
    let about = json!({ "protocolVersion": "2025-11-25", "capabilities": {},
        "clientInfo": { "name": "test", "version": "1.0.0" } });
    let mut ask = Client::new(address).post("/mcp").header("accept", "application/json, text/event-stream");
    for (name, value) in headers {
        ask = ask.header(name, value);
    }
    let answer =
        ask.json(json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": about })).send().await;
    (answer.status, answer.header("mcp-session-id").to_owned())
}

#[tokio::test]
async fn a_session_belongs_to_who_began_it() {
    let state = tempfile::tempdir().unwrap();
    let upstream = format!("{} plain", UPSTREAM);
    let (_proxy, url) = listening(state.path(), &upstream).await;
    let (ann, ben) = (format!("Bearer {KEY}"), "Bearer a-key-of-another".to_owned());
    for headers in [
        &[][..],
        &[("authorization", "Bearer a-key-of-no-client")],
        &[("authorization", "Basic a-key-of-the-client")],
        &[("authorization", &ann), ("authorization", &ann)],
    ] {
        assert_eq!(posted(&url, "initialize", headers).await.0, 401, "{headers:?}");
    }
    let (status, session) = posted(&url, "initialize", &[("authorization", &ann)]).await;
    assert_eq!(status, 200);
    assert!(!session.is_empty());
    let again = |key: &str, session: &str| {
        let (url, key, session) = (url.clone(), key.to_owned(), session.to_owned());
        async move { posted(&url, "ping", &[("authorization", &key), ("mcp-session-id", &session)]).await.0 }
    };
    assert_eq!(again(&ben, &session).await, 404, "another's session is none");
    assert_eq!(again(&ann, "no-session").await, 404);
    assert_eq!(again(&ann, &session).await, 200);
}

#[tokio::test]
async fn a_stream_that_was_cut_goes_on_where_it_ended() {
    let state = tempfile::tempdir().unwrap();
    let (_proxy, url) = listening(state.path(), &format!("{UPSTREAM} progress")).await;
    let (ann, ben) = (format!("Bearer {KEY}"), "Bearer a-key-of-another".to_owned());
    let (_, session) = posted(&url, "initialize", &[("authorization", &ann)]).await;
    let address = url.strip_prefix("http://").unwrap().strip_suffix("/mcp").unwrap().parse().unwrap();
    let ask = |method: &str, key: &str| {
        let ask = Client::new(address).ask(method, "/mcp");
        ask.header("accept", "application/json, text/event-stream")
            .header("authorization", key)
            .header("mcp-session-id", &session)
    };
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    assert_eq!(ask("POST", &ann).json(ready).send().await.status, 202);
    let params = json!({ "name": "get_sum", "arguments": {}, "_meta": { "progressToken": "mine" } });
    let call = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params });
    let mut events = ask("POST", &ann).json(call).events().await;
    let mut last = events.next().await.unwrap();
    while last.data["params"]["progress"] != 3.0 {
        last = events.next().await.unwrap();
    }
    drop(events);
    // Another's key goes on with nothing.
    assert_eq!(ask("GET", &ben).header("last-event-id", &last.id).send().await.status, 404);
    let mut events = ask("GET", &ann).header("last-event-id", &last.id).events().await;
    for step in 4..=100 {
        let event = events.next().await.unwrap_or_else(|| panic!("the stream ended before {step}"));
        assert_eq!(event.data["params"]["progress"].as_f64(), Some(f64::from(step)), "{event:?}");
    }
    let answer = events.next().await.unwrap();
    assert_eq!(
        (&answer.data["id"], &answer.data["result"]["isError"]),
        (&json!(7), &Value::Null),
        "{answer:?}"
    );
    // It ran once.
    let text = std::fs::read_to_string(state.path().join("audit.jsonl")).unwrap();
    assert_eq!(text.matches(r#""decision":"allowed""#).count(), 1, "{text}");
}

#[tokio::test]
async fn what_others_can_reach_needs_keys() {
    let state = tempfile::tempdir().unwrap();
    let mut command = Command::new(PROGRAM);
    command.args(arguments(state.path(), "true")).args(["--listen", "0.0.0.0:0"]);
    let ended = command.output().unwrap();
    assert_eq!(ended.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("--keys"), "{ended:?}");
    // Without keys it is this machine's alone, and of no page in a browser.
    let mut command = AsyncCommand::new(PROGRAM);
    command.args(arguments(state.path(), &format!("{} plain", UPSTREAM)));
    command.args(["--listen", "127.0.0.1:0"]).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().expect("it says where it listens");
    let url = line.split_whitespace().last().unwrap();
    assert_eq!(posted(url, "initialize", &[]).await.0, 200);
    assert_eq!(posted(url, "initialize", &[("origin", "https://example.com")]).await.0, 403);
}

/// A server that answers each request with this.
async fn answering(answer: &'static str) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 8192];
            let _ = stream.read(&mut buffer).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    url
}

#[tokio::test]
async fn an_http_server_that_misbehaves_cannot_be_scanned() {
    for (answer, why) in [
        ("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 8\r\n\r\n{\"nonsen", ""),
        (
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99999999\r\n\r\n{",
            "16777216",
        ),
        (
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
            "307",
        ),
        ("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n", "401"),
        ("nothing of HTTP", ""),
    ] {
        let mut command = Command::new(PROGRAM);
        let url = answering(answer).await;
        command.args(["mcp", "scan", &url]).env("MAYFLY_UPSTREAM_KEY", "upstream-secret");
        let ended = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{said}");
        assert!(said.contains("cannot be scanned") && said.contains(why), "{why}: {said}");
        assert!(!said.contains("upstream-secret"), "{said}");
    }
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
                "steps": [1, 2, 3], "done": true, "sampled": true, "elicited": true, "approved": true, "asked": 1,
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
    assert_eq!(of(&everything, "get-env").1, "medium");
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
