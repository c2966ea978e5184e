//! The protocol over HTTP: versions, credentials, messages that are none, resources, prompts, progress.

use serde_json::{Value, json};
use support::app::TestApp;
use support::cluster::run;

use super::message;

fn request(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": "a", "method": method, "params": params })
}

fn initialize(version: &str) -> Value {
    let client = json!({ "name": "test", "version": "1" });
    request("initialize", json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": client }))
}

#[test]
fn every_revision_is_spoken() {
    run(async {
        let app = TestApp::new().await;
        for version in ["2025-11-25", "2025-06-18", "2025-03-26"] {
            let answer = message(&app, initialize(version)).key(&app.service_key).send().await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            assert!(!answer.header("mcp-session-id").is_empty());
            let result = answer.json()["result"].clone();
            assert_eq!(result["protocolVersion"], version);
            assert_eq!(result["serverInfo"]["name"], "mayfly");
            for capability in ["tools", "resources", "prompts"] {
                assert!(result["capabilities"][capability].is_object(), "{result}");
            }
        }
        // The newest has no handshake: each request says what it is.
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let of = |method: &str, mut params: Value| {
            params["_meta"] = meta.clone();
            message(&app, request(method, params))
                .header("mcp-protocol-version", "2026-07-28")
                .header("mcp-method", method)
                .key(&app.service_key)
        };
        let discovered = of("server/discover", json!({})).ok().await;
        assert!(discovered["result"]["supportedVersions"].to_string().contains("2026-07-28"), "{discovered}");
        let listed = of("tools/list", json!({})).ok().await;
        assert_eq!(listed["result"]["tools"].as_array().unwrap().len(), 11, "{listed}");
        let call = json!({ "name": "manage_function", "arguments": { "app_id": app.id, "action": "list" } });
        let called = of("tools/call", call).header("mcp-name", "manage_function").ok().await;
        assert_eq!(called["result"]["structuredContent"], json!({ "functions": [] }));
    });
}

#[test]
fn only_keys_open_it() {
    run(async {
        let app = TestApp::new().await;
        let list = || message(&app, request("tools/list", json!({})));
        let refused = list().fails(401, "AUTH_REQUIRED").await;
        let metadata = refused.header("www-authenticate").split("resource_metadata=\"").nth(1).unwrap();
        let metadata = metadata.split('"').next().unwrap();
        let path = metadata.split_once("//").and_then(|(_, rest)| rest.split_once('/')).unwrap().1;
        let shown = app.client.get(&format!("/{path}")).ok().await;
        assert!(shown["resource"].as_str().unwrap().ends_with("/mcp"));
        assert_eq!(shown["bearer_methods_supported"], json!(["header"]));
        list().key("bb_sk_0000000000000000000000000000000000000000").fails(401, "AUTH_INVALID_API_KEY").await;
        list().key("nonsense").fails(401, "AUTH_INVALID_TOKEN").await;
        list().key(&app.anon_key).fails(403, "AUTH_FORBIDDEN").await;
        list().key(&app.service_key).key(&app.service_key).fails(401, "AUTH_INVALID_TOKEN").await;
        // Another's session cannot be taken over.
        let ask = list().key(&app.service_key).header("mcp-session-id", "another's");
        ask.fails(404, "RESOURCE_NOT_FOUND").await;
        for method in ["GET", "DELETE"] {
            let ask =
                app.client.ask(method, "/mcp").header("accept", "text/event-stream").key(&app.service_key);
            assert_eq!(ask.fails(405, "METHOD_NOT_ALLOWED").await.header("allow"), "POST");
        }
    });
}

#[test]
fn what_is_no_message_is_refused() {
    run(async {
        let app = TestApp::new().await;
        let raw = |body: String| {
            let ask = app.client.post("/mcp").header("accept", "application/json, text/event-stream");
            ask.header("content-type", "application/json").body(body).key(&app.service_key)
        };
        let deep = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"manage_schema","arguments":{}{}}}}}"#,
            "{\"a\":".repeat(10_000),
            "1".to_owned() + &"}".repeat(10_000)
        );
        for body in
            ["", "[]", "nonsense", "{}", "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"tools/list\"}", &deep]
        {
            let answer = raw(body.to_owned()).send().await;
            assert!((400..500).contains(&answer.status), "{body:.40}: {} {}", answer.status, answer.text());
        }
        let announced = format!(
            "POST /mcp HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\n\r\n",
            app.service_key,
            (24 << 20) + 1
        );
        let answer = app.client.raw_and_end(announced.as_bytes()).await;
        assert!(answer.contains("PAYLOAD_TOO_LARGE"), "{answer}");
        let plain = app.client.post("/mcp").key(&app.service_key).json(request("tools/list", json!({})));
        plain.fails(400, "VALIDATION_INVALID_SCHEMA").await;
        let unknown = raw(request("tools/nope", json!({})).to_string()).send().await.json();
        assert_eq!(unknown["error"]["code"], -32601, "{unknown}");
        let answer =
            raw(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string()).send().await;
        assert_eq!((answer.status, answer.text().as_str()), (202, ""));
    });
}

