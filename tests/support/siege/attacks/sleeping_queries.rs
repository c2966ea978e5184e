//! Apps whose queries hold all connections to PostgreSQL, and wait.

use std::sync::Arc;

use super::{Attack, Field, call_at_once};

pub(super) const ATTACK: Attack = Attack {
    name: "sleeping_queries",
    does: "lets queries of four apps sleep over all the connections that they get",
    run: |field| Box::pin(run(field)),
};

const CODE: &str = "export default async (req, ctx) => {
    const sleep = () => ctx.db.query('SELECT pg_sleep(3)').catch(() => {});
    await Promise.all(Array.from({ length: 30 }, sleep));
    return new Response('slept');
}";

async fn run(field: Arc<Field>) {
    let mut apps = Vec::new();
    for _ in 0..4 {
        let app = field.attacker().await;
        app.deploy("sleeps", CODE).await;
        apps.push(app);
    }
    let calls = apps.iter().map(|app| call_at_once(app, "sleeps", 4));
    futures_util::future::join_all(calls).await;
}
