//! Policies over the protocol: denials, counters over nodes, approvals, and the audit log of all that.

use std::process::{Command, Output};

use serde_json::{Value, json};
use support::app::{Node, TestApp};
use support::cluster::run;

use super::{call, call_as, done, failed};

const PROGRAM: &str = env!("CARGO_BIN_EXE_server");
const HELLO: &str = "export default () => new Response('hi')";

/// Sets an app's policy as the operator.
async fn set(app: &TestApp, policy: Value) {
    app.client.ask("PUT", &app.path("/policy")).key(&app.admin_key).json(policy).ok().await;
}

async fn audit(app: &TestApp, query: &str) -> Vec<Value> {
    let page = app.manage("GET", &format!("/audit?{query}")).ok().await;
    page["entries"].as_array().unwrap().clone()
}

fn deploy(app: &TestApp, name: &str) -> Value {
    json!({ "app_id": app.id, "name": name, "code": HELLO })
}

fn list(app: &TestApp) -> Value {
    json!({ "app_id": app.id, "action": "list" })
}

#[test]
fn the_first_policy_stops_the_eleventh_deploy_of_a_minute() {
    run(async {
        let app = TestApp::new().await;
        // An hour instead of a minute: no test runs over its end.
        let limit =
            json!({ "counter": "deploy_function_rate", "window": "hour", "max": 10, "scope": "grant" });
        set(&app, json!({ "version": "1", "default": "deny", "tools": { "deploy_function": { "limits": [limit] } } }))
            .await;
        for _ in 0..10 {
            done(&app, "deploy_function", deploy(&app, "a")).await;
        }
        let refused = failed(&app, "deploy_function", deploy(&app, "a"), "POLICY_RATE_LIMIT").await;
        let details = &refused["error"]["details"];
        assert_eq!(details["rule"], "tools.deploy_function.limits[0]");
        assert_eq!((&details["max"], &details["window_seconds"]), (&json!(10), &json!(3600)));
        assert!((1..=3600).contains(&details["retry_after_seconds"].as_u64().unwrap()), "{details}");
        // Another key is another identity.
        let other = app.manage("POST", "/keys").json(json!({})).ok().await;
        let other = call_as(&app, other["key"].as_str().unwrap(), "deploy_function", deploy(&app, "a")).await;
        assert_eq!(other["isError"], false);
        let denied = failed(&app, "manage_function", list(&app), "POLICY_DENIED").await;
        assert_eq!(denied["error"]["details"]["rule"], "default");
        // REST is not the agents' way, and stays open.
        assert_eq!(app.manage("GET", "/functions").send().await.status, 200);
        let entries = audit(&app, "").await;
        assert_eq!(entries.len(), 13);
        let of = |decision: &str| entries.iter().filter(|entry| entry["decision"] == decision).count();
        assert_eq!((of("allowed"), of("rate_limited"), of("denied")), (11, 1, 1));
    });
}

