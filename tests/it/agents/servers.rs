//! Tools of other MCP servers in code that runs once: approved, bound by policies, written down; and servers that misbehave.

use std::sync::Arc;

use serde_json::{Value, json};
use support::app::{Node, TestApp};
use support::cluster::run;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::driver::{PROGRAM, UPSTREAM};

const SEARCH: &str = "export default async (req) => {
    const { text } = await req.json();
    if (text === 'fail') return Response.json({ why: 'no such shelf' }, { status: 400 });
    return Response.json({ found: [`${text} 1`, `${text} 2`] }) }";

/// A node whose apps reach this machine, with programs that are MCP servers.
async fn node() -> Node {
    let modes =
        ["plain", "dies", "hangs", "wrong-json", "deep", "large", "floods", "asks", "injects", "many"];
    let named = modes.map(|mode| (mode.replace('-', "_"), vec![UPSTREAM.to_owned(), mode.to_owned()]));
    Node::start(|config| {
        config.fetch_allow = vec!["127.0.0.1/32".parse().unwrap()];
        config.mcp_programs = Arc::new(named.into());
    })
    .await
}

/// Another app on that node, whose tools are at its own endpoint.
async fn library(node: &Node, description: &str) -> TestApp {
    let app = node.app().await;
    offer(&app, description).await;
    let change = json!({ "agent_tool": true, "agent_tool_description": "Adds a note." });
    app.deploy_with("add_note", "export default () => Response.json({ added: true })", change).await;
    app
}

async fn offer(app: &TestApp, description: &str) {
    let input =
        json!({ "type": "object", "properties": { "text": { "type": "string" } }, "required": ["text"] });
    let tool =
        json!({ "agent_tool": true, "agent_tool_description": description, "agent_tool_input": input });
    app.deploy_with("search_notes", SEARCH, tool).await;
}

/// Names that app's endpoint to another one.
async fn named(app: &TestApp, library: &TestApp) -> Value {
    let key = json!({ "envVars": { "LIBRARY_KEY": library.service_key } });
    app.manage("PATCH", "/env").json(key).ok().await;
    let url = format!("http://{}/mcp/{}", app.client.address(), library.id);
    let wanted = json!({ "url": url, "key_env": "LIBRARY_KEY" });
    app.manage("PUT", "/mcp-servers/library").json(wanted).ok().await
}

async fn ran(app: &TestApp, code: &str) -> Value {
    let ran = app.manage("POST", "/run").json(json!({ "code": code })).ok().await;
    assert_eq!(ran["error"], Value::Null, "{ran}");
    ran
}

/// The code and the message of what a call throws.
async fn thrown(app: &TestApp, call: &str) -> (String, String) {
    let code = format!(
        "try {{ return {{ not: await {call} }} }} catch (error) {{ return [error.code, error.message] }}"
    );
    let body = ran(app, &code).await["body"].clone();
    let text = |place: usize| body[place].as_str().unwrap_or_else(|| panic!("{call}: {body}")).to_owned();
    (text(0), text(1))
}

async fn set(app: &TestApp, policy: Value) {
    app.client.ask("PUT", &app.path("/policy")).key(&app.admin_key).json(policy).ok().await;
}

async fn entries(app: &TestApp, tool: &str) -> Vec<Value> {
    let page = app.manage("GET", &format!("/audit?tool={}", tool.replace('/', "%2F"))).ok().await;
    page["entries"].as_array().unwrap().clone()
}

fn states(server: &Value) -> Vec<(&str, &str, &str)> {
    let tools = server["tools"].as_array().unwrap();
    tools
        .iter()
        .map(|tool| {
            (tool["name"].as_str().unwrap(), tool["state"].as_str().unwrap(), tool["class"].as_str().unwrap())
        })
        .collect()
}

