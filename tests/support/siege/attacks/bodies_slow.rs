//! Bodies that arrive a byte now and then: each holds a place of the node.

use std::sync::Arc;

use super::{Attack, Field};
use crate::app::TestApp;
use futures_util::future::join_all;
use tokio::io::AsyncWriteExt as _;

pub(super) const ATTACK: Attack = Attack {
    name: "bodies_slow",
    does: "sends bodies to a public function a byte a second over 200 connections",
    run: |field| Box::pin(run(field)),
};

const CODE: &str = "export default async (req) => new Response(String((await req.text()).length))";

async fn run(field: Arc<Field>) {
    let app = field.attacker().await;
    app.deploy("echo", CODE).await;
    join_all((0..200).map(|_| drip(&app))).await;
}

async fn drip(app: &TestApp) {
    let head = format!("POST {} HTTP/1.1\r\nhost: a\r\ncontent-length: 60000\r\n\r\n", app.path("/fn/echo"));
    let mut stream = app.client.connect().await;
    let _ = stream.write_all(head.as_bytes()).await;
    for _ in 0..5 {
        let _ = stream.write_all(b"x").await;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
}
