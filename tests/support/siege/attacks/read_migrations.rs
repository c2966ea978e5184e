//! Very many readers of what the administrator's connections answer.

use std::sync::Arc;

use super::{Attack, Field};
use futures_util::future::join_all;
use serde_json::json;

pub(super) const ATTACK: Attack = Attack {
    name: "read_migrations",
    does: "reads the migrations of an app 160 times at once",
    run: |field| Box::pin(run(field)),
};

async fn run(field: Arc<Field>) {
    let app = field.attacker().await;
    let comment = "x".repeat(900 << 10);
    for number in 0..10 {
        let script = format!("CREATE TABLE t{number} (); -- {comment}");
        app.manage("POST", "/sql").json(json!({ "sql": script })).try_send().await.expect("an answer");
    }
    join_all((0..160).map(|_| app.manage("GET", "/migrations").try_send())).await;
}
