//! `POST /v1/{app}/functions/{name}/invoke`.

use serde_json::json;
use support::app::TestApp;
use support::cluster::run;

const ECHO: &str = "export default async (req, ctx) => {
    console.log('called', req.method);
    const url = new URL(req.url);
    return Response.json({ method: req.method, path: url.pathname + url.search, header: req.headers.get('x-a'),
        body: await req.text(), user: ctx.user, caller: ctx.caller.type }, { status: 201 });
}";

#[test]
fn a_test_call_shows_everything_about_the_invocation() {
    run(async {
        let app = TestApp::new().await;
        // Neither a trigger with required auth nor a missing http trigger prevents it.
        app.deploy_with("echo", ECHO, json!({})).await;
        let wanted =
            json!({ "method": "PUT", "path": "/sub?q=1", "headers": { "X-A": "b" }, "body": { "n": 1 } });
        let answer = app.manage("POST", "/functions/echo/invoke").json(wanted).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let shown = answer.json();
        assert_eq!(shown["status"], 201);
        assert_eq!(
            shown["body"],
            json!({
                "method": "PUT", "path": format!("/v1/{}/fn/echo/sub?q=1", app.id), "header": "b",
                "body": "{\"n\":1}", "user": null, "caller": "service_key",
            })
        );
        assert_eq!(shown["headers"]["content-type"], "application/json");
        assert_eq!(shown["logs"][0]["message"], "called PUT");
        assert!(shown["fuel"].as_u64().unwrap() > 0 && shown["duration_ms"].as_f64().unwrap() > 0.0);
        assert_eq!(shown["invocation_id"], answer.header("x-invocation-id"));
        let logs = app.logs("echo").await;
        assert_eq!((&logs[0]["id"], &logs[0]["trigger"]), (&shown["invocation_id"], &json!("invoke")));
    });
}

#[test]
fn without_a_body_it_is_a_post() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("echo", ECHO).await;
        let shown = app.manage("POST", "/functions/echo/invoke").ok().await;
        assert_eq!((&shown["body"]["method"], &shown["body"]["body"]), (&json!("POST"), &json!("")));
        let as_user = app.manage("POST", "/functions/echo/invoke").header("X-Butterbase-As-User", "alice");
        assert_eq!(as_user.ok().await["body"]["user"]["id"], "alice");
        app.manage("POST", "/functions/nope/invoke").fails(404, "RESOURCE_NOT_FOUND").await;
        app.client.post(&app.path("/functions/echo/invoke")).fails(401, "AUTH_REQUIRED").await;
    });
}

#[test]
fn a_failure_is_an_error_with_the_stack_for_the_owner() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("boom", "export default () => {\n  throw new TypeError('no such thing')\n}").await;
        let failed = app.manage("POST", "/functions/boom/invoke").fails(500, "FUNCTION_THREW").await;
        assert!(failed.message().contains("no such thing"), "{}", failed.message());
        let stack = failed.json()["error"]["details"]["stack"].as_str().unwrap().to_owned();
        assert!(stack.contains("boom.ts:2"), "{stack}");
        assert!(failed.header("x-invocation-id").starts_with("inv_"));
    });
}

#[test]
fn causes_are_shown_to_the_owner_and_in_the_record_alone() {
    run(async {
        let app = TestApp::new().await;
        let code = "type Row = { id: number };
export default (): Response => {
  try { JSON.parse('secret'); } catch (cause) {
    console.error(cause);
    throw new TypeError('outer', { cause });
  }
}";
        let trigger = json!({ "trigger": { "type": "http", "config": { "auth": "none" } } });
        app.deploy_with("boom", code, trigger).await;
        let failed = app.manage("POST", "/functions/boom/invoke").fails(500, "FUNCTION_THREW").await;
        assert!(failed.message().ends_with("TypeError: outer"), "{}", failed.message());
        let stack = failed.json()["error"]["details"]["stack"].as_str().unwrap().to_owned();
        assert!(stack.contains("boom.ts:5") && stack.contains("[cause]: SyntaxError"), "{stack}");
        assert!(stack.contains("boom.ts:3") && !stack.contains("function.mjs"), "{stack}");

        let anonymous = app.call("GET", "boom").fails(500, "FUNCTION_THREW").await.text();
        for hidden in ["outer", "SyntaxError", "boom.ts", "secret"] {
            assert!(!anonymous.contains(hidden), "{anonymous}");
        }
        let record = app.logs("boom").await.remove(0);
        assert_eq!(record["stack"], stack.as_str());
        assert!(record["consoleLogs"][0]["message"].as_str().unwrap().contains("boom.ts:3"), "{record}");
    });
}
