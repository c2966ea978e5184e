//! Variables that begin alike, and a console of that beginning: each place is compared with all.

use std::sync::Arc;

use super::{Attack, Field, call_at_once};
use serde_json::{Map, Value, json};

pub(super) const ATTACK: Attack = Attack {
    name: "masking",
    does: "prints what 100 variables begin with",
    run: |field| Box::pin(run(field)),
};

const CODE: &str = "export default () => {
    for (let i = 0; i < 25; i++) console.log('a'.repeat(10000));
    return new Response('done');
}";

async fn run(field: Arc<Field>) {
    let app = field.attacker().await;
    let variables: Map<String, Value> = (0..40)
        .map(|number| (format!("V{number}"), format!("{}{number}", "a".repeat(1_400)).into()))
        .collect();
    app.manage("PATCH", "/env").json(json!({ "env": variables })).try_send().await.expect("an answer");
    app.deploy("prints", CODE).await;
    for _ in 0..5 {
        call_at_once(&app, "prints", 6).await;
    }
}
