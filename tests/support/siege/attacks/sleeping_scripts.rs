//! Scripts that wait: each holds a connection of the administrator's.

use std::sync::Arc;

use super::{Attack, Field};
use futures_util::future::join_all;
use serde_json::json;

pub(super) const ATTACK: Attack = Attack {
    name: "sleeping_scripts",
    does: "runs scripts of six apps that sleep",
    run: |field| Box::pin(run(field)),
};

async fn run(field: Arc<Field>) {
    let mut apps = Vec::new();
    for _ in 0..6 {
        apps.push(field.attacker().await);
    }
    let script = json!({ "sql": "SELECT pg_sleep(4)" });
    let scripts = apps.iter().flat_map(|app| (0..4).map(move |_| app));
    join_all(scripts.map(|app| app.manage("POST", "/sql").json(script.clone()).try_send())).await;
    // The victim's own are in the steady load.
}
