//! `/v1/{app}/functions/{name}/versions` and `.../rollback`.

use serde_json::json;
use support::app::TestApp;
use support::cluster::run;

fn say(word: &str) -> String {
    format!("export default () => new Response('{word}')")
}

#[test]
fn a_rollback_lets_an_older_version_serve_and_keeps_the_newer() {
    run(async {
        let app = TestApp::new().await;
        for word in ["one", "two", "three"] {
            app.deploy("hello", &say(word)).await;
        }
        let text = || async { app.call("GET", "hello").send().await.text() };
        let rollback = |body| app.manage("POST", "/functions/hello/rollback").json(body);
        assert_eq!(text().await, "three");
        assert_eq!(rollback(json!({})).ok().await["version"], 2);
        assert_eq!(text().await, "two");
        assert_eq!(rollback(json!({ "version": 1 })).ok().await["version"], 1);
        assert_eq!(text().await, "one");
        rollback(json!({})).fails(404, "RESOURCE_NOT_FOUND").await;
        rollback(json!({ "version": 9 })).fails(404, "RESOURCE_NOT_FOUND").await;
        rollback(json!({ "version": 0 })).fails(400, "VALIDATION_INVALID_SCHEMA").await;
        rollback(json!({ "to": 1 })).fails(400, "VALIDATION_INVALID_SCHEMA").await;
        app.manage("POST", "/functions/nope/rollback").fails(404, "RESOURCE_NOT_FOUND").await;

        let versions = app.manage("GET", "/functions/hello/versions").ok().await;
        let active: Vec<(u64, bool)> = versions["versions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|version| (version["version"].as_u64().unwrap(), version["active"].as_bool().unwrap()))
            .collect();
        assert_eq!(active, [(3, false), (2, false), (1, true)]);
        assert_eq!(app.deploy("hello", &say("four")).await["version"], 4);
        assert_eq!(text().await, "four");
        app.manage("GET", "/functions/nope/versions").fails(404, "RESOURCE_NOT_FOUND").await;
    });
}
