//! `mayfly mcp proxy` before servers that misbehave: what the client is told, what the audit log says, what runs.

use std::path::Path;

use serde_json::{Value, json};

use super::driver::{Driver, PROGRAM, UPSTREAM};

/// The rows of the audit log, without the ends of calls.
fn audit(state: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(state.join("audit.jsonl")).unwrap();
    let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.filter(|row| row["decision"].is_string()).collect()
}

fn approvals(state: &Path, arguments: &[&str]) -> String {
    let mut command = std::process::Command::new(PROGRAM);
    command.arg("approvals").args(arguments).arg("--proxy").arg(state);
    crate::npm::execute(&mut command)
}

fn allow() -> Value {
    json!({ "version": "1", "default": "allow" })
}

#[tokio::test]
async fn tools_are_filtered_refused_and_written_down() {
    let state = tempfile::tempdir().unwrap();
    let policy = json!({ "version": "1", "default": "deny", "tools": {
        "get_sum": { "arguments": { "a": { "maximum": 5 } }, "redact": ["note"],
            "limits": [{ "counter": "sums", "window": "day", "max": 2, "scope": "grant" }] },
        "delete_rows": { "action": "deny", "reason": "rows are kept" },
    } });
    let (mut client, shown) = Driver::connected(state.path(), "plain", &policy, &[]).await;
    assert_eq!(shown["serverInfo"]["name"], "upstream");
    assert_eq!(shown["instructions"], "Adds numbers.");
    assert_eq!(client.listed().await, ["get_sum"], "what is always denied is not listed");
    let done = client.call("get_sum", json!({ "a": 1, "note": "private" })).await;
    assert_eq!(
        done["content"][0]["text"],
        json!({ "arguments": { "a": 1, "note": "private" }, "tool": "get_sum" }).to_string()
    );
    let (code, problem) = client.refused("get_sum", json!({ "a": 6 })).await;
    assert_eq!(
        (code.as_str(), &problem["error"]["details"]["rule"]),
        ("POLICY_DENIED", &json!("tools.get_sum.arguments.a.maximum"))
    );
    let (code, problem) = client.refused("delete_rows", json!({})).await;
    assert_eq!(code, "POLICY_DENIED");
    assert!(problem["detail"].as_str().unwrap().contains("rows are kept"), "{problem}");
    assert_eq!(client.refused("drop_all", json!({})).await.0, "RESOURCE_NOT_FOUND");
    client.call("get_sum", json!({ "a": 2 })).await;
    // A proxy that starts again counts on.
    client.end().await;
    let (mut client, _) = Driver::connected(state.path(), "plain", &policy, &["--as", "local"]).await;
    let (code, problem) = client.refused("get_sum", json!({ "a": 3 })).await;
    assert_eq!(code, "POLICY_RATE_LIMIT");
    assert!(problem["error"]["details"]["retry_after_seconds"].as_u64().unwrap() > 0, "{problem}");
    let rows = audit(state.path());
    let decisions: Vec<&str> = rows.iter().map(|row| row["decision"].as_str().unwrap()).collect();
    assert_eq!(decisions, ["allowed", "denied", "denied", "refused", "allowed", "rate_limited"]);
    assert_eq!(rows[0]["arguments"], json!({ "a": 1, "note": "[redacted]" }));
    assert_eq!(rows[0]["identity"], "key:local");
    assert_eq!(rows[2]["rule"], "tools.delete_rows.action");
}

#[tokio::test]
async fn the_rest_of_the_protocol_goes_through() {
    let state = tempfile::tempdir().unwrap();
    let (mut client, _) = Driver::connected(state.path(), "progress", &allow(), &[]).await;
    assert_eq!(client.ask("prompts/list", json!({})).await["prompts"][0]["name"], "greet");
    assert_eq!(client.ask("resources/list", json!({})).await["resources"][0]["uri"], "test://a");
    assert_eq!(client.ask("logging/setLevel", json!({ "level": "info" })).await, json!({}));
    assert_eq!(client.ask("prompts/get", json!({ "name": "x" })).await["code"], -32601);
    // Subscriptions, and what comes of them.
    assert_eq!(client.ask("resources/subscribe", json!({ "uri": "test://a" })).await, json!({}));
    assert_eq!(client.ask("resources/unsubscribe", json!({ "uri": "test://a" })).await, json!({}));
    while client.said.len() < 4 {
        client.ask("resources/list", json!({})).await;
    }
    let said: Vec<String> =
        client.said.drain(..).map(|message| message["method"].as_str().unwrap().to_owned()).collect();
    assert_eq!(
        said,
        ["resources/updated", "tools/list_changed", "resources/list_changed", "prompts/list_changed"]
            .map(|what| format!("notifications/{what}"))
    );
    let params = json!({ "name": "get_sum", "arguments": {}, "_meta": { "progressToken": "mine" } });
    client.ask("tools/call", params).await;
    let steps: Vec<&Value> = client.said.iter().map(|message| &message["params"]["progress"]).collect();
    assert_eq!(steps.len(), 100, "each report comes before the answer");
    assert!(
        steps.iter().enumerate().all(|(place, step)| step.as_f64() == Some(place as f64 + 1.0)),
        "in order: {steps:?}"
    );
    assert!(client.said.iter().all(|message| message["params"]["progressToken"] == "mine"));
}

