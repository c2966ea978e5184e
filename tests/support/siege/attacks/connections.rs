//! As many connections as the node takes, and nothing on them.

use std::sync::Arc;

use super::{Attack, Field};
use tokio::net::TcpStream;

pub(super) const ATTACK: Attack = Attack {
    name: "connections",
    does: "opens 600 connections and says nothing",
    run: |field| Box::pin(run(field)),
};

async fn run(field: Arc<Field>) {
    let address = field.victim().client.address();
    let mut held = Vec::new();
    for _ in 0..600 {
        // From an address that is not the victim's.
        held.push(TcpStream::connect(address).await);
    }
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
}