#[test]
fn arguments_are_bound_before_anything_runs() {
    run(async {
        let app = TestApp::new().await;
        set(
            &app,
            json!({ "version": "1", "default": "allow", "tools": {
                "deploy_function": { "reason": "small functions only", "arguments": { "timeoutMs": { "maximum": 5000 } } },
                "manage_schema": { "arguments": { "schema._drop": { "schema": false } } },
            } }),
        )
        .await;
        let mut slow = deploy(&app, "slow");
        slow["timeoutMs"] = 5001.into();
        let denied = failed(&app, "deploy_function", slow.clone(), "POLICY_DENIED").await;
        assert_eq!(denied["error"]["details"]["rule"], "tools.deploy_function.arguments.timeoutMs.maximum");
        assert!(denied["detail"].as_str().unwrap().contains("small functions only"));
        slow["timeoutMs"] = 5000.into();
        done(&app, "deploy_function", slow).await;
        let drop = json!({ "app_id": app.id, "action": "apply", "schema": { "tables": {}, "_drop": ["a"] } });
        failed(&app, "manage_schema", drop, "POLICY_DENIED").await;
        let list = done(&app, "manage_function", list(&app)).await;
        assert_eq!(list["functions"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn a_policy_with_a_mistake_is_refused_by_its_path() {
    run(async {
        let app = TestApp::new().await;
        let put =
            |policy: Value| app.client.ask("PUT", &app.path("/policy")).key(&app.admin_key).json(policy);
        for (policy, path) in [
            (json!({ "version": "1", "tools": { "drop_database": {} } }), "tools.drop_database"),
            (
                json!({ "version": "1", "tools": { "deploy_function": { "limits": [{ "counter": "c", "window": "week", "max": 1 }] } } }),
                "tools.deploy_function.limits[0].window",
            ),
            (json!({ "version": "3" }), "version"),
        ] {
            let answer = put(policy).fails(400, "VALIDATION_INVALID_SCHEMA").await;
            assert_eq!(answer.json()["error"]["details"]["path"], path);
        }
        // What binds an agent is not the agent's to change.
        let own =
            app.client.ask("PUT", &app.path("/policy")).key(&app.service_key).json(json!({ "version": "1" }));
        own.fails(403, "AUTH_FORBIDDEN").await;
        put(json!({ "version": "1" })).ok().await;
        failed(&app, "manage_function", list(&app), "POLICY_DENIED").await;
        assert_eq!(app.manage("GET", "/policy").ok().await["policy"]["version"], "1");
        app.client.ask("DELETE", &app.path("/policy")).key(&app.admin_key).ok().await;
        done(&app, "manage_function", list(&app)).await;
    });
}

#[test]
fn counters_are_exact_over_two_nodes() {
    run(async {
        let app = TestApp::new().await;
        let second = Node::start(|_| {}).await;
        let there = app.on(&second);
        let limit = json!({ "counter": "reads", "window": "day", "max": 40, "scope": "app" });
        set(&app, json!({ "version": "1", "tools": { "manage_function": { "limits": [limit] } } })).await;
        let calls = (0..64).map(|number| {
            let app = if number % 2 == 0 { app.clone() } else { there.clone() };
            tokio::spawn(async move { call(&app, "manage_function", list(&app)).await["isError"] == false })
        });
        let mut allowed = 0;
        for call in calls.collect::<Vec<_>>() {
            allowed += u32::from(call.await.unwrap());
        }
        assert_eq!(allowed, 40);
        second.shutdown().await;
    });
}

#[test]
fn an_approved_call_beyond_its_limit_keeps_its_approval() {
    run(async {
        let app = TestApp::new().await;
        let rule = json!({ "action": "require_approval",
            "limits": [{ "counter": "deploys", "window": "hour", "max": 1, "scope": "app" }] });
        set(&app, json!({ "version": "1", "default": "allow", "tools": { "deploy_function": rule } })).await;
        let approved = async |name: &str| {
            let asked = failed(&app, "deploy_function", deploy(&app, name), "APPROVAL_REQUIRED").await;
            let path =
                format!("/v1/approvals/{}", asked["error"]["details"]["approval_id"].as_str().unwrap());
            let decision = json!({ "decision": "approve" });
            app.client.post(&path).key(&app.admin_key).json(decision).ok().await;
            path
        };
        approved("a").await;
        assert_eq!(call(&app, "deploy_function", deploy(&app, "a")).await["isError"], false);
        let second = approved("b").await;
        failed(&app, "deploy_function", deploy(&app, "b"), "POLICY_RATE_LIMIT").await;
        let shown = app.client.get(&second).key(&app.admin_key).ok().await;
        assert_eq!(shown["state"], "approved", "it is good for the next hour's call");
    });
}

#[test]
fn an_approved_call_runs_once() {
    run(async {
        let app = TestApp::new().await;
        let rule = json!({ "action": "require_approval", "reason": "schemas are reviewed" });
        set(&app, json!({ "version": "1", "default": "allow", "tools": { "deploy_function": rule } })).await;
        let mut wanted = deploy(&app, "a");
        wanted["envVars"] = json!({ "KEY": "hunter2" });
        let asked = failed(&app, "deploy_function", wanted.clone(), "APPROVAL_REQUIRED").await;
        let id = asked["error"]["details"]["approval_id"].as_str().unwrap().to_owned();
        // The same call waits for the same approval.
        let again = failed(&app, "deploy_function", wanted.clone(), "APPROVAL_REQUIRED").await;
        assert_eq!(again["error"]["details"]["approval_id"], id.as_str());
        let path = format!("/v1/approvals/{id}");
        let shown = app.client.get(&path).key(&app.admin_key).ok().await;
        assert_eq!((&shown["state"], &shown["tool"]), (&json!("pending"), &json!("deploy_function")));
        assert_eq!(
            (&shown["arguments"]["code"], &shown["arguments"]["envVars"]["KEY"]),
            (&json!(HELLO), &json!("[redacted]"))
        );
        app.client.get(&path).key(&app.service_key).fails(403, "AUTH_FORBIDDEN").await;
        let decide = |decision: &str| {
            app.client.post(&path).key(&app.admin_key).json(json!({ "decision": decision, "reason": "fine" }))
        };
        let approved = decide("approve").ok().await;
        assert_eq!((&approved["state"], &approved["decided_by"]), (&json!("approved"), &json!("admin")));
        decide("deny").fails(409, "RESOURCE_CONFLICT").await;
        // Not for other arguments, and not for another key.
        failed(&app, "deploy_function", deploy(&app, "a"), "APPROVAL_REQUIRED").await;
        let other = app.manage("POST", "/keys").json(json!({})).ok().await;
        let other = call_as(&app, other["key"].as_str().unwrap(), "deploy_function", wanted.clone()).await;
        assert_eq!(other["structuredContent"]["code"], "APPROVAL_REQUIRED");
        // Once, however many try.
        let calls = (0..8).map(|_| {
            let (app, wanted) = (app.clone(), wanted.clone());
            tokio::spawn(async move { call(&app, "deploy_function", wanted).await["isError"] == false })
        });
        let mut ran = 0;
        for call in calls.collect::<Vec<_>>() {
            ran += u32::from(call.await.unwrap());
        }
        assert_eq!(ran, 1);
        let used = app.client.get(&path).key(&app.admin_key).ok().await;
        assert_eq!(used["state"], "used");
        let versions = app.manage("GET", "/functions/a/versions").ok().await;
        assert_eq!(versions["versions"].as_array().unwrap().len(), 1);
        let entries = audit(&app, "decision=allowed").await;
        assert_eq!(entries[0]["approval_id"], id.as_str());
        assert!(!Value::from(audit(&app, "").await).to_string().contains("hunter2"));
    });
}

#[test]
fn every_call_is_in_the_audit_log() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("boom", "export default () => { throw new Error('no') }").await;
        failed(
            &app,
            "invoke_function",
            json!({ "app_id": app.id, "function_name": "boom" }),
            "FUNCTION_THREW",
        )
        .await;
        failed(
            &app,
            "invoke_function",
            json!({ "app_id": app.id, "colour": 1 }),
            "VALIDATION_INVALID_SCHEMA",
        )
        .await;
        failed(&app, "drop_database", json!({}), "RESOURCE_NOT_FOUND").await;
        let entries = audit(&app, "limit=10").await;
        assert_eq!(entries.len(), 1, "the app's own log has what is known to be about it");
        assert_eq!(
            (&entries[0]["succeeded"], &entries[0]["error_code"]),
            (&json!(false), &json!("FUNCTION_THREW"))
        );
        assert!(entries[0]["invocation_id"].as_str().unwrap().starts_with("inv_"));
        let identity = entries[0]["identity"].as_str().unwrap();
        let all = app.client.get(&format!("/v1/audit?identity={identity}")).key(&app.admin_key).ok().await;
        let decisions: Vec<&Value> =
            all["entries"].as_array().unwrap().iter().map(|entry| &entry["decision"]).collect();
        assert_eq!(decisions, ["refused", "refused", "allowed"]);
        // Another app is no way around: its policy is not asked, its counters are not used.
        let other = TestApp::new().await;
        let limit = json!({ "counter": "c", "window": "day", "max": 1, "scope": "app" });
        set(&other, json!({ "version": "1", "tools": { "manage_function": { "limits": [limit] } } })).await;
        failed(&app, "manage_function", list(&other), "RESOURCE_NOT_FOUND").await;
        done(&other, "manage_function", list(&other)).await;
        app.client.get("/v1/audit").key(&app.service_key).fails(403, "AUTH_FORBIDDEN").await;
    });
}

#[test]
fn the_operators_policy_comes_first() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("policy.json");
        std::fs::write(
            &file,
            r#"{"version":"1","default":"allow","tools":{"manage_app":{"action":"deny"}}}"#,
        )
        .unwrap();
        let tools = ["manage_app"];
        let policy =
            mayfly_policy::CompiledPolicy::parse(&std::fs::read(&file).unwrap(), Some(&tools)).unwrap();
        let node = Node::start(|config| config.policy = Some(std::sync::Arc::new(policy))).await;
        let app = node.app().await;
        let denied = call_as(&app, node.admin_key(), "manage_app", json!({ "action": "list" })).await;
        assert_eq!(denied["structuredContent"]["code"], "POLICY_DENIED");
        done(&app, "manage_function", list(&app)).await;
        node.shutdown().await;
    });
}

