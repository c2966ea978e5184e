//! Steps that run after the transaction: concurrent indexes, and checks of large tables. Each can be run again.

use std::time::{Duration, Instant};

use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::Options;
use super::execute::failure;
use crate::error::SchemaError;
use crate::plan::{Plan, Step};
use crate::planning::normalise::search_path;
use crate::quote::literal;

/// How often a lock is asked for.
const ASK_EVERY: Duration = Duration::from_millis(20);

/// Wait for the session's lock. It is asked for again and again: a statement that waits inside PostgreSQL would hold a
/// snapshot, and a concurrent build of an index waits for those.
pub(super) async fn acquire(client: &Client, key: i64, patience: Duration) -> Result<(), SchemaError> {
    let begun = Instant::now();
    loop {
        let row = client.query_typed_one("SELECT pg_try_advisory_lock($1)", &[(&key, Type::INT8)]).await?;
        if row.try_get::<_, bool>(0)? {
            return Ok(());
        }
        if begun.elapsed() >= patience {
            let waited_ms = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
            return Err(SchemaError::Locked { table: None, waited_ms });
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

/// Run them one by one, each by itself.
pub(super) async fn run(client: &Client, plan: &Plan, options: &Options) -> Result<(), SchemaError> {
    let steps: Vec<&Step> = plan.steps.iter().filter(|step| step.outside).collect();
    if steps.is_empty() {
        return Ok(());
    }
    let before = settings(client).await?;
    let wanted = [
        search_path(&options.schema, &[]),
        literal(&format!("{}ms", options.lock_timeout.as_millis())),
        // Building an index takes as long as it takes, and blocks no writer.
        "0".to_owned(),
    ];
    set(client, &wanted).await?;
    let mut outcome = Ok(());
    for (done, step) in steps.iter().enumerate() {
        if let Err(error) = client.batch_execute(&step.sql).await {
            let kept = plan.steps.len() - steps.len() + done;
            outcome = Err(match failure(error, step, options) {
                SchemaError::Step { step, failure, .. } => SchemaError::Step { step, failure, kept },
                other => other,
            });
            break;
        }
    }
    set(client, &before.map(|value| if value.is_empty() { "''".to_owned() } else { value })).await?;
    outcome
}

async fn settings(client: &Client) -> Result<[String; 3], SchemaError> {
    let row = client
        .query_typed_one(
            "SELECT current_setting('search_path'), quote_literal(current_setting('lock_timeout')),
                    quote_literal(current_setting('statement_timeout'))",
            &[],
        )
        .await?;
    Ok([row.try_get(0)?, row.try_get(1)?, row.try_get(2)?])
}

async fn set(
    client: &Client,
    [path, lock_timeout, statement_timeout]: &[String; 3],
) -> Result<(), SchemaError> {
    let sql = format!(
        "SET search_path = {path}; SET lock_timeout = {lock_timeout}; SET statement_timeout = {statement_timeout}"
    );
    Ok(client.batch_execute(&sql).await?)
}
