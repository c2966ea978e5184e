//! Sessions of agents: what one is granted, over both transports, and that it is good for no other caller.

use std::process::Stdio;

use serde_json::{Value, json};
use support::app::TestApp;
use support::client::Ask;
use support::cluster::run;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;

use super::driver::{Driver, PROGRAM};
use super::message;

const HELLO: &str = "export default () => new Response('hi')";

async fn set(app: &TestApp, policy: Value) {
    app.client.ask("PUT", &app.path("/policy")).key(&app.admin_key).json(policy).ok().await;
}

fn request(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
}

fn initialize() -> Value {
    let client = json!({ "name": "test", "version": "1" });
    request(
        "initialize",
        json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client }),
    )
}

fn deploy(app: &TestApp) -> Value {
    let arguments = json!({ "app_id": app.id, "name": "a", "code": HELLO });
    request("tools/call", json!({ "name": "deploy_function", "arguments": arguments }))
}

/// What a client of a new session sends with each message.
async fn begun(app: &TestApp, path: &str, key: &str) -> String {
    let ask = app.client.post(path).header("accept", "application/json, text/event-stream");
    let answer = ask.json(initialize()).key(key).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.header("mcp-session-id").to_owned()
}

fn within(app: &TestApp, key: &str, session: &str, body: Value) -> Ask {
    message(app, body).key(key).header("mcp-session-id", session)
}

/// The code of a call's failure; null where it has none.
async fn code(ask: Ask) -> Value {
    ask.ok().await["result"]["structuredContent"]["code"].clone()
}

async fn entries(app: &TestApp, query: &str) -> Vec<Value> {
    app.manage("GET", &format!("/audit?{query}")).ok().await["entries"].as_array().unwrap().clone()
}

