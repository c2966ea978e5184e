//! Each tool, by hand: what it takes, answers and refuses.

use serde_json::{Value, json};
use support::app::TestApp;
use support::cluster::run;

use super::{call_as, done, failed};

const WELCOME: &str = "export async function handler(req, ctx) {
  const { name } = await req.json();
  console.log('welcome', name);
  return Response.json({ welcome: name });
}";

#[test]
fn the_first_examples_journey() {
    run(async {
        let app = TestApp::new().await;
        let trigger =
            json!({ "type": "http", "config": { "method": "POST", "path": "/welcome", "auth": "required" } });
        let deployed = done(
            &app,
            "deploy_function",
            json!({ "app_id": app.id, "name": "send-welcome-email", "code": WELCOME, "trigger": trigger }),
        )
        .await;
        assert_eq!(
            (&deployed["name"], &deployed["status"]),
            (&json!("send-welcome-email"), &json!("deployed"))
        );
        assert!(deployed["function_id"].as_str().unwrap().starts_with("fn_"));
        assert!(
            deployed["url"].as_str().unwrap().ends_with(&format!("/v1/{}/fn/send-welcome-email", app.id))
        );

        let function =
            json!({ "app_id": app.id, "function_name": "send-welcome-email", "body": { "name": "ann" } });
        let invoked = done(&app, "invoke_function", function).await;
        assert_eq!((&invoked["status"], &invoked["body"]), (&json!(200), &json!({ "welcome": "ann" })));
        assert_eq!(invoked["headers"]["content-type"], "application/json");
        assert!(invoked["duration_ms"].is_number());

        let logs = json!({ "app_id": app.id, "action": "get_logs", "function_name": "send-welcome-email" });
        let logs = done(&app, "manage_function", logs).await;
        assert_eq!(logs["logs"][0]["id"], invoked["invocation_id"]);
        assert_eq!(logs["logs"][0]["consoleLogs"][0]["message"], "welcome ann");
    });
}

#[test]
fn functions_are_managed() {
    run(async {
        let app = TestApp::new().await;
        let of = |action: &str, mut more: Value| {
            more["app_id"] = app.id.clone().into();
            more["action"] = action.into();
            more
        };
        let named = |action: &str| of(action, json!({ "function_name": "hello" }));
        for text in ["one", "two"] {
            let code = format!("export default (req, ctx) => new Response('{text} ' + ctx.env.NAME)");
            done(&app, "deploy_function", json!({ "app_id": app.id, "name": "hello", "code": code })).await;
        }
        let list = done(&app, "manage_function", of("list", json!({}))).await;
        assert_eq!(list["functions"][0]["name"], "hello");
        let env = of("update_env", json!({ "function_name": "hello", "env": { "NAME": "ann" } }));
        assert_eq!(done(&app, "manage_function", env).await["updatedKeys"], json!(["NAME"]));
        let body = async || {
            let call = json!({ "app_id": app.id, "function_name": "hello", "method": "GET" });
            done(&app, "invoke_function", call).await["body"].clone()
        };
        assert_eq!(body().await, "two ann");
        let versions = done(&app, "manage_function", named("versions")).await;
        assert_eq!(versions["versions"][0]["version"], 2);
        let back = of("rollback", json!({ "function_name": "hello", "version": 1 }));
        assert_eq!(done(&app, "manage_function", back).await["version"], 1);
        assert_eq!(body().await, "one ann");
        let rollout = of("rollout", json!({ "function_name": "hello", "version": 2, "percent": 100 }));
        done(&app, "manage_function", rollout).await;
        assert_eq!(body().await, "two ann");
        let settings = of("update_settings", json!({ "function_name": "hello", "timeoutMs": 5000 }));
        assert_eq!(done(&app, "manage_function", settings).await["function"]["timeoutMs"], 5000);
        let get = done(&app, "manage_function", named("get")).await;
        assert_eq!((&get["timeoutMs"], &get["envKeys"]), (&json!(5000), &json!(["NAME"])));
        let triggers = done(&app, "manage_triggers", of("list", json!({}))).await;
        assert_eq!(triggers["triggers"][0]["function"], "hello");
        assert_eq!(done(&app, "manage_function", named("delete")).await, json!({ "success": true }));
        failed(&app, "manage_function", named("get"), "RESOURCE_NOT_FOUND").await;
    });
}