#[test]
fn one_script_calls_tools_of_another_server() {
    run(async {
        let node = node().await;
        let (app, library) = (node.app().await, library(&node, "Finds notes.").await);
        let server = named(&app, &library).await;
        assert_eq!(
            states(&server),
            [
                ("add_note", "approved", "write"),
                ("search_notes", "approved", "read"),
                ("run_code", "approved", "execute")
            ]
        );
        assert!(!server.to_string().contains(&library.service_key));
        let code = "const found = await tools.library.search_notes({ text: 'milk' });
            const more = await Promise.all(['a', 'b'].map((text) => tools['library']['search_notes']({ text })));
            return [...found.found, ...more.flatMap((one) => one.found)]";
        let answered = ran(&app, code).await;
        assert_eq!(answered["body"], json!(["milk 1", "milk 2", "a 1", "a 2", "b 1", "b 2"]));
        let calls = entries(&app, "mcp:library/search_notes").await;
        assert_eq!(calls.len(), 3);
        assert_eq!(
            (&calls[0]["decision"], &calls[0]["succeeded"], &calls[0]["invocation_id"]),
            (&json!("allowed"), &json!(true), &answered["invocation_id"]),
            "{calls:?}"
        );
        // What it takes is declared, where the tools are.
        let list = app.manage("GET", "/tools").ok().await;
        let types = list["types"].as_str().unwrap();
        assert!(
            types.contains("library: {\n")
                && types.contains("search_notes(args: { text: string; }): Promise<any>;"),
            "{types}"
        );
        assert_eq!(list["server_tools"].as_array().unwrap().len(), 3);
        // A failure is the tool's own word; what it is not asked for by, it refuses.
        let (code, message) = thrown(&app, "tools.library.search_notes({ text: 'fail' })").await;
        assert!(code == "TOOL_FAILED" && message.contains("no such shelf"), "{code} {message}");
        assert_eq!(thrown(&app, "tools.library.search_notes({})").await.0, "TOOL_FAILED");
        assert_eq!(thrown(&app, "tools.library.drop_notes()").await.0, "RESOURCE_NOT_FOUND");
        assert_eq!(thrown(&app, "tools.elsewhere.search_notes()").await.0, "RESOURCE_NOT_FOUND");
        assert_eq!(thrown(&app, "tools.library()").await.0, "RESOURCE_NOT_FOUND");
        // A tool that changes something waits for a person, and runs once.
        let (code, _) = thrown(&app, "tools.library.add_note({ body: 'x' })").await;
        assert_eq!(code, "APPROVAL_REQUIRED");
        let asked = entries(&app, "mcp:library/add_note").await.remove(0);
        let path = format!("/v1/approvals/{}", asked["approval_id"].as_str().unwrap());
        app.client.post(&path).key(&app.admin_key).json(json!({ "decision": "approve" })).ok().await;
        let added = ran(&app, "return await tools.library.add_note({ body: 'x' })").await;
        assert_eq!(added["body"], json!({ "added": true }));
        assert_eq!(thrown(&app, "tools.library.add_note({ body: 'x' })").await.0, "APPROVAL_REQUIRED");
        assert!(node.shutdown().await);
    });
}

