//! `/v1/{app}/config`.

use serde_json::{Value, json};
use support::app::{Node, TestApp};
use support::cluster::run;
use support::origin::Origin;

#[test]
fn a_paused_app_refuses_every_call_until_it_is_resumed() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("hello", "export default () => new Response('hi')").await;
        assert_eq!(app.call("GET", "hello").send().await.text(), "hi");
        let change = json!({ "paused": true, "reason": "unpaid" });
        let answer = app.manage("PATCH", "/config").json(change).ok().await;
        assert_eq!((&answer["paused"], &answer["reason"]), (&json!(true), &json!("unpaid")));

        let refused = app.call("GET", "hello").fails(503, "APP_PAUSED").await;
        assert_eq!(refused.header("retry-after"), "60");
        assert_eq!(refused.json()["error"]["details"]["paused_reason"], "unpaid");
        app.manage("POST", "/functions/hello/invoke").fails(503, "APP_PAUSED").await;
        app.manage("GET", "/functions").ok().await;
        app.manage("PATCH", "/config").json(json!({ "cors_origins": ["*"] })).ok().await;
        app.call("GET", "hello").fails(503, "APP_PAUSED").await;

        app.manage("PATCH", "/config").json(json!({ "paused": false })).ok().await;
        assert_eq!(app.call("GET", "hello").send().await.text(), "hi");
    });
}

#[test]
fn settings_are_shown_as_they_hold_and_replaced_one_by_one() {
    run(async {
        let app = TestApp::new().await;
        let fresh = app.manage("GET", "/config").ok().await;
        let limits = json!({ "rate_per_second": null, "burst": null, "concurrency": null, "queue": 100,
            "queue_timeout_ms": 2000, "daily_invocations": null, "daily_fuel": null,
            "daily_egress_bytes": null, "storage_bytes": null, "storage_objects": null, "database_bytes": 10_u64 << 30, "weight": 1 });
        let egress = json!({ "allow": null, "deny": [] });
        assert_eq!(fresh["app_id"], app.id);
        assert_eq!((&fresh["cors_origins"], &fresh["egress"]), (&json!([]), &egress));
        assert_eq!((&fresh["effective_limits"], &fresh["auth"]), (&limits, &json!({ "issuers": [] })));
        let patch = |body: Value| app.manage("PATCH", "/config").json(body);
        patch(json!({ "cors_origins": ["https://a.example"] })).ok().await;
        patch(json!({ "egress": { "deny": ["b.example"] } })).ok().await;
        let both = patch(json!({ "limits": { "concurrency": 5, "queue": 0 } })).ok().await;
        assert_eq!(both["cors_origins"], json!(["https://a.example"]));
        assert_eq!(both["egress"]["deny"], json!(["b.example"]));
        assert_eq!(both["effective_limits"]["concurrency"], 5);
        assert_eq!(app.manage("GET", "/config").ok().await, both);
        // The operator's limits are separate, and the owner cannot raise them.
        let by_operator = app.client.ask("PATCH", &app.path("/config")).key(&app.admin_key);
        by_operator.json(json!({ "limits": { "concurrency": 3, "weight": 2 } })).ok().await;
        let lifted = patch(json!({ "limits": { "concurrency": 50 } })).ok().await;
        assert_eq!(lifted["effective_limits"]["concurrency"], 3);
        assert_eq!(lifted["effective_limits"]["weight"], 2);
        assert_eq!(lifted["limits"]["queue"], json!(null), "replaced as a whole");
    });
}

#[test]
fn mistakes_change_nothing() {
    run(async {
        let app = TestApp::new().await;
        let before = app.manage("GET", "/config").ok().await;
        for body in [
            json!({}),
            json!({ "paused": "no" }),
            json!({ "reason": "alone" }),
            json!({ "cors_origins": ["https://a.example/path"] }),
            json!({ "cors_origins": ["*"], "egress": { "allow": ["http://x"] } }),
            json!({ "limits": { "concurrency": 0 } }),
            json!({ "limits": { "weight": 9 } }),
            json!({ "auth": { "issuers": [{ "issuer": "x" }] } }),
            json!({ "operator_limits": {} }),
        ] {
            app.manage("PATCH", "/config").json(body).fails(400, "VALIDATION_INVALID_SCHEMA").await;
        }
        assert_eq!(app.manage("GET", "/config").ok().await, before);
        let reader = app.manage("POST", "/keys").json(json!({ "scopes": ["read"] })).ok().await;
        let reader = reader["key"].as_str().unwrap();
        app.client.get(&app.path("/config")).key(reader).ok().await;
        let patch = app.client.ask("PATCH", &app.path("/config")).key(reader).json(json!({ "paused": true }));
        patch.fails(403, "AUTH_FORBIDDEN").await;
    });
}

#[test]
fn egress_lists_hold_from_the_next_request_on_and_on_every_node() {
    run(async {
        let open = |config: &mut mayfly_control::config::Config| {
            config.fetch_allow = vec!["127.0.0.1/32".parse().unwrap()];
        };
        let (node, second) = (Node::start(open).await, Node::start(open).await);
        let origin = Origin::start("hello").await;
        let app = node.app().await;
        let code = "export default async (req) => {
            try { return new Response(await (await fetch(await req.text())).text()); }
            catch (error) { return new Response(error.code ?? error.cause?.code); }
        }";
        app.deploy("fetch", code).await;
        let there = app.on(&second);
        let fetch = async |app: &TestApp| app.call("POST", "fetch").body(origin.url("/")).send().await.text();
        assert_eq!((fetch(&app).await, fetch(&there).await), ("hello".to_owned(), "hello".to_owned()));
        for (egress, expected) in [
            (json!({ "allow": ["api.example"] }), "EGRESS_DENIED"),
            (json!({ "allow": ["127.0.0.1"] }), "hello"),
            (json!({ "deny": ["127.0.0.1"] }), "EGRESS_DENIED"),
            (
                json!({ "allow": ["127.0.0.1"], "deny": [format!("127.0.0.1:{}", origin.address.port())] }),
                "EGRESS_DENIED",
            ),
            (json!({}), "hello"),
            (json!([]), "EGRESS_DENIED"),
        ] {
            app.manage("PATCH", "/config").json(json!({ "egress": egress })).ok().await;
            assert_eq!(fetch(&app).await, expected, "{egress}");
            while fetch(&there).await != expected {
                tokio::task::yield_now().await;
            }
        }
        assert!(node.shutdown().await && second.shutdown().await);
    });
}
