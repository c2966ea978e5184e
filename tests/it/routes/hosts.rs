//! Hosts of apps, and what a function sees of its URL.

use serde_json::{Value, json};
use support::app::{Node, TestApp};
use support::client::{Answer, Ask};
use support::cluster::run;

const SHOW: &str = "export default (req, ctx) => Response.json([req.url, ctx.request.path])";

async fn node() -> Node {
    Node::start(|config| {
        config.apps_domain = Some("apps.example".to_owned());
        config.public_url = Some("https://api.apps.example/base".to_owned());
    })
    .await
}

fn by_operator(app: &TestApp, change: Value) -> Ask {
    app.client.ask("PATCH", &app.path("/config")).key(&app.admin_key).json(change)
}

async fn get(app: &TestApp, host: &str, path: &str) -> Answer {
    app.client.get(path).header("host", host).send().await
}

#[test]
fn an_app_is_reached_by_its_id_below_the_domain_and_by_names_of_its_own() {
    run(async {
        let node = node().await;
        let app = node.app().await;
        app.deploy("show", SHOW).await;
        let by_id = format!("{}.apps.example", app.id.replace('_', "-"));
        let shown = get(&app, &by_id, "/show/a%20b?c=d").await;
        assert_eq!(shown.json(), json!([format!("https://{by_id}/show/a%20b?c=d"), "/a%20b"]));

        let name = format!("{}-shop.apps.example", app.id.replace('_', "-").replace("app-", "x"));
        let hosts = json!([{ "host": name, "function": "show" }]);
        let config = app.manage("PATCH", "/config").json(json!({ "hosts": hosts })).ok().await;
        assert_eq!(config["hosts"], hosts);
        assert_eq!(app.manage("GET", "/config").ok().await["hosts"], hosts);
        for (path, url, within) in
            [("/", "/", "/"), ("/show/x?y", "/show/x?y", "/show/x"), ("/v1/apps", "/v1/apps", "/v1/apps")]
        {
            let shown = get(&app, &format!("{name}:8443"), path).await;
            assert_eq!(shown.json(), json!([format!("https://{name}:8443{url}"), within]));
        }
        // With the operator's key, too, there is nothing else below it.
        let managed = app.client.get("/v1/apps").header("host", &by_id).key(&app.admin_key).send().await;
        managed.is_problem("RESOURCE_NOT_FOUND");
        for host in ["unknown.apps.example", "app-000000000000.apps.example", "x.y.apps.example"] {
            assert_eq!(get(&app, host, "/show").await.status, 404, "{host}");
        }
        // The server's own name is below the domain, too.
        assert_eq!(get(&app, "api.apps.example", "/livez").await.status, 200);
        app.manage("PATCH", "/config").json(json!({ "hosts": [] })).ok().await;
        assert_eq!(get(&app, &name, "/").await.status, 404);
        assert!(node.shutdown().await);
    });
}

