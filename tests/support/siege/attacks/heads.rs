//! Heads without an end.

use std::sync::Arc;

use super::{Attack, Field};
use tokio::io::AsyncWriteExt as _;

pub(super) const ATTACK: Attack = Attack {
    name: "heads",
    does: "sends 60 KiB of heads without an end over 200 connections",
    run: |field| Box::pin(run(field)),
};

async fn run(field: Arc<Field>) {
    let app = field.attacker().await;
    let head = format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}", "y".repeat(60 << 10));
    let mut held = Vec::new();
    for _ in 0..200 {
        let mut stream = app.client.connect().await;
        let _ = stream.write_all(head.as_bytes()).await;
        held.push(stream);
    }
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
}
