//! One app whose callers fill the queue of the node.

use std::sync::Arc;

use super::{Attack, Field, call_at_once};
use serde_json::json;

pub(super) const ATTACK: Attack = Attack {
    name: "queue",
    does: "lets 400 callers wait for functions that sleep",
    run: |field| Box::pin(run(field)),
};

const CODE: &str = "export default async () => {
    await new Promise((done) => setTimeout(done, 2000));
    return new Response('slept');
}";

async fn run(field: Arc<Field>) {
    let app = field.attacker().await;
    let limits = json!({ "limits": { "queue": 10000, "queue_timeout_ms": 5000 } });
    app.manage("PATCH", "/config").json(limits).ok().await;
    app.deploy("sleeps", CODE).await;
    call_at_once(&app, "sleeps", 200).await;
}
