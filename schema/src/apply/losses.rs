//! Losses: destructive steps are checked against the data. An empty table, or a column without values, is no loss.

use std::collections::BTreeSet;

use tokio_postgres::Transaction;

use super::Options;
use super::execute::failure;
use crate::catalog::{Catalog, Column};
use crate::error::SchemaError;
use crate::plan::{Hazard, Loss, Step};
use crate::planning::render;
use crate::quote::identifier;

/// Take the mark off every step that loses nothing; says what the others lose. The tables stay locked, so that no session
/// writes a row between the look and the step.
pub(super) async fn weigh(
    transaction: &mut Transaction<'_>,
    [current, target]: [&Catalog; 2],
    steps: &mut [Step],
    options: &Options,
) -> Result<Vec<Loss>, SchemaError> {
    lock(transaction, steps, options).await?;
    let mut losses = Vec::new();
    for step in steps.iter_mut().filter(|step| step.consent.is_some()) {
        step.consent = None;
        let found = match question(current, target, step, options) {
            Some(question) => ask(transaction, question, step).await?,
            // An index is made again, and rows that have a value which an enum loses make that fail.
            None => None,
        };
        match found {
            Some(loss) => losses.push(loss),
            None => {
                step.destructive = false;
                step.hazards.retain(|hazard| !matches!(hazard, Hazard::DeletesData | Hazard::ChangesData));
            }
        }
    }
    Ok(losses)
}

/// Always in the order of their names, so that two who do so cannot stand in each other's way.
async fn lock(transaction: &Transaction<'_>, steps: &[Step], options: &Options) -> Result<(), SchemaError> {
    let weighed = steps.iter().filter(|step| step.consent.is_some());
    let tables: BTreeSet<&String> = weighed.filter_map(|step| step.table.as_ref()).collect();
    for table in tables {
        let sql = format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", place(table, options));
        let step = Step::new(sql, format!("lock table {table:?}")).on(table);
        let locked = transaction.batch_execute(&step.sql).await;
        locked.map_err(|error| failure(error, &step, options))?;
    }
    Ok(())
}

/// How many rows lose something, and what that is.
struct LossQuery {
    count: String,
    table: String,
    column: Option<String>,
    what: String,
}

fn question(current: &Catalog, target: &Catalog, step: &Step, options: &Options) -> Option<LossQuery> {
    let name = step.table.as_ref()?;
    let table = current.tables.get(name)?;
    let place = place(name, options);
    let Some(column) = &step.column else {
        return step.hazards.contains(&Hazard::DeletesData).then(|| LossQuery {
            count: format!("SELECT count(*) FROM {place}"),
            table: name.clone(),
            column: None,
            what: format!("table {name:?}"),
        });
    };
    let old = table.column(column)?;
    let of = format!("{column:?} of {name:?}");
    let (count, what) = if step.hazards.contains(&Hazard::DeletesData) {
        (count_values(&place, old), format!("the values of column {of}"))
    } else {
        let new = target.tables.get(name)?.column(column)?;
        (count_changed(&place, old, new), format!("what {} cannot hold of column {of}", new.ty))
    };
    Some(LossQuery { count, table: name.clone(), column: Some(column.clone()), what })
}

fn place(table: &str, options: &Options) -> String {
    format!("{}.{}", identifier(&options.schema), identifier(table))
}

/// Values that are not what the column's default would give again.
fn count_values(place: &str, column: &Column) -> String {
    let name = identifier(&column.name);
    let Some(default) = &column.default else {
        return format!("SELECT count(*) FROM {place} t WHERE t.{name} IS NOT NULL");
    };
    // Evaluated once: what differs with every row is a value of that row.
    format!(
        "WITH mayfly_default AS MATERIALIZED (SELECT CAST({} AS {})::text AS value)
         SELECT count(*) FROM {place} t, mayfly_default d WHERE t.{name}::text IS DISTINCT FROM d.value AND t.{name} IS NOT NULL",
        render::operand(default.sql()),
        column.ty,
    )
}

/// Values that do not come back when they go to the new type and return.
fn count_changed(place: &str, old: &Column, new: &Column) -> String {
    let name = identifier(&old.name);
    format!(
        "SELECT count(*) FROM {place} t
         WHERE CAST(CAST(t.{name} AS {}) AS {})::text IS DISTINCT FROM t.{name}::text",
        new.ty, old.ty,
    )
}

async fn ask(
    transaction: &mut Transaction<'_>,
    question: LossQuery,
    step: &Step,
) -> Result<Option<Loss>, SchemaError> {
    let LossQuery { count, table, column, what } = question;
    let savepoint = transaction.savepoint("mayfly_losses").await?;
    // The owner too sees only what policies show, as long as they are forced on it.
    let force =
        format!("{}; SET LOCAL row_security = off", render::alter(&table, "NO FORCE ROW LEVEL SECURITY"));
    let counted = match savepoint.batch_execute(&force).await {
        Ok(()) => savepoint.query_typed_one(&count, &[]).await,
        Err(error) => Err(error),
    };
    savepoint.rollback().await?;
    match counted {
        Ok(row) => Ok(match row.try_get(0)? {
            0 => None,
            rows => {
                let joined = if column.is_none() { "with" } else { "in" };
                let message = format!("{what} {joined} {rows} row{}", if rows == 1 { "" } else { "s" });
                Some(Loss { table, column, rows: Some(rows), message })
            }
        }),
        // What cannot be converted at all.
        Err(error) => match error.as_db_error() {
            Some(said) => {
                let message = format!("{what} ({}: {})", step.description, said.message());
                Ok(Some(Loss { table, column, rows: None, message }))
            }
            None => Err(error.into()),
        },
    }
}
