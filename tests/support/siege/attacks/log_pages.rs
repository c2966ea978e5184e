//! Pages of long records, many at once.

use std::sync::Arc;

use super::{Attack, Field, call_at_once};
use futures_util::future::join_all;

pub(super) const ATTACK: Attack = Attack {
    name: "log_pages",
    does: "prints as much as a function may, and reads pages of it 24 at once",
    run: |field| Box::pin(run(field)),
};

const CODE: &str = "export default () => {
    for (let i = 0; i < 100; i++) console.log('\u{1f980}'.repeat(10000));
    return new Response('done');
}";

async fn run(field: Arc<Field>) {
    let app = field.attacker().await;
    app.deploy("prints", CODE).await;
    for _ in 0..4 {
        call_at_once(&app, "prints", 20).await;
    }
    let page = || app.manage("GET", "/functions/prints/logs?limit=1000").try_send();
    join_all((0..24).map(|_| page())).await;
}