#[test]
fn policies_and_capabilities_bind_tools_of_other_servers() {
    run(async {
        let node = node().await;
        let (app, library) = (node.app().await, library(&node, "Finds notes.").await);
        named(&app, &library).await;
        let search = "tools.library.search_notes({ text: 'a' })";
        let limit = json!({ "limits": [{ "counter": "searches", "window": "day", "max": 1 }] });
        set(&app, json!({ "version": "1", "default": "allow", "tools": {
            "mcp:library/search_notes": limit, "mcp:library/*": { "action": "deny", "reason": "only looking" } } }))
        .await;
        ran(&app, &format!("return await {search}")).await;
        assert_eq!(thrown(&app, search).await.0, "POLICY_RATE_LIMIT");
        let (code, message) = thrown(&app, "tools.library.add_note({})").await;
        assert!(code == "POLICY_DENIED" && message.contains("only looking"), "{code} {message}");
        let entry = entries(&app, "mcp:library/add_note").await.remove(0);
        assert_eq!(
            (&entry["decision"], &entry["rule"]),
            (&json!("denied"), &json!("tools.mcp:library/*.action"))
        );
        set(&app, json!({ "version": "1", "default": "deny", "tools": { "mcp:*": {} } })).await;
        let added = ran(&app, "return await tools.library.add_note({})").await;
        assert_eq!(added["body"], json!({ "added": true }), "a rule that names the tool grants it");
        for (tools, code) in [
            (
                json!(["library/search_notes"]),
                "return (await tools.library.search_notes({ text: 'a' })).found.length",
            ),
            (json!(["library/*"]), "return (await tools.library.search_notes({ text: 'a' })).found.length"),
        ] {
            let body = json!({ "code": code, "capabilities": { "tools": tools } });
            assert_eq!(app.manage("POST", "/run").json(body).ok().await["body"], 2);
        }
        for tools in [json!([]), json!(["search_notes"]), json!(["library/add_note"])] {
            let code = format!("try {{ await {search} }} catch (error) {{ return error.code }}");
            let body = json!({ "code": code, "capabilities": { "tools": tools } });
            assert_eq!(
                app.manage("POST", "/run").json(body).ok().await["body"],
                "RESOURCE_NOT_FOUND",
                "{tools}"
            );
        }
        for (tool, path) in [("Library/x", "capabilities.tools[0]"), ("library/", "capabilities.tools[0]")] {
            let body = json!({ "code": "1", "capabilities": { "tools": [tool] } });
            let refused = app.manage("POST", "/run").json(body).fails(400, "VALIDATION_INVALID_SCHEMA").await;
            assert_eq!(refused.json()["error"]["details"]["path"], path);
        }
        // The server knows the app, and none of its users.
        let code = format!("try {{ await {search} }} catch (error) {{ return error.code }}");
        let as_user =
            app.manage("POST", "/run").json(json!({ "code": code })).header("x-butterbase-as-user", "ann");
        assert_eq!(as_user.ok().await["body"], "RESOURCE_NOT_FOUND");
        // Hosts that functions may not reach are not reached for tools.
        app.manage("PATCH", "/config").json(json!({ "egress": { "allow": ["example.com"] } })).ok().await;
        let (code, message) = thrown(&app, search).await;
        assert!(code == "UPSTREAM_FAILED" && message.contains("127.0.0.1"), "{code} {message}");
        assert!(node.shutdown().await);
    });
}

