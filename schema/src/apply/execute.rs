//! Executes steps, and explains the failure of one.

use tokio_postgres::Transaction;

use super::Options;
use crate::catalog::Catalog;
use crate::declare::dsl::DeclaredTable;
use crate::error::{SchemaError, StepFailure};
use crate::pipeline;
use crate::plan::Step;
use crate::planning::render;
use crate::planning::seed_rows;
use crate::quote::identifier;

/// Run them all. After an error the transaction is as it was before them.
pub(super) async fn run(
    transaction: &mut Transaction<'_>,
    steps: &[Step],
    options: &Options,
) -> Result<Vec<u64>, SchemaError> {
    if steps.is_empty() {
        return Ok(Vec::new());
    }
    let savepoint = transaction.savepoint("mayfly_steps").await?;
    let failed = match pipeline::execute(&savepoint, steps).await {
        Ok(counts) => {
            savepoint.commit().await?;
            return Ok(counts);
        }
        Err(failed) => failed,
    };
    if failed.error.as_db_error().is_none() {
        return Err(failed.error.into());
    }
    savepoint.rollback().await?;
    let step = steps.get(failed.place).cloned().unwrap_or_default();
    let mut error = failure(failed.error, &step, options);
    if let SchemaError::Step { failure, .. } = &mut error {
        count_rows(transaction, &step, failure).await;
    }
    Err(error)
}

/// A failure of a step: a lock, or the error of PostgreSQL.
pub(super) fn failure(error: tokio_postgres::Error, step: &Step, options: &Options) -> SchemaError {
    let failure = failure_of(&error);
    if error.as_db_error().is_none() {
        return error.into();
    }
    if failure.is_lock() {
        return lock_failure(error, step.table.clone(), options);
    }
    SchemaError::Step { step: Box::new(step.clone()), failure: Box::new(failure), kept: 0 }
}

pub(super) fn lock_failure(
    error: tokio_postgres::Error,
    table: Option<String>,
    options: &Options,
) -> SchemaError {
    if !failure_of(&error).is_lock() {
        return error.into();
    }
    let waited_ms = u64::try_from(options.lock_timeout.as_millis()).unwrap_or(u64::MAX);
    SchemaError::Locked { table, waited_ms }
}

/// Where NULLs are in the way: how many.
async fn count_rows(transaction: &Transaction<'_>, step: &Step, failure: &mut StepFailure) {
    let (Some(table), Some(column)) = (&step.table, &step.column) else { return };
    if failure.sqlstate != "23502" {
        return;
    }
    // The owner too sees only what policies show, as long as they are forced on it.
    let force = render::alter(table, "NO FORCE ROW LEVEL SECURITY");
    let is_added = step.sql.contains(" ADD COLUMN ");
    let condition = if is_added { String::new() } else { format!(" WHERE {} IS NULL", identifier(column)) };
    let sql = format!("SELECT count(*) FROM {}{condition}", identifier(table));
    if transaction.batch_execute(&force).await.is_err() {
        return;
    }
    let Ok(row) = transaction.query_typed_one(&sql, &[]).await else { return };
    let Ok(rows) = row.try_get::<_, i64>(0) else { return };
    failure.rows = Some(rows);
    failure.table = Some(table.clone());
    failure.column = Some(column.clone());
    let what = if is_added { "get no value" } else { "have no value" };
    failure.message = format!(
        "column {column:?} of {table:?} cannot be NOT NULL: {rows} row{} would {what} in it",
        if rows == 1 { "" } else { "s" }
    );
    failure.hint = Some("give the column a default, or fill it first and forbid NULL then".to_owned());
}

/// Upserts the seed rows. Only statements that changed something are reported.
pub(super) async fn seeds(
    transaction: &mut Transaction<'_>,
    target: &Catalog,
    tables: Vec<&DeclaredTable>,
    options: &Options,
) -> Result<Vec<Step>, SchemaError> {
    let mut changed = Vec::new();
    for table in tables {
        // Policies bind the owner too, and say nothing about the rows that a schema brings along.
        let is_forced = target.tables.get(&table.name).is_some_and(|it| it.rls.enabled && it.rls.forced);
        let force = |word: &str| {
            let sql = render::alter(&table.name, &format!("{word} ROW LEVEL SECURITY"));
            Step::new(
                sql,
                format!("{} row-level security for the rows of {:?}", word.to_lowercase(), table.name),
            )
        };
        let mut steps = seed_rows::steps(table);
        if is_forced {
            steps.insert(0, force("NO FORCE"));
            steps.push(force("FORCE"));
        }
        let counts = run(transaction, &steps, options).await?;
        let of_rows =
            steps.into_iter().zip(counts).filter(|(step, count)| step.parameter.is_some() && *count > 0);
        changed.extend(of_rows.map(|(step, _)| step));
    }
    Ok(changed)
}

fn failure_of(error: &tokio_postgres::Error) -> StepFailure {
    StepFailure::of(error)
        .unwrap_or_else(|| StepFailure { message: error.to_string(), ..StepFailure::default() })
}