#[test]
fn resources_are_read_by_the_callers_own_key() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("hello", "export default () => new Response('hi') // the source").await;
        let ask = async |method: &str, params: Value| {
            message(&app, request(method, params)).key(&app.service_key).send().await.json()
        };
        let read = async |uri: String| ask("resources/read", json!({ "uri": uri })).await;
        let listed = ask("resources/list", json!({})).await;
        for resource in listed["result"]["resources"].as_array().unwrap() {
            let shown = read(resource["uri"].as_str().unwrap().to_owned()).await;
            assert_eq!(
                shown["result"]["contents"][0]["text"].as_str().unwrap().len() as u64,
                resource["size"]
            );
        }
        let templates = ask("resources/templates/list", json!({})).await;
        assert_eq!(templates["result"]["resourceTemplates"].as_array().unwrap().len(), 5);
        let page = read("mayfly://errors/FUNCTION_THREW".to_owned()).await;
        assert!(page["result"]["contents"][0]["text"].as_str().unwrap().contains("FUNCTION_THREW"));
        let code = read(format!("mayfly://apps/{}/functions/hello/code", app.id)).await;
        assert!(code["result"]["contents"][0]["text"].as_str().unwrap().contains("// the source"));
        for what in ["functions/hello/logs", "schema"] {
            let shown = read(format!("mayfly://apps/{}/{what}", app.id)).await;
            assert_eq!(shown["result"]["contents"][0]["mimeType"], "application/json", "{shown}");
        }
        let other = TestApp::new().await;
        for uri in [format!("mayfly://apps/{}/schema", other.id), "mayfly://docs/../secrets.key".to_owned()] {
            let refused = read(uri).await;
            assert!(refused["error"]["code"].is_i64() && refused["result"].is_null(), "{refused}");
        }
    });
}

#[test]
fn prompts_are_filled_in() {
    run(async {
        let app = TestApp::new().await;
        let ask = async |method: &str, params: Value| {
            message(&app, request(method, params)).key(&app.service_key).send().await.json()
        };
        let listed = ask("prompts/list", json!({})).await;
        assert_eq!(listed["result"]["prompts"].as_array().unwrap().len(), 4);
        let arguments = json!({ "app_id": app.id, "invocation_id": "inv_1" });
        let filled = ask("prompts/get", json!({ "name": "fix_failure", "arguments": arguments })).await;
        assert!(filled["result"]["messages"][0]["content"]["text"].as_str().unwrap().contains("inv_1"));
        let missing = ask("prompts/get", json!({ "name": "fix_failure", "arguments": {} })).await;
        assert_eq!(missing["error"]["code"], -32602);
    });
}

#[test]
fn long_work_reports_progress() {
    run(async {
        let app = TestApp::new().await;
        app.deploy(
            "slow",
            "export default async () => { await new Promise((done) => setTimeout(done, 2500)); return new Response('ok') }",
        )
        .await;
        let params = json!({ "name": "invoke_function", "arguments": { "app_id": app.id, "function_name": "slow" },
            "_meta": { "progressToken": "t" } });
        let answer = message(&app, request("tools/call", params)).key(&app.service_key).send().await;
        assert_eq!(answer.header("content-type"), "text/event-stream");
        let messages: Vec<Value> = answer
            .text()
            .lines()
            .filter_map(|line| serde_json::from_str(line.strip_prefix("data:")?.trim()).ok())
            .collect();
        assert_eq!(messages[0]["method"], "notifications/progress");
        assert_eq!(messages[0]["params"]["progressToken"], "t");
        assert_eq!(messages.last().unwrap()["result"]["structuredContent"]["body"], "ok");
    });
}