#[test]
fn a_session_is_granted_what_its_key_is_not() {
    run(async {
        let app = TestApp::new().await;
        let key = app.service_key.clone();
        set(&app, json!({ "version": "1", "default": "deny", "tools": { "manage_function": {} } })).await;
        let (ours, other) = (begun(&app, "/mcp", &key).await, begun(&app, "/mcp", &key).await);
        assert_ne!(ours, other);
        assert_eq!(code(within(&app, &key, &ours, deploy(&app))).await, "POLICY_DENIED");
        // What is written down names the session, and is not what its client sends.
        let entry = entries(&app, "").await.remove(0);
        let id = entry["session_id"].as_str().unwrap().to_owned();
        assert!(id.starts_with("ses_") && !ours.contains(&id), "{id}");
        let grants = json!({ format!("session:{id}"): { "tools": { "deploy_function": {}, "run_code": {}, "fn:tool": {} } } });
        let policy = json!({ "version": "1", "default": "deny", "tools": { "manage_function": {} }, "grants": grants });
        set(&app, policy).await;
        assert_eq!(code(within(&app, &key, &ours, deploy(&app))).await, Value::Null);
        assert_eq!(code(within(&app, &key, &other, deploy(&app))).await, "POLICY_DENIED");
        assert_eq!(code(message(&app, deploy(&app)).key(&key)).await, "POLICY_DENIED");
        let listed = async |session: &str| {
            let answer = within(&app, &key, session, request("tools/list", json!({}))).ok().await;
            let tools = answer["result"]["tools"].as_array().unwrap().clone();
            tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(listed(&ours).await, ["deploy_function", "manage_function", "run_code"]);
        assert_eq!(listed(&other).await, ["manage_function"]);
        assert_eq!(entries(&app, &format!("session={id}")).await.len(), 2);
        // Code that it runs is in the same session, and so is what that calls.
        let tool = json!({ "name": "tool", "agent_tool": true, "code": "export default () => Response.json({ ok: 1 })" });
        app.manage("POST", "/functions").json(tool).ok().await;
        let arguments = json!({ "app_id": app.id, "code": "return await tools.tool()" });
        let call = request("tools/call", json!({ "name": "run_code", "arguments": arguments }));
        let ran = within(&app, &key, &ours, call).ok().await["result"]["structuredContent"].clone();
        assert_eq!(ran["body"], json!({ "ok": 1 }), "{ran}");
        let inner = entries(&app, "tool=fn:tool").await.remove(0);
        assert_eq!((&inner["session_id"], &inner["decision"]), (&json!(id), &json!("allowed")), "{inner}");
    });
}

#[test]
fn a_session_of_another_is_worth_nothing() {
    run(async {
        let app = TestApp::new().await;
        let made = app.manage("POST", "/keys").json(json!({})).ok().await;
        let (key, other) = (app.service_key.clone(), made["key"].as_str().unwrap().to_owned());
        let session = begun(&app, "/mcp", &key).await;
        let tool = json!({ "name": "tool", "agent_tool": true, "agent_tool_exposed_to": "end_user",
            "code": "export default () => Response.json({ ok: 1 })" });
        app.manage("POST", "/functions").json(tool).ok().await;
        let (ann, bob) = (app.token("ann").await, app.token("bob").await);
        let own = format!("/mcp/{}", app.id);
        let of_ann = begun(&app, &own, &ann).await;
        let call = request("tools/call", json!({ "name": "tool", "arguments": {} }));
        let calls = |path: &str, key: &str, session: &str| {
            let ask = app.client.post(path).header("accept", "application/json, text/event-stream");
            ask.json(call.clone()).key(key).header("mcp-session-id", session)
        };
        let admin = app.admin_key.clone();
        let changed = format!("{session}x");
        for (path, key, session) in [
            ("/mcp", &other, &session),
            ("/mcp", &admin, &session),
            ("/mcp", &key, &changed),
            ("/mcp", &key, &"ses_1".to_owned()),
            ("/mcp", &key, &"x".repeat(2_000)),
            // Of another endpoint, and of another user.
            (own.as_str(), &key, &session),
            (own.as_str(), &bob, &of_ann),
            ("/mcp", &key, &of_ann),
        ] {
            calls(path, key, session).fails(404, "RESOURCE_NOT_FOUND").await;
        }
        let twice = calls("/mcp", &key, &session).header("mcp-session-id", &session);
        twice.fails(404, "RESOURCE_NOT_FOUND").await;
        // Each is written down, and nothing has run.
        let page = app.client.get("/v1/audit?limit=1000").key(&app.admin_key).ok().await;
        let of = |identity: String| {
            let entries = page["entries"].as_array().unwrap();
            let refused = entries.iter().filter(|entry| entry["identity"] == identity.as_str());
            refused.filter(|entry| entry["decision"] == "refused").count()
        };
        assert_eq!(of(format!("key:{}", made["id"].as_str().unwrap())), 1, "{page}");
        assert_eq!(of("user:bob".to_owned()), 1);
        assert!(entries(&app, "decision=allowed").await.is_empty());
        // In the hands of who began it, it is good.
        let done = calls(&own, &ann, &of_ann).ok().await;
        assert_eq!(done["result"]["structuredContent"], json!({ "ok": 1 }), "{done}");
        let entry = entries(&app, "tool=fn:tool&decision=allowed").await.remove(0);
        assert_eq!(entry["identity"], "user:ann");
        assert!(entry["session_id"].as_str().unwrap().starts_with("ses_"));
    });
}

#[test]
fn a_counter_is_a_sessions_own() {
    run(async {
        let app = TestApp::new().await;
        let key = app.service_key.clone();
        let limit = json!({ "counter": "deploys", "window": "day", "max": 1, "scope": "session" });
        let tools = json!({ "deploy_function": { "limits": [limit] } });
        set(&app, json!({ "version": "1", "tools": tools })).await;
        let (one, two) = (begun(&app, "/mcp", &key).await, begun(&app, "/mcp", &key).await);
        for session in [&one, &two] {
            assert_eq!(code(within(&app, &key, session, deploy(&app))).await, Value::Null);
            assert_eq!(code(within(&app, &key, session, deploy(&app))).await, "POLICY_RATE_LIMIT");
        }
        // Without a session, all of a key's calls are counted together.
        assert_eq!(code(message(&app, deploy(&app)).key(&key)).await, Value::Null);
        assert_eq!(code(message(&app, deploy(&app)).key(&key)).await, "POLICY_RATE_LIMIT");
    });
}

#[test]
fn a_program_on_stdin_is_one_session() {
    run(async {
        let app = TestApp::new().await;
        set(&app, json!({ "version": "1", "default": "deny" })).await;
        let mut command = Command::new(PROGRAM);
        command.args(["mcp", "--url", &format!("http://{}", app.client.address())]);
        command.args(["--key", &app.service_key]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut input = child.stdin.take().unwrap();
        let mut ask = async |body: Value| {
            input.write_all(format!("{body}\n").as_bytes()).await.unwrap();
            let line = lines.next_line().await.unwrap().expect("an answer");
            serde_json::from_str::<Value>(&line).unwrap()["result"].clone()
        };
        assert_eq!(ask(initialize()).await["serverInfo"]["name"], "mayfly");
        let denied = ask(deploy(&app)).await;
        assert_eq!(denied["structuredContent"]["code"], "POLICY_DENIED");
        let entry = entries(&app, "").await.remove(0);
        let id = entry["session_id"].as_str().unwrap();
        let grants = json!({ format!("session:{id}"): { "default": "allow" } });
        set(&app, json!({ "version": "1", "default": "deny", "grants": grants })).await;
        let done = ask(deploy(&app)).await;
        assert_eq!(done["structuredContent"]["status"], "deployed", "{done}");
    });
}

#[tokio::test]
async fn a_proxys_session_has_a_name() {
    let state = tempfile::tempdir().unwrap();
    let grants = json!({ "session:cleaning": { "tools": { "delete_rows": {} } } });
    let policy = json!({ "version": "1", "default": "deny", "tools": { "get_sum": {} }, "grants": grants });
    let (mut client, _) = Driver::connected(state.path(), "plain", &policy, &[]).await;
    assert_eq!(client.listed().await, ["get_sum"]);
    assert_eq!(client.refused("delete_rows", json!({})).await.0, "POLICY_DENIED");
    client.end().await;
    let (mut client, _) = Driver::connected(state.path(), "plain", &policy, &["--session", "cleaning"]).await;
    assert_eq!(client.listed().await, ["get_sum", "delete_rows"]);
    client.call("delete_rows", json!({})).await;
    client.end().await;
    let text = std::fs::read_to_string(state.path().join("audit.jsonl")).unwrap();
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(rows[0]["session_id"].as_str().unwrap().starts_with("ses_"), "{text}");
    assert_eq!((&rows[1]["session_id"], &rows[1]["decision"]), (&json!("cleaning"), &json!("allowed")));
}

#[test]
fn a_policy_says_what_a_session_may() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.json");
    let limit = json!({ "counter": "deploys", "window": "day", "max": 1, "scope": "session" });
    let rule = json!({ "deploy_function": { "limits": [limit] } });
    let grants = json!({ "session:ses_1": { "tools": rule } });
    std::fs::write(&policy, json!({ "version": "1", "grants": grants }).to_string()).unwrap();
    let file = folder.path().join("call.json");
    let run = |verb: &[&str], call: Option<Value>| {
        let mut command = std::process::Command::new(PROGRAM);
        command.arg("policy").args(verb).arg(&policy);
        if let Some(of) = call {
            std::fs::write(&file, of.to_string()).unwrap();
            command.arg(&file);
        }
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let of = |session: &str| json!({ "tool": "deploy_function", "key": "key_1", "session": session });
    let (status, text) = run(&["test", "--json"], Some(of("ses_1")));
    let decided: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, &decided["decision"]), (Some(0), &json!("allow")), "{text}");
    assert_eq!(decided["rule"], "grants.session:ses_1.tools.deploy_function");
    assert_eq!(decided["counters"][0]["counter"], "deploys/86400/session/ses_1");
    assert_eq!(run(&["test"], Some(of("ses_2"))).0, Some(1));
    let (_, text) = run(&["explain"], None);
    assert!(text.contains("session:ses_1, deploy_function: may be called"), "{text}");
    assert!(text.contains("counted as `deploys` by session"), "{text}");
}
