//! Redaction: values of variables never appear in consoles, errors or stacks.

use serde_json::json;
use support::app::TestApp;
use support::cluster::run;

const SECRET: &str = "sk_live_0123456789\n\"quoted\"";

#[test]
fn a_secret_that_is_printed_or_thrown_is_hidden() {
    run(async {
        let app = TestApp::new().await;
        app.manage("PATCH", "/env").json(json!({ "envVars": { "SHARED": "of the whole app" } })).ok().await;
        let code = "export default (req, ctx) => {
            console.log('key', ctx.env.KEY, { key: ctx.env.KEY }, JSON.stringify(ctx.env.KEY));
            console.log(ctx.env.SHARED, ctx.env.SHORT, ctx.env.BUTTERBASE_APP_ID);
            ctx.waitUntil(Promise.reject(new Error('later ' + ctx.env.KEY)));
            throw new Error('with ' + ctx.env.KEY);
        }";
        app.deploy_with("leaky", code, json!({ "envVars": { "KEY": SECRET, "SHORT": "debug" } })).await;
        // The owner sees the error, with the secret redacted.
        let answer = app.call("GET", "leaky").key(&app.service_key).fails(500, "FUNCTION_THREW").await;
        let shown = answer.json().to_string();
        assert!(shown.contains("with [KEY]"), "{shown}");
        let record = app.logs("leaky").await.remove(0);
        let text = record.to_string();
        for part in ["sk_live", "of the whole app"] {
            assert!(!shown.contains(part) && !text.contains(part), "{text}");
        }
        let printed = |index: usize| record["consoleLogs"][index]["message"].as_str().unwrap().to_owned();
        assert!(printed(0).starts_with("key [KEY] {"), "{}", printed(0));
        assert!(printed(0).ends_with("\"[KEY]\""), "{}", printed(0));
        // Short values are not redacted, nor are the platform's own variables.
        assert_eq!(printed(1), format!("[SHARED] debug {}", app.id));
        assert!(text.contains("later [KEY]"), "{text}");
    });
}
