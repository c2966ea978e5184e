//! Answers of very many JSON values to test calls.

use std::sync::Arc;

use super::{Attack, Field};
use futures_util::future::join_all;
use serde_json::json;

pub(super) const ATTACK: Attack = Attack {
    name: "invoke_answers",
    does: "makes test calls whose answers are 28 MiB of empty arrays",
    run: |field| Box::pin(run(field)),
};

const CODE: &str = "export default () =>
    new Response('[' + '[],'.repeat(9 << 20) + '0]', { headers: { 'content-type': 'application/json' } })";

async fn run(field: Arc<Field>) {
    let app = field.attacker().await;
    app.deploy("arrays", CODE).await;
    let invoke = || app.manage("POST", "/functions/arrays/invoke").json(json!({})).try_send();
    join_all((0..8).map(|_| invoke())).await;
}