#[test]
fn a_changed_tool_of_another_server_waits_for_approval() {
    run(async {
        let node = node().await;
        let (app, library) = (node.app().await, library(&node, "Finds notes.").await);
        let first = named(&app, &library).await;
        offer(&library, "Finds notes, and more.").await;
        let search = "tools.library.search_notes({ text: 'a' })";
        assert_eq!(thrown(&app, search).await.0, "TOOL_CHANGED");
        let entry = entries(&app, "mcp:library/search_notes").await.remove(0);
        assert_eq!((&entry["decision"], &entry["error_code"]), (&json!("refused"), &json!("TOOL_CHANGED")));
        let shown = app.manage("GET", "/mcp-servers/library").ok().await;
        assert_eq!(states(&shown)[1], ("search_notes", "changed", "read"));
        // Only the definition that was looked at is approved.
        let old = json!({ "tools": { "search_notes": first["tools"][1]["sha256"] } });
        let approve = |body: Value| app.manage("POST", "/mcp-servers/library/approve").json(body);
        approve(old).fails(409, "RESOURCE_CONFLICT").await;
        approve(json!({ "tools": {} })).fails(400, "VALIDATION_INVALID_SCHEMA").await;
        let url = format!("http://{}", app.client.address());
        let servers = async |arguments: &[&str]| {
            let mut command = std::process::Command::new(PROGRAM);
            command.args(["mcp", "servers"]).args(arguments);
            command.args(["--url", &url, "--key", &app.service_key, "--app", &app.id]);
            tokio::task::spawn_blocking(move || crate::npm::execute(&mut command)).await.unwrap()
        };
        assert!(servers(&["show", "library"]).await.contains("changed"));
        servers(&["approve", "library", "search_notes"]).await;
        ran(&app, &format!("return await {search}")).await;
        assert!(servers(&["list"]).await.contains("library"));
        // What it did not have before is none of the app's tools.
        let tool = json!({ "agent_tool": true, "agent_tool_description": "Lists shelves." });
        library.deploy_with("list_shelves", "export default () => Response.json([])", tool).await;
        assert_eq!(thrown(&app, "tools.library.list_shelves()").await.0, "RESOURCE_NOT_FOUND");
        servers(&["approve", "library", "--all"]).await;
        assert_eq!(ran(&app, "return await tools.library.list_shelves()").await["body"], "[]");
        // One that is gone is none.
        library.manage("DELETE", "/functions/list_shelves").ok().await;
        assert_eq!(thrown(&app, "tools.library.list_shelves()").await.0, "TOOL_CHANGED");
        servers(&["set", "sums", "--program", "plain"]).await;
        assert!(
            ran(&app, "return await tools.sums.get_sum({})").await["body"].to_string().contains("get_sum")
        );
        let again = format!("{url}/mcp/{}", library.id);
        assert!(
            servers(&["set", "again", &again, "--key-env", "LIBRARY_KEY"]).await.contains("search_notes")
        );
        servers(&["remove", "library"]).await;
        assert_eq!(thrown(&app, search).await.0, "RESOURCE_NOT_FOUND");
        assert!(node.shutdown().await);
    });
}

#[test]
fn a_program_of_the_operators_that_misbehaves_is_refused() {
    run(async {
        let node = node().await;
        let app = node.app().await;
        let set =
            |name: &str| app.manage("PUT", &format!("/mcp-servers/{name}")).json(json!({ "program": name }));
        set("plain").ok().await;
        let said = ran(&app, "return JSON.parse(await tools.plain.get_sum({ a: 1 }))").await;
        assert_eq!(said["body"], json!({ "tool": "get_sum", "arguments": { "a": 1 } }));
        for (mode, why) in [
            ("dies", "the program ended"),
            ("wrong_json", "what is no message"),
            ("deep", "recursion limit"),
            ("large", "more than 2097152 bytes"),
            ("floods", "more messages than a client can want"),
        ] {
            set(mode).ok().await;
            let (code, message) = thrown(&app, &format!("tools.{mode}.get_sum({{}})")).await;
            assert!(code == "UPSTREAM_FAILED" && message.contains(why), "{mode}: {code} {message}");
            let entry = entries(&app, &format!("mcp:{mode}/get_sum")).await.remove(0);
            assert_eq!(
                (&entry["decision"], &entry["error_code"]),
                (&json!("allowed"), &json!("UPSTREAM_FAILED"))
            );
        }
        // One that hangs is ended with the run.
        set("hangs").ok().await;
        let body = json!({ "code": "return await tools.hangs.get_sum({})", "limits": { "timeoutMs": 1000 } });
        let hung = app.manage("POST", "/run").json(body).ok().await;
        assert_eq!(hung["error"]["code"], "FUNCTION_TIMEOUT", "{hung}");
        // One that asks a person has none to ask.
        set("asks").ok().await;
        let asked = ran(&app, "return await tools.asks.get_sum({})").await;
        assert!(asked["body"].to_string().contains("there is no client to ask"), "{asked}");
        // Injected text is approved by a person alone.
        let injected = set("injects").ok().await;
        assert_eq!(states(&injected).last().unwrap(), &("get_weather", "new", "read"));
        assert_eq!(thrown(&app, "tools.injects.get_weather()").await.0, "RESOURCE_NOT_FOUND");
        let types = app.manage("GET", "/tools").ok().await["types"].to_string();
        assert!(!types.contains("id_rsa"), "{types}");
        for (name, body, status, code) in [
            ("many", json!({ "program": "many" }), 502, "UPSTREAM_FAILED"),
            ("x", json!({ "program": "unknown" }), 400, "VALIDATION_INVALID_SCHEMA"),
            (
                "x",
                json!({ "program": "plain", "url": "https://example.com/mcp" }),
                400,
                "VALIDATION_INVALID_SCHEMA",
            ),
            ("x", json!({ "program": "plain", "key_env": "KEY" }), 400, "VALIDATION_INVALID_SCHEMA"),
            ("x", json!({ "url": "file:///etc/passwd" }), 400, "VALIDATION_INVALID_SCHEMA"),
            ("x", json!({ "url": "npx -y evil" }), 400, "VALIDATION_INVALID_SCHEMA"),
            ("x", json!({ "url": "https://ann:pw@example.com/mcp" }), 400, "VALIDATION_INVALID_SCHEMA"),
            ("x", json!({ "url": "http://169.254.169.254/mcp" }), 502, "UPSTREAM_FAILED"),
            (
                "x",
                json!({ "url": "http://127.0.0.1:9/mcp", "key_env": "NO_KEY" }),
                400,
                "VALIDATION_INVALID_SCHEMA",
            ),
            ("X", json!({ "program": "plain" }), 400, "VALIDATION_INVALID_SCHEMA"),
            ("x", json!({}), 400, "VALIDATION_INVALID_SCHEMA"),
        ] {
            app.manage("PUT", &format!("/mcp-servers/{name}")).json(body).fails(status, code).await;
        }
        assert!(node.shutdown().await);
    });
}

