//! Runs steps that the caller proposes for the current schema, in one recorded transaction.

use std::time::Instant;

use tokio_postgres::{Client, Transaction};

use super::{ApplyOutcome, Options, begin, catalog_of, execute, fingerprint};
use crate::catalog::Catalog;
use crate::catalog::write::write;
use crate::error::SchemaError;
use crate::history::{ChangeHistory, HistoryEntry};
use crate::plan::{Plan, Step};

/// A proposed change: its steps, and a trial that is rolled back before the steps are committed.
#[derive(Debug, Clone, Default)]
pub struct ProposedChange {
    /// In order.
    pub steps: Vec<Step>,
    /// Run after them, and rolled back.
    pub trial: Vec<Step>,
}

/// Ask `propose` for the steps that change the current schema, and run them.
///
/// # Errors
/// See [`SchemaError`]. Nothing was changed then.
pub async fn steps(
    client: &mut Client,
    options: &Options,
    history: &ChangeHistory,
    propose: impl FnOnce(&Catalog) -> Result<ProposedChange, SchemaError>,
) -> Result<ApplyOutcome, SchemaError> {
    let begun = Instant::now();
    let mut transaction = client.transaction().await?;
    begin(&transaction, options).await?;
    for sql in [&history.lock, &history.prepare].into_iter().flatten() {
        transaction.batch_execute(sql).await.map_err(|error| execute::lock_failure(error, None, options))?;
    }
    let current = catalog_of(&transaction, options).await?;
    let script = propose(&current)?;
    if script.steps.is_empty() {
        transaction.rollback().await?;
        return Ok(ApplyOutcome {
            fingerprint: fingerprint(&current),
            catalog: current,
            ..ApplyOutcome::default()
        });
    }
    execute::run(&mut transaction, &script.steps, options).await?;
    try_out(&mut transaction, &script.trial, options).await?;
    if let Some(sql) = &history.finish {
        transaction.batch_execute(sql).await?;
    }
    let catalog = catalog_of(&transaction, options).await?;
    let plan = Plan { steps: script.steps };
    let fingerprint = fingerprint(&catalog);
    let took = begun.elapsed();
    let entry = HistoryEntry {
        name: options.name.as_deref(),
        sql: &plan.script(),
        key_id: options.key_id.as_deref(),
        duration_us: i64::try_from(took.as_micros()).unwrap_or(i64::MAX),
        kind: &options.kind,
        schema: write(&catalog, true).to_string(),
        fingerprint: &fingerprint,
        renames: "{}".to_owned(),
    };
    let migration = Some(history.record(&transaction, &entry).await?);
    transaction.commit().await?;
    Ok(ApplyOutcome { plan, catalog, fingerprint, migration, took, ..ApplyOutcome::default() })
}

async fn try_out(
    transaction: &mut Transaction<'_>,
    trial: &[Step],
    options: &Options,
) -> Result<(), SchemaError> {
    let mut savepoint = transaction.savepoint("mayfly_trial").await?;
    execute::run(&mut savepoint, trial, options).await?;
    Ok(savepoint.rollback().await?)
}