#[test]
fn who_may_have_which_host() {
    run(async {
        let node = node().await;
        let (app, other) = (node.app().await, node.app().await);
        let own = |label: &str| format!("{}{label}.apps.example", app.id.replace("app_", "x"));
        let hosts = |list: &[String]| json!({ "hosts": list.iter().map(|host| json!({ "host": host })).collect::<Vec<_>>() });
        let owner = |app: &TestApp, change: Value| app.manage("PATCH", "/config").json(change);
        owner(&app, hosts(&[own("a"), own("b")])).ok().await;
        let taken = owner(&other, hosts(&[own("c"), own("b")])).fails(409, "RESOURCE_CONFLICT").await;
        assert!(taken.text().contains(&own("b")), "{}", taken.text());
        assert_eq!(other.manage("GET", "/config").ok().await["hosts"], json!([]), "all or nothing");
        for refused in [
            "api.apps.example",
            "apps.example",
            "a.b.apps.example",
            "app-0123456789ab.apps.example",
            "localhost",
            "192.0.2.7",
            "a_b.example",
            "*.apps.example",
            "shop.apps.example:80",
        ] {
            owner(&app, hosts(&[refused.to_owned()])).fails(400, "VALIDATION_INVALID_SCHEMA").await;
        }
        owner(&app, hosts(&[own("a"), own("a")])).fails(400, "VALIDATION_INVALID_SCHEMA").await;
        let eleven: Vec<String> = (0..11).map(|n| own(&n.to_string())).collect();
        owner(&app, hosts(&eleven)).fails(400, "VALIDATION_INVALID_SCHEMA").await;
        owner(&app, hosts(&eleven[1..])).ok().await;

        // Any other name is the operator's to give; its owner may keep it.
        let custom = format!("shop.{}.example", app.id.replace("app_", ""));
        owner(&app, hosts(std::slice::from_ref(&custom))).fails(403, "AUTH_FORBIDDEN").await;
        by_operator(&app, hosts(std::slice::from_ref(&custom))).ok().await;
        owner(&app, hosts(&[custom.clone(), own("a")])).ok().await;
        app.deploy("show", SHOW).await;
        assert_eq!(get(&app, &custom, "/show").await.json(), json!([format!("https://{custom}/show"), "/"]));

        // Another node learns of it by itself; an app that is deleted leaves its names.
        let second = self::node().await;
        let asked = second.client().get("/show").header("host", &custom).send().await;
        assert_eq!(asked.status, 200);
        let deleted = app.client.ask("DELETE", &format!("/v1/apps/{}?confirm={}", app.id, app.id));
        deleted.key(&app.admin_key).ok().await;
        by_operator(&other, hosts(&[custom])).ok().await;
        assert!(node.shutdown().await && second.shutdown().await);
    });
}

#[test]
fn a_trigger_decides_where_the_url_of_a_function_begins() {
    run(async {
        let app = TestApp::new().await;
        let deploy = |name: &'static str, config: Value| {
            app.deploy_with(name, SHOW, json!({ "trigger": { "type": "http", "config": config } }))
        };
        deploy("whole", json!({ "auth": "none", "url": "whole" })).await;
        deploy("cut", json!({ "auth": "none", "url": "function" })).await;
        deploy("own", json!({ "auth": "none", "url": "function", "path": "/my/own" })).await;
        let base = format!("http://{}", app.client.address());
        for (path, url, within) in [
            ("whole/a%2Fb?c=/d", format!("{base}/v1/{}/fn/whole/a%2Fb?c=/d", app.id), "/a%2Fb"),
            ("cut/a%2Fb?c=/d", format!("{base}/a%2Fb?c=/d"), "/a%2Fb"),
            ("cut", format!("{base}/"), "/"),
            ("cut/", format!("{base}/"), "/"),
            ("my/own?x", format!("{base}/?x"), "/"),
            ("own/y", format!("{base}/y"), "/y"),
        ] {
            assert_eq!(app.call("GET", path).ok().await, json!([url, within]), "{path}");
        }
        // The record has the path that was called.
        assert_eq!(app.logs("cut").await[0]["path"], format!("/v1/{}/fn/cut/", app.id));
        let invoked = "export default async (req, ctx) => ctx.invoke('cut', undefined, { path: '/sub?x=1' })";
        app.deploy("caller", invoked).await;
        let answer = app.call("GET", "caller").ok().await;
        assert_eq!(answer[1], "/sub");
        assert!(
            answer[0].as_str().unwrap().ends_with("/sub?x=1")
                && !answer[0].as_str().unwrap().contains("/fn/")
        );
        let wrong =
            json!({ "name": "x", "code": SHOW, "trigger": { "type": "http", "config": { "url": "cut" } } });
        app.manage("POST", "/functions").json(wrong).fails(400, "VALIDATION_INVALID_SCHEMA").await;
    });
}
