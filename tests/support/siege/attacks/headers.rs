//! Answers with very many, and very long headers.

use std::sync::Arc;

use super::{Attack, Field, call_at_once};

pub(super) const ATTACK: Attack = Attack {
    name: "headers",
    does: "answers 24,572 headers, and one of 16 MiB",
    run: |field| Box::pin(run(field)),
};

const MANY: &str = "export default () => {
    const headers = new Headers();
    for (let i = 0; i < 24572; i++) headers.append('x-' + i, '1');
    return new Response('', { headers });
}";
const LONG: &str = "export default () => new Response('', { headers: { x: 'y'.repeat(16 << 20) } })";

async fn run(field: Arc<Field>) {
    let app = field.attacker().await;
    app.deploy("many", MANY).await;
    app.deploy("long", LONG).await;
    call_at_once(&app, "many", 16).await;
    call_at_once(&app, "long", 30).await;
}
