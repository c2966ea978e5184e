//! Servers that are killed, or frozen past their claim, in the middle of a delivery.

use mayfly_control::config::{Config, DatabaseSource};
use mayfly_postgres::Cluster;
use serde_json::{Value, json};
use support::app::{Node, TestApp};
use support::cluster::{self, run};
use support::process::ServerProcess;
use support::wait::until;

use super::{deliveries, delivery, github, in_state, says};

/// Its first attempt waits until the test opens the door.
const HOLD: &str = "export default async (req, ctx) => {
    while (ctx.trigger.attempt === 1) {
        const { rows } = await ctx.db.query('SELECT open FROM door');
        if (rows[0].open) break;
        await ctx.db.query('UPDATE door SET asked = true');
        await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return new Response('attempt ' + ctx.trigger.attempt);
}";

/// A cluster with two servers: a node of this process with an app, and a process of its own.
struct Place {
    cluster: Cluster,
    node: Node,
    app: TestApp,
    server: ServerProcess,
    _directory: tempfile::TempDir,
}

async fn held() -> Place {
    let directory = cluster::directory();
    let cluster = Cluster::start(cluster::config(directory.path())).await.expect("PostgreSQL starts");
    let data = cluster::directory();
    let mut config = Config::loopback(data.path().to_owned());
    config.database = DatabaseSource::Running(cluster.endpoint().clone());
    let node = Node::start_in(data, config, |_| {}).await;
    let app = node.app().await;
    let sql = "CREATE TABLE door (open boolean, asked boolean); INSERT INTO door VALUES (false, false)";
    app.manage("POST", "/sql").json(json!({ "sql": sql })).ok().await;
    app.deploy_with("hook", HOLD, github()).await;
    let asked = "export default async (req, ctx) =>
        Response.json((await ctx.db.query('SELECT asked FROM door')).rows[0].asked)";
    app.deploy("asked", asked).await;
    let server = ServerProcess::start(env!("CARGO_BIN_EXE_server"), cluster.endpoint()).await;
    Place { cluster, node, app, server, _directory: directory }
}

async fn runs(app: &TestApp) {
    until("it runs", async || (app.call("GET", "asked").ok().await == true).then_some(())).await;
}

/// As if the minute of its claim had passed.
async fn let_claim_end(cluster: &Cluster, id: &Value) {
    let admin = cluster.endpoint().admin("mayfly").await.unwrap();
    let sql = "UPDATE webhook_deliveries SET claimed_until = now() - interval '1 s' WHERE id = $1 AND state = 'running'";
    assert_eq!(admin.execute(sql, &[&id.as_str().unwrap()]).await.unwrap(), 1);
}

#[test]
fn a_server_that_is_killed_leaves_a_delivery_that_runs_again() {
    run(async {
        let Place { cluster, node, app, server, _directory } = held().await;
        let sent = delivery(&server.with(&app), "one", "{}");
        let sender = tokio::spawn(async move { sent.send().await });
        runs(&app).await;
        server.kill();
        assert!(sender.await.is_err(), "its connection broke off");
        let running = in_state(&app, "running").await;
        delivery(&app, "one", "{}").fails(409, "IDEMPOTENCY_CONFLICT").await;
        let_claim_end(&cluster, &running["id"]).await;
        assert_eq!(in_state(&app, "failed").await["error"]["code"], "NODE_LOST");
        says(&delivery(&app, "one", "{}").send().await, "attempt 2");
        assert_eq!(delivery(&app, "one", "{}").send().await.json()["duplicate"], true);
        assert!(node.shutdown().await);
        cluster.stop().await;
    });
}

#[test]
fn a_server_that_was_frozen_past_its_claim_changes_nothing_any_more() {
    run(async {
        let Place { cluster, node, app, server, _directory } = held().await;
        let sent = delivery(&server.with(&app), "one", "{}");
        let sender = tokio::spawn(async move { sent.send().await });
        runs(&app).await;
        server.freeze();
        let_claim_end(&cluster, &deliveries(&app).await[0]["id"]).await;
        in_state(&app, "failed").await;
        says(&delivery(&app, "one", "{}").send().await, "attempt 2");
        let done = in_state(&app, "done").await;
        server.go_on();
        let open = json!({ "sql": "UPDATE door SET open = true" });
        app.manage("POST", "/sql").json(open).ok().await;
        says(&sender.await.unwrap(), "attempt 1");
        let mut now = in_state(&app, "done").await;
        now["duplicates"] = done["duplicates"].clone();
        assert_eq!(now, done, "the first attempt's end came too late to count");
        server.kill();
        assert!(node.shutdown().await);
        cluster.stop().await;
    });
}