#[test]
fn schemas_are_managed_and_columns_keep_their_order() {
    run(async {
        let app = TestApp::new().await;
        let schema = json!({ "tables": { "posts": { "columns": {} } } });
        // By hand: a map of ours would sort the columns.
        let columns = r#"{ "id": { "type": "uuid", "primaryKey": true, "default": "gen_random_uuid()" },
            "title": { "type": "text", "nullable": false }, "body": { "type": "text" },
            "created_at": { "type": "timestamptz", "default": "now()" } }"#;
        let of = |action: &str| {
            let text = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "manage_schema",
                "arguments": { "app_id": app.id, "action": action, "schema": schema } } })
            .to_string();
            text.replace("\"columns\":{}", &format!("\"columns\":{columns}"))
        };
        let send = async |text: String| {
            let ask = app.client.post("/mcp").header("accept", "application/json, text/event-stream");
            let ask = ask.header("content-type", "application/json").body(text).key(&app.service_key);
            ask.ok().await["result"]["structuredContent"].clone()
        };
        let plan = send(of("dry_run")).await;
        assert_eq!(plan["dry_run"], true, "{plan}");
        assert_eq!(send(of("apply")).await["applied"], plan["applied"]);
        assert_eq!(send(of("apply")).await["message"], "Schema is up to date");
        let state = app.manage("GET", "/schema").send().await.text();
        let place =
            |name: &str| state.find(&format!("\"{name}\":{{")).unwrap_or_else(|| panic!("{name} in {state}"));
        assert!(place("id") < place("title") && place("title") < place("body"), "{state}");
        let get = done(&app, "manage_schema", json!({ "app_id": app.id, "action": "get" })).await;
        assert!(get["api_base"].as_str().unwrap().ends_with(&app.id));
        let list =
            done(&app, "manage_schema", json!({ "app_id": app.id, "action": "list_migrations" })).await;
        assert_eq!(list["migrations"][0]["kind"], "apply");
        let none = json!({ "app_id": app.id, "action": "apply", "schema": { "tables": {} } });
        let problem = failed(&app, "manage_schema", none, "STATE_PREREQUISITE_MISSING").await;
        assert!(problem["error"]["details"]["required"].is_array(), "{problem}");
        let bad = json!({ "app_id": app.id, "action": "apply", "schema": { "tabels": {} } });
        failed(&app, "manage_schema", bad, "VALIDATION_INVALID_SCHEMA").await;
    });
}

#[test]
fn apps_are_managed_by_the_operator() {
    run(async {
        let app = TestApp::new().await;
        let admin = async |arguments: Value| {
            let result = call_as(&app, &app.admin_key, "manage_app", arguments).await;
            assert_eq!(result["isError"], false, "{result}");
            result["structuredContent"].clone()
        };
        let made = admin(json!({ "action": "create", "name": "by-an-agent" })).await;
        let id = made["app_id"].as_str().unwrap().to_owned();
        assert_eq!(admin(json!({ "action": "get", "app_id": id })).await["name"], "by-an-agent");
        let paused = json!({ "action": "update_config", "app_id": id, "paused": true, "reason": "trying" });
        assert_eq!(admin(paused).await["paused"], true);
        assert_eq!(admin(json!({ "action": "delete", "app_id": id, "confirm": id })).await["success"], true);
        failed(&app, "manage_app", json!({ "action": "list" }), "AUTH_FORBIDDEN").await;
        failed(
            &app,
            "manage_app",
            json!({ "action": "get_config", "app_id": "app_000000000000" }),
            "RESOURCE_NOT_FOUND",
        )
        .await;
        done(&app, "manage_app", json!({ "action": "get_config", "app_id": app.id })).await;
    });
}

#[test]
fn a_failure_is_explained_in_one_answer() {
    run(async {
        let app = TestApp::new().await;
        let deploy = async |code: &str| {
            done(&app, "deploy_function", json!({ "app_id": app.id, "name": "sum", "code": code })).await
        };
        deploy("export default async (req) => {\n  const n = 1;\n  return new Response(String(n))\n}").await;
        deploy("export default async (req) => {\n  const n = undefined;\n  console.log('n is', n);\n  return new Response(n.toString())\n}")
            .await;
        let problem = failed(
            &app,
            "invoke_function",
            json!({ "app_id": app.id, "function_name": "sum" }),
            "FUNCTION_THREW",
        )
        .await;
        assert!(problem["error"]["details"]["stack"].as_str().unwrap().contains("sum.ts:4"), "{problem}");
        let id = problem["invocation_id"].as_str().expect("the invocation is named");
        let explained = done(&app, "explain_failure", json!({ "app_id": app.id, "invocation_id": id })).await;
        assert_eq!((&explained["function"], &explained["failed"]), (&json!("sum"), &json!(true)));
        assert_eq!(explained["error"]["code"], "FUNCTION_THREW");
        assert_eq!(explained["invocation"]["consoleLogs"][0]["message"], "n is undefined");
        assert!(explained["invocation"]["stack"].as_str().unwrap().contains("sum.ts:4"));
        assert_eq!((&explained["deploy"]["version"], &explained["deploy"]["before"]), (&json!(2), &json!(1)));
        let diff = explained["deploy"]["diff"].as_str().unwrap();
        assert!(diff.contains("-  const n = 1;") && diff.contains("+  const n = undefined;"), "{diff}");
        assert!(explained["next_steps"].as_array().unwrap().len() >= 2, "{explained}");
        let nothing = json!({ "app_id": app.id, "invocation_id": "inv_nothing" });
        failed(&app, "explain_failure", nothing, "RESOURCE_NOT_FOUND").await;
    });
}