/// A server that answers each request with this.
async fn answering(answer: String) -> String {
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

#[test]
fn an_http_server_that_misbehaves_is_none_of_an_apps() {
    run(async {
        let node = node().await;
        let app = node.app().await;
        app.manage("PATCH", "/env").json(json!({ "envVars": { "KEY": "upstream-secret" } })).ok().await;
        let json = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
        let large = "x".repeat(3 << 20);
        for (answer, why) in [
            (format!("{json}content-length: 8\r\n\r\n{{\"nonsen"), "no message"),
            (format!("{json}content-length: {}\r\n\r\n{large}", large.len()), "more than 2097152 bytes"),
            (format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: {large}"), ""),
            ("HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".into(), ""),
            ("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n".into(), "takes a key"),
            ("nothing of HTTP".into(), ""),
        ] {
            let wanted = json!({ "url": answering(answer).await, "key_env": "KEY" });
            let refused = app.manage("PUT", "/mcp-servers/web").json(wanted).fails(502, "UPSTREAM_FAILED").await;
            let text = refused.text();
            assert!(text.contains(why) && !text.contains("upstream-secret"), "{why}: {text}");
        }
        assert_eq!(app.manage("GET", "/mcp-servers").ok().await["servers"], json!([]));
        assert!(node.shutdown().await);
    });
}

#[test]
fn calls_and_servers_have_a_number() {
    run(async {
        let node = node().await;
        let app = node.app().await;
        let set = |name: &str| {
            app.manage("PUT", &format!("/mcp-servers/{name}")).json(json!({ "program": "plain" }))
        };
        for number in 0..20 {
            set(&format!("s{number}")).ok().await;
        }
        set("s0").ok().await;
        set("s20").fails(409, "RESOURCE_CONFLICT").await;
        let code = "let done = 0; try { for (;;) { await tools.s0.get_sum({}); done += 1 } } catch (error) { return [done, error.code] }";
        assert_eq!(ran(&app, code).await["body"], json!([100, "QUOTA_RATE_LIMIT"]));
        assert!(node.shutdown().await);
    });
}
