//! `GET /v1/{app}/functions/{name}/logs`.

use serde_json::json;
use support::app::TestApp;
use support::cluster::run;

const CODE: &str = "export default async (req, ctx) => {
    const mode = new URL(req.url).searchParams.get('mode');
    console.log('mode', mode, { nested: [1, 2] });
    if (mode === 'warn') console.warn('careful');
    if (mode === 'throw') {
        throw new Error('boom');
    }
    if (mode === 'later') ctx.waitUntil(new Promise((resolve) => setTimeout(resolve, 5)).then(() => console.info('afterwards')));
    return new Response('ok');
}";

#[test]
fn an_invocation_is_in_the_log_as_soon_as_it_is_answered() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("hello", CODE).await;
        for n in 1..=5 {
            let answer =
                app.call("GET", "hello?mode=x&token=secret").header("cookie", "a=secret").send().await;
            let logs = app.logs("hello").await;
            assert_eq!(logs.len(), n);
            assert_eq!(logs[0]["id"], answer.header("x-invocation-id"));
            assert_eq!(logs[0]["requestId"], answer.header("x-request-id"));
            assert!(!json!(logs).to_string().contains("secret"), "no query and no cookie is kept");
        }
        let record = &app.logs("hello").await[0];
        for (member, value) in [
            ("trigger", json!("http")),
            ("version", json!(1)),
            ("method", json!("GET")),
            ("path", json!(app.path("/fn/hello"))),
            ("statusCode", json!(200)),
            ("error", json!(null)),
            ("background", json!(null)),
            ("dbRole", json!("butterbase_service")),
            ("caller", json!({ "type": "anonymous", "keyId": null, "userId": null })),
        ] {
            assert_eq!(record[member], value, "{member}");
        }
        assert!(record["fuel"].as_u64().unwrap() > 0 && record["memoryUsed"].as_u64().unwrap() > 0);
        assert_eq!(record["consoleLogs"][0]["message"], "mode x { nested: [ 1, 2 ] }");
        assert_eq!(record["consoleLogs"][0]["level"], "log");
    });
}

#[test]
fn failures_and_background_work_are_recorded_with_mapped_stacks() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("hello", CODE).await;
        let failed = app.call("GET", "hello?mode=throw").fails(500, "FUNCTION_THREW").await;
        assert!(!failed.text().contains("boom"), "an anonymous caller is told nothing: {}", failed.text());
        assert_eq!(failed.header("x-error-source"), "function");
        let record = &app.logs("hello").await[0];
        assert_eq!((&record["statusCode"], &record["errorCode"]), (&json!(null), &json!("FUNCTION_THREW")));
        assert!(record["error"].as_str().unwrap().contains("boom"));
        assert!(record["stack"].as_str().unwrap().contains("hello.ts:6"), "{}", record["stack"]);

        app.call("GET", "hello?mode=later").send().await;
        let record = &app.logs("hello").await[0];
        assert_eq!(record["consoleLogs"][1]["message"], "afterwards");
        assert!(
            record["background"]["duration"].as_f64().is_some() && record["background"]["error"].is_null()
        );
    });
}

#[test]
fn filters_and_pages() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("hello", CODE).await;
        for mode in ["a", "warn", "throw", "b", "c"] {
            app.call("GET", &format!("hello?mode={mode}")).send().await;
        }
        let all = app.logs("hello").await;
        let ask = |query: &str| app.manage("GET", &format!("/functions/hello/logs?{query}"));
        let count = |answer: serde_json::Value| answer["logs"].as_array().unwrap().len();
        assert_eq!(count(ask("level=warn").ok().await), 1);
        assert_eq!(count(ask("status=error").ok().await), 1);
        assert_eq!(count(ask("status=200").ok().await), 4);
        let id = all[2]["id"].as_str().unwrap();
        assert_eq!(ask(&format!("invocation={id}")).ok().await["logs"][0]["id"], id);
        assert_eq!(count(ask("since=2999-01-01T00:00:00Z").ok().await), 0);
        assert_eq!(count(ask("until=2999-01-01T00:00:00Z").ok().await), 5);

        let mut ids = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = ask(&format!("limit=2{cursor}")).ok().await;
            ids.extend(page["logs"].as_array().unwrap().iter().map(|record| record["id"].clone()));
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(ids, all.iter().map(|record| record["id"].clone()).collect::<Vec<_>>());

        for query in ["limit=0", "cursor=nonsense", "level=fatal", "since=today", "page=2"] {
            let refused = ask(query).fails(400, "VALIDATION_INVALID_SCHEMA").await;
            assert!(refused.message().starts_with(query.split('=').next().unwrap()), "{}", refused.message());
        }
        app.manage("GET", "/functions/nope/logs").fails(404, "RESOURCE_NOT_FOUND").await;
    });
}
