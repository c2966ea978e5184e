//! Root key rotation: secrets under the old key still work, are re-encrypted, and then no longer need it.

use std::sync::Arc;

use mayfly_control::config::{Config, DatabaseSource};
use mayfly_core::jobs::{Reencrypted, Reencryption};
use mayfly_postgres::{Cluster, PostgresEndpoint};
use mayfly_secrets::KeyRing;
use mayfly_secrets::rotate::{self, KeyPosition};
use mayfly_store::{Store, StoreConfig};
use serde_json::{Value, json};
use support::app::{Node, TestApp};
use support::cluster::{self, run};
use support::wait::until;

const ISSUER: &str = "https://issuer.example";

const CODE: &str = "export default async (req, ctx) => {
    const { rows } = await ctx.db.query('SELECT current_user_id() AS id');
    return Response.json({ own: ctx.env.OWN, app: ctx.env.APP, anon: !!ctx.env.BUTTERBASE_ANON_KEY, id: rows[0].id });
}";

/// A server over this PostgreSQL, with these root keys.
async fn start(endpoint: &PostgresEndpoint, keys: &str) -> Node {
    let directory = cluster::directory();
    let mut config = Config::loopback(directory.path().to_owned());
    config.database = DatabaseSource::Running(endpoint.clone());
    config.secret_keys = Some(keys.to_owned());
    Node::start_in(directory, config, |_| {}).await
}

/// This response needs every encrypted secret.
async fn answer(app: &TestApp) -> Value {
    let token = app.token("alice").await;
    app.call("GET", "all").key(&token).ok().await
}

#[test]
fn secrets_under_an_old_key_are_re_encrypted_and_the_key_can_go() {
    run(async {
        let directory = cluster::directory();
        let cluster = Cluster::start(cluster::config(directory.path())).await.expect("PostgreSQL starts");
        let endpoint = cluster.endpoint().clone();
        let file = directory.path().join("keys");
        rotate::add(&file, KeyPosition::Last).unwrap();
        rotate::remove(&file, "k2").unwrap();
        let keys = || std::fs::read_to_string(&file).unwrap();

        let node = start(&endpoint, &keys()).await;
        let app = node.app().await;
        app.deploy_with(
            "all",
            CODE,
            json!({ "envVars": { "OWN": "of the function" }, "recordPercent": 100 }),
        )
        .await;
        app.manage("PATCH", "/env").json(json!({ "envVars": { "APP": "of the app" } })).ok().await;
        let issuer = json!({ "issuer": ISSUER, "secret": "x".repeat(64), "algorithms": ["HS256"] });
        let other = json!({ "issuer": "other", "secret": "y".repeat(64), "algorithms": ["HS256"] });
        app.manage("PATCH", "/config").json(json!({ "auth": { "issuers": [issuer, other] } })).ok().await;
        let webhook = json!({ "type": "webhook", "config": { "provider": "telegram", "secret": "token" } });
        app.deploy_with("hook", "export default () => new Response('hi')", json!({ "trigger": webhook }))
            .await;
        let delivered = async |app: &TestApp, update: u32| {
            let sent = app.client.post(&app.path("/webhook/hook")).json(json!({ "update_id": update }));
            sent.header("x-telegram-bot-api-secret-token", "token").ok_text("hi").await;
        };
        delivered(&app, 1).await;
        // Makes the access key that signs URLs.
        let presign = async |app: &TestApp| {
            let wanted = json!({ "bucket": "photos", "key": "a" });
            app.manage("POST", "/storage/presign").json(wanted).ok().await;
        };
        presign(&app).await;
        let before = answer(&app).await;
        let wanted = json!({ "own": "of the function", "app": "of the app", "anon": true, "id": "alice" });
        assert_eq!(before, wanted);
        let invocation = app.logs("all").await[0]["id"].clone();
        assert!(node.shutdown().await);

        let store = Store::connect(StoreConfig::new(endpoint.clone())).await.unwrap();
        let by_key = async || store.encrypted_values().count_by_key().await.unwrap();
        // Two variables and the anon key, the claims' key, the logins' password, the signing key, two issuers, a recording,
        // a webhook's secrets, a delivery, an access key of storage.
        assert_eq!(by_key().await, [("k1".to_owned(), 12)]);

        rotate::add(&file, KeyPosition::First).unwrap();
        let ring = Arc::new(KeyRing::of_text(&keys()).unwrap());
        let resealing = Reencryption { store: store.clone(), keyring: ring };
        assert_eq!(resealing.run_once().await.unwrap(), Reencrypted { reencrypted: 12, undecryptable: 0 });
        assert_eq!(by_key().await, [("k2".to_owned(), 12)]);
        assert_eq!(resealing.run_once().await.unwrap(), Reencrypted::default());

        rotate::remove(&file, "k1").unwrap();
        let node = start(&endpoint, &keys()).await;
        let app = app.on(&node);
        assert_eq!(answer(&app).await, wanted);
        presign(&app).await;
        delivered(&app, 2).await;
        let deliveries = app.manage("GET", "/functions/hook/webhook/deliveries").ok().await;
        let first = deliveries["deliveries"][1]["id"].as_str().unwrap();
        let replay = format!("/functions/hook/webhook/deliveries/{first}/replay");
        assert_eq!(app.manage("POST", &replay).send().await.status, 202);
        let path = format!("/functions/hook/webhook/deliveries/{first}");
        until("the replay is done", async || {
            let now = app.manage("GET", &path).ok().await;
            (now["state"] == "done" && now["attempt"] == 2).then_some(())
        })
        .await;
        let verified =
            app.manage("POST", "/usage/verify").json(json!({ "invocation": invocation })).ok().await;
        assert_eq!(verified["matches"], true, "{verified}");
        let shown = app.manage("GET", "/config").ok().await;
        assert_eq!(shown["auth"]["issuers"].as_array().map(Vec::len), Some(2), "{shown}");
        assert!(node.shutdown().await);

        // Without its key, a value is a platform error, and stays stored.
        rotate::add(&file, KeyPosition::First).unwrap();
        rotate::remove(&file, "k2").unwrap();
        let stranger = Arc::new(KeyRing::of_text(&keys()).unwrap());
        let resealed = Reencryption { store: store.clone(), keyring: stranger }.run_once().await.unwrap();
        assert_eq!(resealed, Reencrypted { reencrypted: 0, undecryptable: 14 });
        assert_eq!(by_key().await, [("k2".to_owned(), 14)]);
        store.close();
        cluster.stop().await;
    });
}
