//! `GET /v1/{app}/usage`.

use serde_json::json;
use support::app::TestApp;
use support::cluster::run;

#[test]
fn usage_is_the_sum_of_the_records() {
    run(async {
        let app = TestApp::new().await;
        let code =
            "export default (req) => new Response('x', { status: req.url.endsWith('bad') ? 500 : 200 })";
        let one = app.deploy("one", code).await["function_id"].clone();
        app.deploy("two", code).await;
        for path in ["one", "one/bad", "one", "two"] {
            app.call("GET", path).send().await;
        }
        let usage = app.manage("GET", "/usage").ok().await;
        let mut fuel = 0;
        for name in ["one", "two"] {
            fuel += app.logs(name).await.iter().map(|record| record["fuel"].as_u64().unwrap()).sum::<u64>();
        }
        assert_eq!((&usage["total"]["invocations"], &usage["total"]["errors"]), (&json!(4), &json!(1)));
        assert_eq!(usage["total"]["fuel"], fuel, "exact to the unit");
        let of_one =
            usage["groups"].as_array().unwrap().iter().find(|group| group["function_id"] == one).unwrap();
        assert_eq!((&of_one["function"], &of_one["invocations"]), (&json!("one"), &json!(3)));

        // A deleted function's usage stays.
        app.manage("DELETE", "/functions/one").ok().await;
        let by_day = app.manage("GET", "/usage?group_by=day").ok().await;
        assert_eq!(by_day["total"], usage["total"]);
        let days: u64 =
            by_day["groups"].as_array().unwrap().iter().map(|day| day["invocations"].as_u64().unwrap()).sum();
        assert_eq!(days, 4);
        let before = app.manage("GET", "/usage?from=2020-01-01&to=2020-02-01").ok().await;
        assert_eq!((&before["total"]["invocations"], &before["groups"]), (&json!(0), &json!([])));
    });
}

#[test]
fn what_is_asked_wrongly_is_refused() {
    run(async {
        let app = TestApp::new().await;
        for query in [
            "from=x",
            "to=2026-01-01T00:30:00Z",
            "from=2026-02-01&to=2026-01-01",
            "from=2020-01-01&to=2026-01-01",
            "group_by=week",
            "x=1",
        ] {
            app.manage("GET", &format!("/usage?{query}")).fails(400, "VALIDATION_INVALID_SCHEMA").await;
        }
        app.client.get(&app.path("/usage")).key(&app.anon_key).fails(403, "AUTH_FORBIDDEN").await;
    });
}
