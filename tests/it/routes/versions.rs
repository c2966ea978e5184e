//! `/v1/{app}/functions/{name}/versions` and `.../rollback`.

use mayfly_postgres::PostgresEndpoint;
use serde_json::json;
use support::app::{Node, TestApp};
use support::cluster::{directory, own_database, run};

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

#[test]
fn an_old_versions_image_is_dropped_and_made_again_when_it_is_called() {
    run(async {
        let url = own_database().await;
        let storage = directory();
        let node = Node::start_over(&url, storage.path()).await;
        let app = node.app().await;
        for word in ["one", "two", "three", "four"] {
            app.deploy("hello", &say(word)).await;
        }
        let rollback =
            |version| app.manage("POST", "/functions/hello/rollback").json(json!({ "version": version }));
        rollback(1).ok().await;
        let endpoint = PostgresEndpoint::from_url(&url).unwrap();
        let database = endpoint.admin(endpoint.platform_database()).await.unwrap();
        let count = async |sql: &str| database.query_one(sql, &[]).await.unwrap().get::<_, i64>(0);
        const WITH_IMAGE: &str = "SELECT sum(10 ^ (4 - v.number))::bigint FROM version_images i JOIN versions v ON v.id = i.version_id";
        const IMAGES: &str = "SELECT count(*) FROM images";
        let drop_images = async || node.store().versions().drop_images(2).await.unwrap();

        // What was just stored stays for a while: a deploy may be about to name it.
        assert_eq!(drop_images().await, 0);
        assert_eq!(count(WITH_IMAGE).await, 1_011, "the one that serves, and the newest two");
        database.batch_execute("UPDATE images SET created_at = now() - interval '2 hours'").await.unwrap();
        assert_eq!((drop_images().await, count(IMAGES).await), (1, 3));

        rollback(2).ok().await;
        for _ in 0..2 {
            assert_eq!(app.call("GET", "hello").send().await.text(), "two");
        }
        assert_eq!((count(WITH_IMAGE).await, count(IMAGES).await), (1_111, 4), "it was made again");
        assert_eq!((drop_images().await, count(WITH_IMAGE).await), (1, 111), "the first serves no longer");
        assert!(node.shutdown().await);
    });
}

#[test]
fn a_service_key_can_pin_a_version() {
    run(async {
        let app = TestApp::new().await;
        for word in ["one", "two", "three"] {
            app.deploy("hello", &say(word)).await;
        }
        let ask = |version: &str| {
            app.call("GET", "hello").key(&app.service_key).header("X-Mayfly-Version", version)
        };
        assert_eq!(ask("1").send().await.text(), "one");
        assert_eq!(ask("2").send().await.text(), "two");
        assert_eq!(app.logs("hello").await[0]["version"], 2);
        assert_eq!(app.call("GET", "hello").send().await.text(), "three");
        let as_user = ask("1").header("X-Butterbase-As-User", "alice");
        assert_eq!(as_user.send().await.text(), "one");
        ask("9").fails(404, "RESOURCE_NOT_FOUND").await;
        for bad in ["0", "-1", "one", "", "99999999999"] {
            ask(bad).fails(400, "VALIDATION_INVALID_SCHEMA").await;
        }
        ask("1").header("X-Mayfly-Version", "2").fails(400, "VALIDATION_INVALID_SCHEMA").await;
        let token = app.token("alice").await;
        for key in [token.as_str(), &app.anon_key] {
            let ask = app.call("GET", "hello").key(key).header("X-Mayfly-Version", "1");
            ask.fails(403, "AUTH_FORBIDDEN").await;
        }
        app.call("GET", "hello").header("X-Mayfly-Version", "1").fails(403, "AUTH_FORBIDDEN").await;
        let invoke = app.manage("POST", "/functions/hello/invoke").header("X-Mayfly-Version", "2");
        assert_eq!(invoke.ok().await["body"], "two");
    });
}

fn partly(percent: u32) -> serde_json::Value {
    json!({ "trigger": { "type": "http", "config": { "auth": "none" } }, "rollout": { "percent": percent } })
}

