//! The bounds of the ledger: how many deliveries may wait, and how much is kept for how long.

use std::time::Duration;

use chrono::{Days, Utc};
use mayfly_api::triggers::WebhookProvider;
use mayfly_control::config::{Config, DatabaseSource};
use mayfly_postgres::Cluster;
use mayfly_store::{DeliveryClaim, DeliveryOutcome, DeliveryStart, NewDelivery, Store, StoreConfig};
use support::app::Node;
use support::cluster::{self, run};
use support::wait::until;

use super::{ECHO, delivery, github};

fn new<'a>(function_id: &'a str, id: &'a str, start: DeliveryStart<'a>) -> NewDelivery<'a> {
    NewDelivery {
        id,
        function_id,
        provider: WebhookProvider::Github,
        provider_id: Some(id),
        body_digest: None,
        body_bytes: 0,
        sealed: "v1.k1.AAAA.AAAA",
        retries: 0,
        backoff_seconds: 0,
        retention_days: 1,
        start,
    }
}

#[test]
fn what_waits_and_what_is_kept_is_bounded() {
    run(async {
        // Of its own: it deletes what is old.
        let directory = cluster::directory();
        let cluster = Cluster::start(cluster::config(directory.path())).await.expect("PostgreSQL starts");
        let endpoint = cluster.endpoint().clone();
        let data = cluster::directory();
        let mut config = Config::loopback(data.path().to_owned());
        config.database = DatabaseSource::Running(endpoint.clone());
        let node = Node::start_in(data, config, |_| {}).await;
        let app = node.app().await;
        app.deploy_with("hook", ECHO, github()).await;
        for id in ["one", "two", "three", "four"] {
            assert_eq!(delivery(&app, id, "x".repeat(1_000)).send().await.status, 201);
        }
        let function = app.manage("GET", "/functions/hook").ok().await["id"].as_str().unwrap().to_owned();
        assert!(node.shutdown().await);
        let store = Store::connect(StoreConfig::new(endpoint)).await.unwrap();
        let table = store.webhooks();
        let kept = async || {
            let query = mayfly_store::DeliveryQuery { limit: 100, before: None, state: None };
            let all = table.list(&app.id, "hook", query).await.unwrap().deliveries;
            all.into_iter().map(|one| (one.provider_id.unwrap(), one.has_body)).collect::<Vec<_>>()
        };
        let some = |rows: &[(&str, bool)]| {
            rows.iter().map(|(id, has_body)| ((*id).to_owned(), *has_body)).collect::<Vec<_>>()
        };
        // A body of 1,000 bytes counts as 2,024.
        table.tidy(Utc::now(), 4, 4 * 2_024).await.unwrap();
        assert_eq!(kept().await, some(&[("four", true), ("three", true), ("two", true), ("one", true)]));
        table.tidy(Utc::now(), 3, 2 * 2_024).await.unwrap();
        assert_eq!(kept().await, some(&[("four", true), ("three", true), ("two", false)]));

        // A third that waits is one too many; one whose id is known is no other.
        let later = DeliveryStart::Later { waiting_max: 2 };
        for (id, is_kept) in [("w1", true), ("w1", false), ("w2", true), ("w3", false)] {
            assert_eq!(table.insert(&new(&function, id, later)).await.unwrap().is_some(), is_kept, "{id}");
        }
        let days = |days: u64| Utc::now().checked_add_days(Days::new(days)).unwrap();
        table.tidy(days(29), 100, 1 << 20).await.unwrap();
        assert_eq!(kept().await.len(), 5, "30 days unless the trigger says otherwise");
        table.tidy(days(31), 100, 0).await.unwrap();
        assert_eq!(kept().await, some(&[("w2", true), ("w1", true)]), "what waits is never dropped");

        // A node that lost its claim settles nothing; another takes what it had.
        let claim = |node: &'static str, lease: u64| DeliveryClaim {
            node,
            limit: 10,
            per_app: 1,
            full_apps: &[],
            lease: Duration::from_secs(lease),
        };
        let first = table.claim(claim("node_a", 0)).await.unwrap();
        assert_eq!((first.len(), first[0].id.as_str(), first[0].attempt), (1, "w1", 1), "apps take turns");
        until("its lease has ended", async || (table.expire().await.unwrap() == 1).then_some(())).await;
        let outcome = |attempt| DeliveryOutcome {
            id: "w1".to_owned(),
            attempt,
            invocation_id: None,
            status: Some(200),
            error: None,
            is_final: false,
        };
        assert_eq!(table.settle("node_a", &[outcome(1)]).await.unwrap(), 0);
        let lost = table.get(&app.id, "hook", "w1").await.unwrap().unwrap();
        assert_eq!((lost.state.as_str(), lost.error.unwrap().0.as_str()), ("dead", "NODE_LOST"));
        table.replay(&app.id, "hook", "w1").await.unwrap();
        let again = table.claim(DeliveryClaim { per_app: 10, ..claim("node_b", 60) }).await.unwrap();
        assert_eq!(again.iter().map(|one| (one.id.as_str(), one.attempt)).max(), Some(("w2", 1)));
        assert_eq!(table.settle("node_a", &[outcome(1), outcome(2)]).await.unwrap(), 0, "another's");
        assert_eq!(table.settle("node_b", &[outcome(1)]).await.unwrap(), 0, "an older attempt");
        assert_eq!(table.settle("node_b", &[outcome(2)]).await.unwrap(), 1);
        let done = table.get(&app.id, "hook", "w1").await.unwrap().unwrap();
        assert_eq!((done.state.as_str(), done.attempt, done.replays), ("done", 2, 1));
        store.close();
        cluster.stop().await;
    });
}
