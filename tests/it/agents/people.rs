//! What people decide, and what binds more than tools: links, questions at the client, routes behind tools, lists.

use serde_json::{Value, json};
use support::app::TestApp;
use support::cluster::run;

use super::{done, failed, message};

const HELLO: &str = "export default () => new Response('hi')";

async fn set(app: &TestApp, policy: Value) {
    app.client.ask("PUT", &app.path("/policy")).key(&app.admin_key).json(policy).ok().await;
}

fn deploy(app: &TestApp, name: &str) -> Value {
    json!({ "app_id": app.id, "name": name, "code": HELLO, "description": "<script>" })
}

async fn asked(app: &TestApp, name: &str) -> String {
    let problem = failed(app, "deploy_function", deploy(app, name), "APPROVAL_REQUIRED").await;
    problem["error"]["details"]["approval_id"].as_str().unwrap().to_owned()
}

#[test]
fn a_link_decides_one_approval_once() {
    run(async {
        let app = TestApp::new().await;
        let rule = json!({ "deploy_function": { "action": "require_approval" } });
        set(&app, json!({ "version": "1", "default": "allow", "tools": rule })).await;
        let id = asked(&app, "a").await;
        let path = format!("/v1/approvals/{id}/link");
        assert_eq!(app.client.post(&path).key(&app.service_key).json(json!({})).send().await.status, 403);
        let made = app.client.post(&path).key(&app.admin_key).json(json!({ "name": "ann" })).ok().await;
        let url = made["url"].as_str().unwrap();
        let page = &url[url.find("/approvals/").unwrap()..];
        let (page, token) = page.split_once("?token=").unwrap();
        let shown = app.client.get(&format!("{page}?token={token}")).send().await;
        assert_eq!((shown.status, shown.header("referrer-policy")), (200, "no-referrer"));
        let text = shown.text();
        assert!(text.contains("&lt;script&gt;") && !text.contains("<script>"), "{text}");
        // Opening it has decided nothing, and a link that is changed or another's opens nothing.
        let other = asked(&app, "b").await;
        for wrong in [
            format!("{page}?token={token}x"),
            page.to_owned(),
            format!("{page}?token="),
            format!("/approvals/{other}?token={token}"),
        ] {
            assert_eq!(app.client.get(&wrong).send().await.status, 401, "{wrong}");
        }
        let form =
            async |form: &str| app.client.post(page).body(format!("token={token}&{form}")).send().await;
        assert_eq!(form("decision=perhaps").await.status, 400);
        assert_eq!(form("decision=approve&reason=seen").await.status, 200);
        assert_eq!(form("decision=deny").await.status, 409, "it is used up");
        let decided = app.client.get(&format!("/v1/approvals/{id}")).key(&app.admin_key).ok().await;
        assert_eq!(
            (&decided["state"], &decided["decided_by"], &decided["reason"]),
            (&json!("approved"), &json!("link:ann"), &json!("seen"))
        );
        done(&app, "deploy_function", deploy(&app, "a")).await;
        assert_eq!(app.client.post(&path).key(&app.admin_key).json(json!({})).send().await.status, 409);
    });
}

/// A call by the newest revision, of a client that can ask its user.
async fn called(app: &TestApp, more: Value) -> Value {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1.0.0" },
        "io.modelcontextprotocol/clientCapabilities": { "elicitation": {} },
    });
    let mut params = json!({ "name": "deploy_function", "arguments": deploy(app, "a"), "_meta": meta });
    params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    let ask = message(app, body).header("mcp-protocol-version", "2026-07-28");
    let ask = ask.header("mcp-method", "tools/call").header("mcp-name", "deploy_function");
    ask.key(&app.service_key).ok().await["result"].clone()
}

#[test]
fn the_user_of_a_client_approves_where_the_rule_says_so() {
    run(async {
        let app = TestApp::new().await;
        let policy = |elicit: bool| {
            let rule = json!({ "action": "require_approval", "elicit": elicit });
            json!({ "version": "1", "default": "allow", "tools": { "deploy_function": rule } })
        };
        set(&app, policy(false)).await;
        assert_eq!(called(&app, json!({})).await["structuredContent"]["code"], "APPROVAL_REQUIRED");
        set(&app, policy(true)).await;
        let question = called(&app, json!({})).await;
        assert_eq!(question["resultType"], "input_required", "{question}");
        let text = question["inputRequests"]["approval"]["params"]["message"].as_str().unwrap();
        assert!(text.contains("deploy_function") && text.contains(HELLO), "{text}");
        let answer = |approve: bool, state: &Value| {
            let answer = json!({ "action": "accept", "content": { "approve": approve } });
            json!({ "inputResponses": { "approval": answer }, "requestState": state })
        };
        // An answer to another question is none.
        let again = called(&app, answer(true, &json!("apr_other"))).await;
        assert_eq!(again["resultType"], "input_required");
        let ended = called(&app, answer(true, &question["requestState"])).await;
        assert_eq!(ended["isError"], false, "{ended}");
        let second = called(&app, json!({})).await;
        let denied = called(&app, answer(false, &second["requestState"])).await;
        assert_eq!(denied["structuredContent"]["code"], "APPROVAL_REQUIRED", "{denied}");
        let listed = app.client.get("/v1/approvals").key(&app.admin_key).ok().await;
        let by = listed["approvals"][0]["decided_by"].as_str().unwrap();
        assert!(by.starts_with("client of key:key_"), "{by}");
        assert_eq!(listed["approvals"][0]["state"], "denied");
    });
}

