//! Answers that their callers never read.

use std::sync::Arc;

use super::{Attack, Field};
use tokio::io::AsyncWriteExt as _;

pub(super) const ATTACK: Attack = Attack {
    name: "answers_unread",
    does: "asks for answers of 16 MiB over 150 connections, and reads none",
    run: |field| Box::pin(run(field)),
};

const CODE: &str = "export default () => new Response('x'.repeat(16 << 20))";

async fn run(field: Arc<Field>) {
    let app = field.attacker().await;
    app.deploy("long", CODE).await;
    let request = format!("GET {} HTTP/1.1\r\nhost: a\r\n\r\n", app.path("/fn/long"));
    let mut held = Vec::new();
    for _ in 0..150 {
        let mut stream = app.client.connect().await;
        let _ = stream.write_all(request.as_bytes()).await;
        held.push(stream);
    }
    // As long as those that were answered may hold what was not read.
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
}
