//! What agents use: the Model Context Protocol, by hand and by its official clients.

mod app_tools;
mod clients;
mod driver;
mod people;
mod policies;
mod protocol;
mod proxy;
mod proxy_clients;
mod run;
mod servers;
mod sessions;
mod tools;

use serde_json::{Value, json};
use support::app::TestApp;
use support::client::Ask;

/// A message to `/mcp` with the headers that the protocol asks for.
fn message(app: &TestApp, body: Value) -> Ask {
    let ask = app.client.post("/mcp").header("accept", "application/json, text/event-stream");
    ask.json(body)
}

/// The result of a call of a tool with the app's service key.
async fn call(app: &TestApp, tool: &str, arguments: Value) -> Value {
    call_as(app, &app.service_key, tool, arguments).await
}

/// The result of a call of a tool with a key.
async fn call_as(app: &TestApp, key: &str, tool: &str, arguments: Value) -> Value {
    let params = json!({ "name": tool, "arguments": arguments });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    let answer = message(app, body).key(key).ok().await;
    assert_eq!((&answer["jsonrpc"], &answer["id"]), (&json!("2.0"), &json!(1)), "{answer}");
    let result = answer["result"].clone();
    assert!(result.is_object(), "{answer}");
    // The same, as text for models and structured for programs.
    let text = result["content"][0]["text"].as_str().expect("a text");
    assert_eq!(serde_json::from_str::<Value>(text).expect("JSON"), result["structuredContent"]);
    result
}

/// What a tool did.
async fn done(app: &TestApp, tool: &str, arguments: Value) -> Value {
    let result = call(app, tool, arguments).await;
    assert_eq!(result["isError"], false, "{result}");
    result["structuredContent"].clone()
}

/// The problem of a tool that failed with this code.
async fn failed(app: &TestApp, tool: &str, arguments: Value, code: &str) -> Value {
    let result = call(app, tool, arguments).await;
    assert_eq!(
        (&result["isError"], &result["structuredContent"]["code"]),
        (&json!(true), &json!(code)),
        "{result}"
    );
    let problem = result["structuredContent"].clone();
    assert_eq!(problem["error"]["code"], code);
    assert!(problem["error"]["remediation"].is_string());
    problem
}
