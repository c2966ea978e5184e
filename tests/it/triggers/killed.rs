//! A server that is killed in the middle of broadcasts: what it has acknowledged arrives, once and in order.

use serde_json::json;
use support::app::Node;
use support::cluster::{self, run};
use support::process::ServerProcess;

#[test]
fn broadcasts_of_a_killed_server_arrive_as_far_as_they_were_acknowledged() {
    run(async {
        let (own, url) = (cluster::directory(), cluster::own_database().await);
        let storage = own.path().join("storage");
        let node = Node::start_over(&url, &storage).await;
        let app = node.app().await;
        let variables = [("MAYFLY_STORAGE_DIR", storage.to_str().unwrap())];
        let server = ServerProcess::start_with(env!("CARGO_BIN_EXE_server"), &url, &variables).await.unwrap();
        let mut subscriber = app.socket(&app.anon_key).await;
        subscriber.subscribe("room").await;
        let mut publisher = server.with(&app).socket(&app.service_key).await;
        let mut acknowledged = 0;
        let mut server = Some(server);
        for number in 0..u64::MAX {
            let frame = json!({ "type": "publish", "channel": "room", "data": number });
            if publisher.try_send(frame).await.is_none() {
                break;
            }
            match number {
                0..200 => {
                    publisher.next("published").await;
                    acknowledged = number + 1;
                }
                // From here on the answers are not waited for.
                220 => server.take().unwrap().kill(),
                _ => {}
            }
        }
        let last = "export default async (req, ctx) => { await ctx.broadcast('room', 'end'); return new Response() }";
        app.deploy("last", last).await;
        app.call("POST", "last").send().await;
        let mut heard = 0;
        loop {
            let data = subscriber.next("broadcast").await["data"].clone();
            if data == "end" {
                break;
            }
            assert_eq!(data, heard, "each once, in order");
            heard += 1;
        }
        assert!(heard >= acknowledged, "{heard} of {acknowledged}");
        node.shutdown().await;
    });
}