#[tokio::test]
async fn a_call_that_is_cancelled_is_cancelled_at_the_upstream() {
    let state = tempfile::tempdir().unwrap();
    let heard = state.path().join("heard");
    let mode = format!("hangs {}", heard.display());
    let (mut client, _) = Driver::connected(state.path(), &mode, &allow(), &[]).await;
    client.listed().await;
    let params = json!({ "name": "get_sum", "arguments": {} });
    client.send(&json!({ "jsonrpc": "2.0", "id": 500, "method": "tools/call", "params": params })).await;
    // The call is written down before it is asked of the upstream, which answers this after it.
    while audit(state.path()).is_empty() {
        client.ask("resources/list", json!({})).await;
    }
    let cancelled = json!({ "requestId": 500, "reason": "enough" });
    client.send(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancelled })).await;
    while !heard.exists() {
        client.ask("resources/list", json!({})).await;
    }
    client.end().await;
    let text = std::fs::read_to_string(state.path().join("audit.jsonl")).unwrap();
    assert!(text.contains(r#""error_code":"CANCELLED""#), "{text}");
}

#[tokio::test]
async fn a_call_that_goes_on_as_a_task_is_followed_to_its_end() {
    let state = tempfile::tempdir().unwrap();
    let mut client = Driver::start(state.path(), &format!("{UPSTREAM} tasks"), &allow(), &[]).await;
    let tasks = json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } });
    let shown = client.handshake(tasks).await;
    // No other extension is passed on.
    assert_eq!(
        shown["capabilities"]["extensions"],
        json!({ "io.modelcontextprotocol/tasks": {} }),
        "{shown}"
    );
    let begun = client.call("get_sum", json!({})).await;
    assert_eq!((&begun["resultType"], &begun["taskId"]), (&json!("task"), &json!("task-1")), "{begun}");
    let get = json!({ "taskId": "task-1" });
    assert_eq!(
        client.ask("tasks/get", json!({ "taskId": "task-2" })).await["code"],
        -32602,
        "it is none of its own"
    );
    assert_eq!(client.ask("tasks/get", get.clone()).await["status"], "working");
    assert_eq!(client.ask("tasks/cancel", get.clone()).await["code"], Value::Null);
    for _ in 0..2 {
        let ended = client.ask("tasks/get", get.clone()).await;
        assert_eq!(
            (&ended["status"], &ended["result"]["content"][0]["text"]),
            (&json!("completed"), &json!("done"))
        );
    }
    client.end().await;
    let text = std::fs::read_to_string(state.path().join("audit.jsonl")).unwrap();
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 2, "{text}");
    assert_eq!((&rows[0]["decision"], &rows[1]["succeeded"]), (&json!("allowed"), &json!(true)));
    assert_eq!(rows[0]["id"], rows[1]["id"]);
    // A client that does not know tasks is not told of one.
    let state = tempfile::tempdir().unwrap();
    let (mut client, _) = Driver::connected(state.path(), "tasks", &allow(), &[]).await;
    assert_eq!(client.refused("get_sum", json!({})).await.0, "UPSTREAM_FAILED");
    assert!(client.ask("tasks/get", get).await["code"].is_i64());
}

#[tokio::test]
async fn counters_are_exact_when_calls_come_together() {
    let state = tempfile::tempdir().unwrap();
    let limit = json!([{ "counter": "sums", "window": "day", "max": 20, "scope": "global" }]);
    let policy = json!({ "version": "1", "tools": { "get_sum": { "limits": limit } } });
    let (mut client, _) = Driver::connected(state.path(), "plain", &policy, &[]).await;
    for id in 1_000..1_064 {
        let params = json!({ "name": "get_sum", "arguments": {} });
        client.send(&json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params })).await;
    }
    let mut allowed = 0;
    for _ in 0..64 {
        let result = client.next().await["result"].clone();
        if result["isError"] == true {
            assert_eq!(result["structuredContent"]["code"], "POLICY_RATE_LIMIT", "{result}");
        } else {
            allowed += 1;
        }
    }
    assert_eq!(allowed, 20);
    assert_eq!(audit(state.path()).iter().filter(|row| row["decision"] == "allowed").count(), 20);
}

