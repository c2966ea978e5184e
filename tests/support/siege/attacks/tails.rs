//! Very many live tails.

use std::sync::Arc;

use super::{Attack, Field};
use tokio::io::AsyncWriteExt as _;

pub(super) const ATTACK: Attack =
    Attack { name: "tails", does: "opens 90 live tails of one app", run: |field| Box::pin(run(field)) };

async fn run(field: Arc<Field>) {
    let app = field.attacker().await;
    app.deploy("hi", "export default () => new Response('hi')").await;
    let request = format!(
        "GET {} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\n\r\n",
        app.path("/functions/hi/logs/stream"),
        app.service_key
    );
    let mut held = Vec::new();
    for _ in 0..90 {
        let mut stream = app.client.connect().await;
        let _ = stream.write_all(request.as_bytes()).await;
        held.push(stream);
    }
    let other = field.victim();
    let mut events = other.manage("GET", "/functions/hi/logs/stream").events().await;
    assert!(events.next().await.is_some(), "another app's tail is served");
}
