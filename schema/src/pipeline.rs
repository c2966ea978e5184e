//! Pipelining: runs statements one after another without waiting for each answer before the next is sent.

use futures_util::future::join_all;
use tokio_postgres::types::{Json, ToSql, Type};
use tokio_postgres::{Error, Transaction};

use crate::plan::Step;

/// Statements that are in flight at once: their answers have to fit into memory.
const WINDOW: usize = 64;

/// Which one failed, and how. All after it were refused.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) place: usize,
    pub(crate) error: Error,
}

/// Run them all; says how many rows each one touched.
pub(crate) async fn execute<'a>(
    transaction: &Transaction<'_>,
    steps: impl IntoIterator<Item = &'a Step>,
) -> Result<Vec<u64>, Failed> {
    let steps: Vec<&Step> = steps.into_iter().collect();
    let mut counts = Vec::with_capacity(steps.len());
    for window in steps.chunks(WINDOW) {
        let answers = join_all(window.iter().map(|step| one(transaction, step))).await;
        for answer in answers {
            let place = counts.len();
            counts.push(answer.map_err(|error| Failed { place, error })?);
        }
    }
    Ok(counts)
}

/// By the extended protocol, which takes one statement at a time, whatever its text says.
async fn one(transaction: &Transaction<'_>, step: &Step) -> Result<u64, Error> {
    match &step.parameter {
        None => transaction.execute_typed(&step.sql, &[]).await,
        Some(text) => {
            let rows: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
            let parameter = Json(rows);
            transaction.execute_typed(&step.sql, &[(&parameter as &(dyn ToSql + Sync), Type::JSONB)]).await
        }
    }
}
