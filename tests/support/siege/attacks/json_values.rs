//! Bodies of very many JSON values: a tree of them is a hundred times their length.

use std::sync::Arc;

use super::{Attack, Field};
use bytes::Bytes;
use futures_util::future::join_all;

pub(super) const ATTACK: Attack = Attack {
    name: "json_values",
    does: "applies schemas of 9 MiB of {\"a\":0}",
    run: |field| Box::pin(run(field)),
};

async fn run(field: Arc<Field>) {
    let app = field.attacker().await;
    let body = Bytes::from(format!("{{\"schema\":[{}0]}}", "{\"a\":0},".repeat((9 << 20) / 8)));
    for route in ["/schema/apply", "/sql", "/functions", "/run"] {
        join_all((0..6).map(|_| app.manage("POST", route).body(body.clone()).try_send())).await;
    }
}
