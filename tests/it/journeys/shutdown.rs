//! Shutdown: accepts no new work, finishes running invocations, and writes pending records.

use serde_json::json;
use support::app::{Node, TestApp};
use support::cluster::run;

const SLOW: &str = "export default async (req, ctx) => {
    await ctx.idempotency.claim('started');
    ctx.waitUntil((async () => {
        await new Promise((resolve) => setTimeout(resolve, 400));
        console.log('background is through');
    })());
    await new Promise((resolve) => setTimeout(resolve, 200));
    return new Response('answered');
}";

#[test]
fn running_invocations_and_their_background_are_finished_and_recorded() {
    run(async {
        let app = TestApp::new().await;
        let code = "export default async (req, ctx) =>
            Response.json((await ctx.db.query('SELECT count(*)::int AS n FROM _idempotency_keys')).rows[0].n)";
        app.deploy("claims", code).await;
        app.deploy("slow", SLOW).await;
        let node = Node::start(|_| {}).await;
        let there = app.on(&node);
        let call = tokio::spawn(async move { there.call("GET", "slow").send().await });
        while app.call("GET", "claims").ok().await != json!(1) {
            tokio::task::yield_now().await;
        }
        let client = node.client();
        assert!(node.shutdown().await, "everything was finished");
        assert_eq!(call.await.unwrap().text(), "answered");
        let logs = app.logs("slow").await;
        assert_eq!(logs[0]["consoleLogs"][0]["message"], "background is through");
        assert!(tokio::net::TcpStream::connect(client.address()).await.is_err(), "the listener is closed");
    });
}

#[test]
fn what_takes_longer_than_the_drain_is_cut_and_said() {
    run(async {
        let app = TestApp::new().await;
        let code = "export default async (req, ctx) => {
            await ctx.idempotency.claim('started');
            await new Promise((resolve) => setTimeout(resolve, 20000));
            return new Response('never');
        }";
        app.deploy("slow", code).await;
        let peek = "export default async (req, ctx) =>
            Response.json((await ctx.db.query('SELECT count(*)::int AS n FROM _idempotency_keys')).rows[0].n)";
        app.deploy("claims", peek).await;
        let node = Node::start(|config| config.drain = std::time::Duration::ZERO).await;
        let mut stream = node.client().connect().await;
        let request = format!("GET {} HTTP/1.1\r\nhost: x\r\n\r\n", app.path("/fn/slow"));
        tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
        while app.call("GET", "claims").ok().await != json!(1) {
            tokio::task::yield_now().await;
        }
        assert!(!node.shutdown().await, "it was not finished, and that is not hidden");
    });
}
