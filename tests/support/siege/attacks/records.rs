//! A flood of long records.

use std::sync::Arc;

use super::{Attack, Field, call_at_once};

pub(super) const ATTACK: Attack = Attack {
    name: "records",
    does: "prints as much as a function may in 240 calls",
    run: |field| Box::pin(run(field)),
};

const CODE: &str = "export default () => {
    for (let i = 0; i < 100; i++) console.error('x'.repeat(10000));
    return new Response('done');
}";

async fn run(field: Arc<Field>) {
    let app = field.attacker().await;
    app.deploy("prints", CODE).await;
    for _ in 0..6 {
        call_at_once(&app, "prints", 40).await;
    }
}
