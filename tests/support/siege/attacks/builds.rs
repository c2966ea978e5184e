//! Very many deploys at once.

use std::sync::Arc;

use super::{Attack, Field};
use futures_util::future::join_all;
use serde_json::json;

use crate::app::deploy_body;

pub(super) const ATTACK: Attack =
    Attack { name: "builds", does: "deploys 40 functions at once", run: |field| Box::pin(run(field)) };

async fn run(field: Arc<Field>) {
    let app = field.attacker().await;
    let code = format!("{}\nexport default () => new Response('')", "if (1) ;".repeat(1_000));
    let deploy = |number: usize| {
        let body = deploy_body(&format!("f{number}"), &code, json!({ "trigger": { "type": "http" } }));
        app.manage("POST", "/functions").json(body).try_send()
    };
    join_all((0..40).map(deploy)).await;
}
