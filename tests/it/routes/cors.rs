//! Calls from web pages: `cors_origins` of `PATCH /v1/{app}/config`.

use serde_json::json;
use support::app::TestApp;
use support::client::{Answer, Ask};
use support::cluster::run;

const PAGE: &str = "https://page.example";

fn preflight(app: &TestApp, name: &str, origin: &str) -> Ask {
    app.call("OPTIONS", name)
        .header("origin", origin)
        .header("access-control-request-method", "DELETE")
        .header("access-control-request-headers", "authorization, x-mine")
}

fn allowed(answer: &Answer) -> &str {
    answer.header("access-control-allow-origin")
}

#[test]
fn pages_of_the_listed_origins_may_call() {
    run(async {
        let app = TestApp::new().await;
        app.deploy_who("required").await;
        let list = json!({ "cors_origins": [PAGE, "https://*.preview.example"] });
        app.manage("PATCH", "/config").json(list).ok().await;
        for origin in [PAGE, "https://branch.preview.example"] {
            let answer = preflight(&app, "required", origin).send().await;
            assert_eq!(
                (answer.status, answer.text().as_str()),
                (204, ""),
                "no key is asked for, nothing runs"
            );
            assert_eq!(allowed(&answer), origin);
            assert_eq!(answer.header("access-control-allow-methods"), "DELETE");
            assert_eq!(answer.header("access-control-allow-headers"), "authorization, x-mine");
            assert_eq!(answer.header("access-control-allow-credentials"), "true");
            assert_eq!(answer.header("access-control-max-age"), "600");
            assert!(answer.headers.get_all("vary").iter().any(|value| value == "Origin"));
        }
        let token = app.token("alice").await;
        let called = app.call("GET", "required").key(&token).header("origin", PAGE).send().await;
        assert_eq!((called.status, allowed(&called)), (200, PAGE));
        assert!(called.header("access-control-expose-headers").contains("X-Invocation-Id"));
        // A page can read the error.
        for (ask, status) in [
            (app.call("GET", "required"), 401),
            (app.call("GET", "nope"), 404),
            (app.call("GET", "required").key("bad"), 401),
        ] {
            let refused = ask.header("origin", PAGE).send().await;
            assert_eq!((refused.status, allowed(&refused)), (status, PAGE));
        }
        for origin in ["https://evil.example", "https://evilpage.example", "null", "http://page.example", ""]
        {
            let answer = preflight(&app, "required", origin).send().await;
            assert_eq!((answer.status, allowed(&answer)), (204, ""), "{origin}");
            assert_eq!(answer.header("access-control-allow-methods"), "");
            let called = app.call("GET", "required").key(&token).header("origin", origin).send().await;
            assert_eq!((called.status, allowed(&called)), (200, ""), "{origin}");
        }
        assert_eq!(allowed(&app.manage("GET", "/functions").header("origin", PAGE).send().await), "");
    });
}

#[test]
fn the_list_holds_whatever_a_function_says() {
    run(async {
        let app = TestApp::new().await;
        let code = "export default (req) => new Response(req.method, { headers: {
            'access-control-allow-origin': '*', 'access-control-allow-credentials': 'true' } })";
        app.deploy("open", code).await;
        let call = async || app.call("GET", "open").header("origin", PAGE).send().await;
        assert_eq!(allowed(&call().await), "*", "without a list functions answer for themselves");
        let asked = preflight(&app, "open", PAGE).send().await;
        assert_eq!((asked.status, asked.text().as_str()), (200, "OPTIONS"), "preflights, too");
        let set = async |origins: serde_json::Value| {
            app.manage("PATCH", "/config").json(json!({ "cors_origins": origins })).ok().await;
        };
        set(json!(["https://other.example"])).await;
        let refused = call().await;
        assert_eq!((allowed(&refused), refused.header("access-control-allow-credentials")), ("", ""));
        set(json!(["*"])).await;
        let anyone = call().await;
        assert_eq!((allowed(&anyone), anyone.header("access-control-allow-credentials")), ("*", ""));
        let plain = app.call("OPTIONS", "open").header("origin", PAGE).send().await;
        assert_eq!(plain.text(), "OPTIONS", "an OPTIONS request that is no preflight is the function's");
        assert_eq!(app.call("GET", "open").send().await.text(), "GET");
    });
}
