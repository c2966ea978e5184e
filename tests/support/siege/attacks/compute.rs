//! Computations on the host that take long.

use std::sync::Arc;

use super::{Attack, Field, call_at_once};
use serde_json::json;

pub(super) const ATTACK: Attack = Attack {
    name: "compute",
    does: "derives keys with millions of iterations, more than it waits for",
    run: |field| Box::pin(run(field)),
};

const CODE: &str = "export default async () => {
    const key = await crypto.subtle.importKey('raw', new Uint8Array(8), 'PBKDF2', false, ['deriveBits']);
    const how = { name: 'PBKDF2', hash: 'SHA-512', salt: new Uint8Array(8), iterations: 10_000_000 };
    await Promise.all([1, 2, 3, 4].map(() => crypto.subtle.deriveBits(how, key, 512)));
    return new Response('derived');
}";

async fn run(field: Arc<Field>) {
    let app = field.attacker().await;
    let fields = json!({
        "cpuLimitMs": 300_000, "timeoutMs": 4_000,
        "trigger": { "type": "http", "config": { "auth": "none" } },
    });
    app.deploy_with("derives", CODE, fields).await;
    call_at_once(&app, "derives", 10).await;
}
