//! Operations that are begun and not awaited: the host holds their frames.

use std::sync::Arc;

use super::{Attack, Field, call_at_once};

pub(super) const ATTACK: Attack = Attack {
    name: "operations",
    does: "submits queries and fetches of 16 MiB each, and awaits none",
    run: |field| Box::pin(run(field)),
};

const CODE: &str = "export default async (req, ctx) => {
    const text = 'x'.repeat(16 << 20);
    const all = [];
    for (let i = 0; i < 100; i++) {
        all.push(ctx.db.query('SELECT length($1)', [text]).catch(() => {}));
        all.push(fetch('http://127.0.0.1:9/', { method: 'POST', body: text }).catch(() => {}));
    }
    await Promise.all(all);
    return new Response('done');
}";

async fn run(field: Arc<Field>) {
    let app = field.attacker().await;
    app.deploy("many", CODE).await;
    call_at_once(&app, "many", 16).await;
}