#[test]
fn a_version_is_rolled_out_to_some_users_who_stick_to_it() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("hello", &say("old")).await;
        let deployed = app.deploy_with("hello", &say("new"), partly(30)).await;
        assert_eq!((&deployed["version"], &deployed["status"]), (&json!(2), &json!("deployed")));
        let call = async |user: &str| {
            let ask = app.call("GET", "hello").key(&app.service_key).header("X-Butterbase-As-User", user);
            ask.send().await.text()
        };
        let mut chosen = Vec::new();
        for number in 0..100 {
            chosen.push(call(&number.to_string()).await);
        }
        let new = chosen.iter().filter(|text| *text == "new").count();
        assert!((10..=55).contains(&new), "{new} of 100 at 30%");
        for (number, text) in chosen.iter().enumerate().step_by(7) {
            assert_eq!(call(&number.to_string()).await, *text, "{number} sticks");
        }
        let versions = app.manage("GET", "/functions/hello/versions").ok().await;
        assert_eq!(
            (&versions["versions"][0]["active"], &versions["versions"][1]["active"]),
            (&json!(false), &json!(true))
        );
        let rollout = &versions["rollout"];
        assert_eq!(
            (&rollout["version"], &rollout["percent"], &rollout["state"]),
            (&json!(2), &json!(30), &json!("running"))
        );

        let settings = |rollout: serde_json::Value| {
            app.manage("PATCH", "/functions/hello/settings").json(json!({ "rollout": rollout }))
        };
        let more = settings(json!({ "percent": 80 })).ok().await;
        assert_eq!(more["function"]["rollout"]["percent"], 80);
        for (number, text) in chosen.iter().enumerate().filter(|(_, text)| *text == "new") {
            assert_eq!(call(&number.to_string()).await, *text, "{number} had it already");
        }
        settings(json!({ "percent": 0 })).ok().await;
        assert_eq!(app.manage("GET", "/functions/hello/versions").ok().await["rollout"], json!(null));
        assert_eq!(call("1").await, "old");
        settings(json!({ "percent": 50 })).fails(409, "STATE_PREREQUISITE_MISSING").await;
        settings(json!({ "version": 1, "percent": 50 })).fails(409, "RESOURCE_CONFLICT").await;
        settings(json!({ "version": 7, "percent": 50 })).fails(404, "RESOURCE_NOT_FOUND").await;
        settings(json!({ "percent": 101 })).fails(400, "VALIDATION_INVALID_SCHEMA").await;
        settings(json!({ "version": 2, "percent": 99 })).ok().await;
        settings(json!({ "percent": 100 })).ok().await;
        for user in ["1", "2", "3"] {
            assert_eq!(call(user).await, "new");
        }
        assert_eq!(app.manage("GET", "/functions/hello").ok().await["version"], 2);
        let first = app.deploy_with("first", &say("x"), partly(10)).await;
        assert_eq!(first["version"], 1);
        assert_eq!(app.call("GET", "first").send().await.text(), "x", "the first version serves all");
    });
}

#[test]
fn a_version_that_fails_too_often_is_taken_back_on_every_node() {
    run(async {
        let app = TestApp::new().await;
        let node = Node::start(|_| {}).await;
        let there = app.on(&node);
        app.deploy("hello", &say("old")).await;
        let mut fields = partly(99);
        fields["rollout"]["min_invocations"] = json!(5);
        fields["rollout"]["max_error_percent"] = json!(50);
        let code = "export default () => { throw new Error('broken') }";
        app.deploy_with("hello", code, fields).await;
        let mut failed = 0;
        while app.manage("GET", "/functions/hello/versions").ok().await["rollout"]["state"] == "running" {
            let status = app.call("GET", "hello").send().await.status;
            failed += u32::from(status == 500);
        }
        assert!(failed >= 5, "{failed}");
        let rollout = app.manage("GET", "/functions/hello/versions").ok().await["rollout"].clone();
        assert_eq!((&rollout["state"], &rollout["version"]), (&json!("rolled_back"), &json!(2)));
        assert!(rollout["errors"].as_u64().unwrap() >= 5 && rollout["ended_at"].is_string());
        for _ in 0..10 {
            assert_eq!(app.call("GET", "hello").send().await.text(), "old");
        }
        let mut calm = 0;
        while calm < 10 {
            calm = if there.call("GET", "hello").send().await.text() == "old" { calm + 1 } else { 0 };
        }
        assert_eq!(app.deploy("hello", &say("fixed")).await["version"], 3);
        assert_eq!(app.call("GET", "hello").send().await.text(), "fixed");
        assert_eq!(app.manage("GET", "/functions/hello/versions").ok().await["rollout"], json!(null));
        assert!(node.shutdown().await);
    });
}