fn mayfly(arguments: &[&str], app: Option<(&TestApp, &str)>) -> Output {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).env_remove("MAYFLY_APP").env_remove("MAYFLY_KEY");
    if let Some((app, key)) = app {
        command.env("MAYFLY_URL", format!("http://{}", app.client.address()));
        command.env("MAYFLY_KEY", key).env("MAYFLY_APP", &app.id);
    }
    command.output().unwrap()
}

#[test]
fn the_command_line_checks_tries_and_explains() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, value: Value| {
        let path = folder.path().join(name);
        std::fs::write(&path, value.to_string()).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let good = write(
        "good.json",
        json!({ "version": "1", "default": "deny", "tools": {
        "deploy_function": { "limits": [{ "counter": "c", "window": "minute", "max": 10, "scope": "grant" }],
            "arguments": { "timeoutMs": { "maximum": 5000 } } } } }),
    );
    let bad = write(
        "bad.json",
        json!({ "version": "1", "tools": { "deploy_function": { "limits": [{ "window": "week" }] } } }),
    );
    assert_eq!(mayfly(&["policy", "check", &good], None).status.code(), Some(0));
    let refused = mayfly(&["policy", "check", &bad], None);
    assert_eq!(refused.status.code(), Some(5));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("tools.deploy_function.limits[0]"));
    let call = write("call.json", json!({ "tool": "deploy_function", "arguments": { "timeoutMs": 9000 } }));
    let tried = mayfly(&["policy", "test", &good, &call, "--json"], None);
    assert_eq!(tried.status.code(), Some(1));
    let tried: Value = serde_json::from_slice(&tried.stdout).unwrap();
    assert_eq!(
        (&tried["decision"], &tried["rule"]),
        (&json!("deny"), &json!("tools.deploy_function.arguments.timeoutMs.maximum"))
    );
    let explained = mayfly(&["policy", "explain", &good], None);
    let text = String::from_utf8_lossy(&explained.stdout).into_owned();
    assert!(
        text.contains("at most 10 calls in 60 seconds") && text.contains("any other tool: may not"),
        "{text}"
    );
    run(async move {
        let app = TestApp::new().await;
        let on = app.clone();
        let set = tokio::task::spawn_blocking(move || {
            mayfly(&["policy", "set", &good], Some((&on, &on.admin_key)))
        });
        assert_eq!(set.await.unwrap().status.code(), Some(0));
        failed(&app, "manage_function", list(&app), "POLICY_DENIED").await;
        let on = app.clone();
        let shown =
            tokio::task::spawn_blocking(move || mayfly(&["audit", "--json"], Some((&on, &on.service_key))));
        let shown: Value = serde_json::from_slice(&shown.await.unwrap().stdout).unwrap();
        assert_eq!(shown["entries"][0]["decision"], "denied");
        let on = app.clone();
        let approvals =
            tokio::task::spawn_blocking(move || mayfly(&["approvals", "list"], Some((&on, &on.admin_key))));
        assert_eq!(approvals.await.unwrap().status.code(), Some(0));
    });
}