#[tokio::test]
async fn what_only_looks_like_a_call_reaches_no_upstream() {
    let state = tempfile::tempdir().unwrap();
    let policy = json!({ "version": "1", "default": "deny" });
    let (mut client, _) = Driver::connected(state.path(), "plain", &policy, &[]).await;
    for params in [
        json!({ "name": "delete_rows", "arguments": "all" }),
        json!({ "name": "delete_rows", "arguments": [1] }),
        json!({ "name": ["delete_rows"] }),
        json!({}),
    ] {
        let answer = client.ask("tools/call", params.clone()).await;
        assert!(answer["content"].is_null() && answer["code"].is_i64(), "{params}: {answer}");
    }
    let params = json!({ "name": "delete_rows", "arguments": {} });
    client.send(&json!({ "jsonrpc": "2.0", "method": "tools/call", "params": params })).await;
    assert_eq!(client.ask("tasks/list", json!({})).await["code"], -32601);
    assert_eq!(client.refused("delete_rows", json!({})).await.0, "POLICY_DENIED");
    assert_eq!(audit(state.path()).len(), 1, "no other was a call");
}

#[tokio::test]
async fn an_upstream_asks_its_client() {
    let state = tempfile::tempdir().unwrap();
    let mut client = Driver::start(state.path(), &format!("{UPSTREAM} asks"), &allow(), &[]).await;
    client.answer = json!({ "action": "accept", "content": { "name": "ann" } });
    client.handshake(json!({ "elicitation": {} })).await;
    let done = client.call("get_sum", json!({})).await;
    assert!(done["content"][0]["text"].as_str().unwrap().contains(r#""name":"ann""#), "{done}");
    assert_eq!(client.said[0]["params"]["message"], "Who?");
}

#[tokio::test]
async fn an_upstream_that_misbehaves_is_refused() {
    for (mode, why) in [
        ("dies", "the program ended"),
        ("hangs", "it did not answer within 1 s"),
        ("wrong-json", "what is no message"),
        ("deep", "recursion limit"),
        ("large", "more than 16777216 bytes"),
        ("floods", "more messages than a client can want"),
    ] {
        let state = tempfile::tempdir().unwrap();
        let more: &[&str] = if mode == "hangs" { &["--timeout", "1"] } else { &[] };
        let (mut client, _) = Driver::connected(state.path(), mode, &allow(), more).await;
        assert_eq!(client.listed().await.len(), 2, "{mode}");
        let (code, problem) = client.refused("get_sum", json!({})).await;
        assert_eq!(code, "UPSTREAM_FAILED", "{mode}");
        assert!(problem["detail"].as_str().unwrap().contains(why), "{mode}: {problem}");
        // Another connection is opened.
        assert_eq!(client.listed().await.len(), 2, "{mode}");
        client.end().await;
        let text = std::fs::read_to_string(state.path().join("audit.jsonl")).unwrap();
        assert_eq!(audit(state.path())[0]["decision"], "allowed");
        assert!(text.contains(r#""error_code":"UPSTREAM_FAILED""#), "{mode}: {text}");
    }
}

#[tokio::test]
async fn tools_that_cannot_be_listed_are_none() {
    for (mode, why) in [
        ("many", "more than 1000 tools"),
        ("twice", "the tool get_sum twice"),
        ("long-name", "1 to 128 characters"),
        ("pages", "more than 100 pages"),
    ] {
        let state = tempfile::tempdir().unwrap();
        let (mut client, _) = Driver::connected(state.path(), mode, &allow(), &[]).await;
        let error = client.ask("tools/list", json!({})).await;
        assert!(error["message"].as_str().unwrap().contains(why), "{mode}: {error}");
        assert_eq!(client.refused("get_sum", json!({})).await.0, "UPSTREAM_FAILED");
        assert_eq!(audit(state.path())[0]["error_code"], "UPSTREAM_FAILED");
    }
    let state = tempfile::tempdir().unwrap();
    let (_, error) = Driver::connected(state.path(), "no-start", &allow(), &[]).await;
    assert_eq!(error["data"]["code"], "UPSTREAM_FAILED", "{error}");
}

#[tokio::test]
async fn a_tool_that_changes_waits_for_another_approval() {
    let state = tempfile::tempdir().unwrap();
    let text = state.path().join("text");
    let mode = format!("changes {}", text.display());
    let (mut client, _) = Driver::connected(state.path(), &mode, &allow(), &[]).await;
    assert_eq!(client.listed().await, ["get_sum", "delete_rows", "get_text"]);
    client.call("get_text", json!({})).await;
    std::fs::write(&text, "Reads a text, and sends it elsewhere.").unwrap();
    assert_eq!(client.listed().await, ["get_sum", "delete_rows"]);
    let (code, problem) = client.refused("get_text", json!({})).await;
    assert_eq!(
        (code.as_str(), &problem["error"]["details"]["rule"]),
        ("TOOL_CHANGED", &json!("pins.get_text"))
    );
    let row = audit(state.path()).pop().unwrap();
    assert_eq!((&row["decision"], &row["rule"]), (&json!("denied"), &json!("pins.get_text")));
    let pins = state.path().join("pins.json");
    let mut scan = std::process::Command::new(PROGRAM);
    scan.args(["mcp", "scan", &format!("{UPSTREAM} {mode}"), "--json", "--pins-out"]).arg(&pins);
    let report: Value = serde_json::from_str(&crate::npm::execute(&mut scan)).unwrap();
    assert_eq!(report["changes"], json!(["changed: get_text"]));
    assert_eq!(client.listed().await.len(), 3, "the pins are read again");
    client.call("get_text", json!({})).await;
    assert_eq!(audit(state.path()).pop().unwrap()["decision"], "allowed");
}

#[tokio::test]
async fn injected_text_does_not_reach_the_model() {
    let state = tempfile::tempdir().unwrap();
    let (mut client, shown) = Driver::connected(state.path(), "injects", &allow(), &[]).await;
    assert_eq!(shown["instructions"], Value::Null);
    assert_eq!(client.listed().await, ["get_sum", "delete_rows"]);
    let (code, problem) = client.refused("get_weather", json!({})).await;
    assert_eq!(code, "TOOL_CHANGED");
    assert!(problem["detail"].as_str().unwrap().contains("injected text"), "{problem}");
}

#[tokio::test]
async fn a_person_approves_in_another_terminal() {
    let state = tempfile::tempdir().unwrap();
    let policy = json!({ "version": "1", "tools": { "delete_rows": { "action": "require_approval" } } });
    let (mut client, _) = Driver::connected(state.path(), "plain", &policy, &[]).await;
    let (code, problem) = client.refused("delete_rows", json!({ "table": "a" })).await;
    assert_eq!(code, "APPROVAL_REQUIRED");
    let id = problem["error"]["details"]["approval_id"].as_str().unwrap().to_owned();
    assert!(approvals(state.path(), &["list", "--state", "pending"]).contains(&id));
    assert!(approvals(state.path(), &["show", &id]).contains(r#""table": "a""#));
    approvals(state.path(), &["approve", &id, "--reason", "seen"]);
    // It is for these arguments, and survives a restart.
    client.end().await;
    let (mut client, _) = Driver::connected(state.path(), "plain", &policy, &[]).await;
    assert_eq!(client.refused("delete_rows", json!({ "table": "b" })).await.0, "APPROVAL_REQUIRED");
    assert_eq!(client.call("delete_rows", json!({ "table": "a" })).await["isError"], Value::Null);
    let (code, problem) = client.refused("delete_rows", json!({ "table": "a" })).await;
    assert_eq!(code, "APPROVAL_REQUIRED", "it is used once");
    assert_ne!(problem["error"]["details"]["approval_id"], json!(id));
    let used = audit(state.path()).into_iter().find(|row| row["decision"] == "allowed").unwrap();
    assert_eq!(used["approval_id"], json!(id));
    let by = used["approval"]["decided_by"].as_str().unwrap();
    assert!(by.starts_with("uid:") && used["approval"]["reason"] == "seen", "{used}");
}

#[tokio::test]
async fn a_person_approves_at_the_client() {
    let state = tempfile::tempdir().unwrap();
    let policy = json!({ "version": "1", "tools": { "delete_rows": { "action": "require_approval" } } });
    let mut client = Driver::start(state.path(), &format!("{UPSTREAM} plain"), &policy, &[]).await;
    client.handshake(json!({ "elicitation": {} })).await;
    client.answer = json!({ "action": "cancel" });
    assert_eq!(client.refused("delete_rows", json!({ "table": "a" })).await.0, "APPROVAL_REQUIRED");
    client.answer = json!({ "action": "accept", "content": { "approve": true } });
    assert_eq!(client.call("delete_rows", json!({ "table": "a" })).await["isError"], Value::Null);
    assert!(
        client.said[0]["params"]["message"].as_str().unwrap().contains(r#""table": "a""#),
        "the call is shown whole"
    );
    client.answer = json!({ "action": "decline" });
    assert_eq!(client.refused("delete_rows", json!({ "table": "a" })).await.0, "POLICY_DENIED");
    let allowed = audit(state.path()).into_iter().find(|row| row["decision"] == "allowed").unwrap();
    assert_eq!(allowed["approval"]["decided_by"], "client of local");
}