#[test]
fn a_policy_binds_the_routes_behind_tools() {
    run(async {
        let app = TestApp::new().await;
        let tools = json!({
            "deploy_function": { "arguments": { "timeoutMs": { "maximum": 5000 } },
                "limits": [{ "counter": "deploys", "window": "day", "max": 2 }] },
            "manage_function": { "action": "deny" },
        });
        set(&app, json!({ "version": "1", "default": "allow", "routes": true, "tools": tools })).await;
        let deployed = |timeout: u32| json!({ "name": "a", "code": HELLO, "timeoutMs": timeout });
        let post = async |body: Value| app.manage("POST", "/functions").json(body).send().await;
        let refused = post(deployed(6000)).await;
        assert_eq!((refused.status, refused.json()["code"].as_str().unwrap()), (403, "POLICY_DENIED"));
        assert_eq!(post(deployed(5000)).await.status, 200);
        // By whichever way it comes, a call counts once.
        done(&app, "deploy_function", deploy(&app, "a")).await;
        let full = post(deployed(5000)).await;
        assert_eq!((full.status, full.json()["code"].as_str().unwrap()), (429, "POLICY_RATE_LIMIT"));
        assert!(full.headers.contains_key("retry-after"));
        assert_eq!(app.manage("GET", "/functions").send().await.status, 403);
        assert_eq!(app.manage("GET", "/keys").send().await.status, 200, "no tool is behind it");
        let page = app.manage("GET", "/audit").ok().await;
        let entries = page["entries"].as_array().unwrap();
        let decisions: Vec<&str> =
            entries.iter().rev().map(|entry| entry["decision"].as_str().unwrap()).collect();
        assert_eq!(decisions, ["denied", "allowed", "allowed", "rate_limited", "denied"]);
        assert_eq!(entries[3]["succeeded"], true);
        // The operator's way out stays open.
        app.client.ask("DELETE", &app.path("/policy")).key(&app.admin_key).ok().await;
        assert_eq!(app.manage("GET", "/functions").send().await.status, 200);
    });
}

#[test]
fn tools_that_are_never_allowed_are_not_listed() {
    run(async {
        let app = TestApp::new().await;
        let tools =
            json!({ "manage_app": { "action": "deny" }, "manage_schema": { "action": "require_approval" } });
        set(&app, json!({ "version": "1", "default": "allow", "tools": tools })).await;
        let listed = async |key: &str| {
            let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} });
            let answer = message(&app, body).key(key).ok().await;
            let tools = answer["result"]["tools"].as_array().unwrap().clone();
            tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let by_key = listed(&app.service_key).await;
        assert!(!by_key.contains(&"manage_app".to_owned()) && by_key.contains(&"manage_schema".to_owned()));
        assert!(
            listed(&app.admin_key).await.contains(&"manage_app".to_owned()),
            "it is another app's policy"
        );
    });
}

#[test]
fn a_test_call_keeps_to_the_triggers_method() {
    run(async {
        let app = TestApp::new().await;
        let code = "export default (req) => new Response(req.method)";
        let trigger = json!({ "type": "http", "config": { "method": "PUT" } });
        let function = json!({ "app_id": app.id, "name": "a", "code": code, "trigger": trigger });
        done(&app, "deploy_function", function).await;
        let call = |more: Value| {
            let mut call = json!({ "app_id": app.id, "function_name": "a" });
            call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            call
        };
        assert_eq!(done(&app, "invoke_function", call(json!({}))).await["body"], "PUT");
        assert_eq!(done(&app, "invoke_function", call(json!({ "method": "put" }))).await["body"], "PUT");
        failed(&app, "invoke_function", call(json!({ "method": "GET" })), "METHOD_NOT_ALLOWED").await;
    });
}

#[test]
fn a_folder_names_its_server_without_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let init = || {
        let mut command = std::process::Command::new(super::driver::PROGRAM);
        command.arg("init").arg(folder.path()).env("MAYFLY_KEY", "bb_sk_secret");
        command.output().unwrap().status.code()
    };
    assert_eq!(init(), Some(0));
    let file = folder.path().join(".mcp.json");
    let text = std::fs::read_to_string(&file).unwrap();
    let written: Value = serde_json::from_str(&text).unwrap();
    let server = &written["mcpServers"]["mayfly"];
    assert_eq!(server["url"], "${MAYFLY_URL:-http://127.0.0.1:8787}/mcp");
    assert!(!text.contains("bb_sk_secret"), "{text}");
    assert_eq!(init(), Some(0), "it is there already");
    std::fs::write(&file, r#"{ "mcpServers": { "other": {} } }"#).unwrap();
    assert_eq!(init(), Some(6), "what is not ours is not written over");
}