#[test]
fn a_policy_that_refused_is_named() {
    run(async {
        let app = TestApp::new().await;
        let sql = "CREATE TABLE notes (id int PRIMARY KEY, owner text);
            ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
            CREATE POLICY own_notes ON notes TO butterbase_user WITH CHECK (owner = current_user_id())";
        app.manage("POST", "/sql").json(json!({ "sql": sql })).ok().await;
        app.deploy(
            "write",
            "export default async (req, ctx) => {
                await ctx.db.query(\"INSERT INTO notes VALUES (1, 'someone else')\");
                return new Response('ok') }",
        )
        .await;
        let ask = app.manage("POST", "/functions/write/invoke").header("X-Butterbase-As-User", "ann");
        let id = ask.send().await.json()["invocation_id"].as_str().unwrap().to_owned();
        let explained = done(&app, "explain_failure", json!({ "app_id": app.id, "invocation_id": id })).await;
        let rls = &explained["row_level_security"];
        assert_eq!((&rls["table"], &rls["user_id"]), (&json!("notes"), &json!("ann")), "{explained}");
        assert_eq!(rls["policies"][0]["policy_name"], "own_notes");
    });
}

#[test]
fn what_is_wrong_is_refused_before_anything_is_done() {
    run(async {
        let app = TestApp::new().await;
        let invalid = "VALIDATION_INVALID_SCHEMA";
        let deploy = |more: Value| {
            let mut call =
                json!({ "app_id": app.id, "name": "a", "code": "export default () => new Response('x')" });
            for (name, value) in more.as_object().unwrap() {
                call[name] = value.clone();
            }
            call
        };
        for (more, message) in [
            (json!({ "memory": 5 }), "memory: is not a parameter"),
            (json!({ "timeoutMs": "5" }), "timeoutMs: "),
            (json!({ "timeoutMs": 300_001 }), "timeoutMs: "),
            (json!({ "memoryLimitMb": 15 }), "memoryLimitMb: "),
            (json!({ "agent_tool_description": "x".repeat(501) }), "agent_tool_description: "),
            (json!({ "agent_tool_mode": "write" }), "agent_tool_mode: "),
            (json!({ "triggers": [] }), "triggers: "),
            (json!({ "trigger": { "type": "http", "confg": {} } }), "trigger.confg: "),
            (json!({ "name": "a b" }), "name: "),
            (json!({ "code": 5 }), "code: "),
        ] {
            let problem = failed(&app, "deploy_function", deploy(more), invalid).await;
            assert!(problem["detail"].as_str().unwrap().starts_with(message), "{problem}");
        }
        let code = deploy(json!({ "code": "x".repeat((10 << 20) + 1) }));
        let problem = failed(&app, "deploy_function", code, invalid).await;
        assert!(problem["detail"].as_str().unwrap().starts_with("code: "));
        let broken = deploy(json!({ "code": "export default (" }));
        let problem = failed(&app, "deploy_function", broken, "VALIDATION_INVALID_CODE").await;
        assert_eq!(problem["error"]["details"]["aliases"], json!([invalid]));
        let elsewhere = deploy(json!({ "app_id": "app_000000000000" }));
        failed(&app, "deploy_function", elsewhere, "RESOURCE_NOT_FOUND").await;
        let other = TestApp::new().await;
        failed(&app, "deploy_function", deploy(json!({ "app_id": other.id })), "RESOURCE_NOT_FOUND").await;
        let list = done(&app, "manage_function", json!({ "app_id": app.id, "action": "list" })).await;
        assert_eq!(list["functions"], json!([]));
    });
}

#[test]
fn a_key_keeps_its_scopes() {
    run(async {
        let app = TestApp::new().await;
        let reader = app.manage("POST", "/keys").json(json!({ "scopes": ["read"] })).ok().await;
        let reader = reader["key"].as_str().unwrap();
        let list =
            call_as(&app, reader, "manage_function", json!({ "app_id": app.id, "action": "list" })).await;
        assert_eq!(list["isError"], false);
        let deploy =
            json!({ "app_id": app.id, "name": "a", "code": "export default () => new Response('x')" });
        let refused = call_as(&app, reader, "deploy_function", deploy).await;
        assert_eq!(refused["structuredContent"]["code"], "AUTH_FORBIDDEN");
    });
}
