//! Sandboxes that take all the memory that they may.

use std::sync::Arc;

use super::{Attack, Field, call_at_once};

pub(super) const ATTACK: Attack = Attack {
    name: "sandboxes",
    does: "runs sandboxes that fill 100 MiB each",
    run: |field| Box::pin(run(field)),
};

const CODE: &str = "export default async () => {
    const all = [];
    for (let i = 0; i < 100; i++) all.push(new Uint8Array(1 << 20).fill(i + 1));
    await new Promise((done) => setTimeout(done, 1000));
    return new Response(String(all.length));
}";

async fn run(field: Arc<Field>) {
    let app = field.attacker().await;
    app.deploy("large", CODE).await;
    call_at_once(&app, "large", 64).await;
}
