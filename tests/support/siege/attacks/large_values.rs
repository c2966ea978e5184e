//! Statements that build values of very many bytes in PostgreSQL.

use std::sync::Arc;

use super::{Attack, Field, call_at_once};

pub(super) const ATTACK: Attack = Attack {
    name: "large_values",
    does: "builds values of 250 MB in 16 statements at once",
    run: |field| Box::pin(run(field)),
};

const CODE: &str = "export default async (req, ctx) => {
    const terms = Array.from({ length: 8 }, () => `length(repeat('x', 250000000) || random()::text)`).join(' + ');
    await ctx.db.query(`SELECT ${terms}`).catch(() => {});
    return new Response('built');
}";

async fn run(field: Arc<Field>) {
    let app = field.attacker().await;
    app.deploy("builds", CODE).await;
    call_at_once(&app, "builds", 16).await;
}
