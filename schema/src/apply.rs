//! Brings a database to a declared schema: in one transaction, proven at its end, recorded in it.

mod after_commit;
mod execute;
mod losses;
mod options;
mod session;
mod steps;

use std::time::Instant;

pub use options::{ApplyOutcome, Options};
pub(crate) use session::{begin, catalog_of};
pub use steps::{ProposedChange, steps};

pub use crate::catalog::fingerprint::fingerprint;

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Transaction};

use crate::catalog::Catalog;
use crate::catalog::introspect::introspect;
use crate::catalog::write::write;
use crate::declare::dsl::Declared;
use crate::error::SchemaError;
use crate::history::{ChangeHistory, HistoryEntry};
use crate::plan::{Plan, Step};
use crate::planning::complete;
use crate::planning::create;
use crate::planning::diff::{Facts, diff};
use crate::planning::normalise::{can_cast, normalise, search_path};
use crate::planning::rename::Renames;
use crate::planning::seed_rows;
use crate::planning::unchanged;
use session::scope;

/// The schema as it is.
///
/// # Errors
/// [`SchemaError::Connection`], [`SchemaError::TooLarge`]
pub async fn read(client: &mut Client, options: &Options) -> Result<Catalog, SchemaError> {
    let transaction = client.transaction().await?;
    begin(&transaction, options).await?;
    let catalog = catalog_of(&transaction, options).await?;
    transaction.rollback().await?;
    Ok(catalog)
}

/// Bring the database to the declared schema, or show what that would take.
///
/// # Errors
/// See [`SchemaError`]. Nothing was changed then, but by steps outside of the transaction.
pub async fn apply(
    client: &mut Client,
    declared: &Declared,
    options: &Options,
    history: &ChangeHistory,
) -> Result<ApplyOutcome, SchemaError> {
    if let Some(key) = history.session_lock {
        after_commit::acquire(client, key, options.lock_timeout).await?;
    }
    let outcome = locked(client, declared, options, history).await;
    if let Some(key) = history.session_lock {
        // A lost connection has let go of it already.
        let _ = client.query_typed("SELECT pg_advisory_unlock($1)", &[(&key, Type::INT8)]).await;
    }
    outcome
}

async fn locked(
    client: &mut Client,
    declared: &Declared,
    options: &Options,
    history: &ChangeHistory,
) -> Result<ApplyOutcome, SchemaError> {
    let mut outcome = match in_transaction(client, declared, options, history, false).await {
        // A value that an enum was just given cannot be used before the end of the transaction.
        Err(SchemaError::Step { failure, .. }) if failure.sqlstate == "55P04" => {
            in_transaction(client, declared, options, history, true).await?
        }
        other => other?,
    };
    if !options.dry_run {
        after_commit::run(client, &outcome.plan, options).await?;
        if let Some(id) = outcome.migration
            && outcome.plan.steps.iter().any(|step| step.outside)
        {
            outcome.catalog = read(client, options).await?;
            outcome.fingerprint = fingerprint(&outcome.catalog);
            history.amend(client, id, &outcome.catalog).await?;
        }
    }
    Ok(outcome)
}

async fn in_transaction(
    client: &mut Client,
    declared: &Declared,
    options: &Options,
    history: &ChangeHistory,
    rebuild_enums: bool,
) -> Result<ApplyOutcome, SchemaError> {
    let begun = Instant::now();
    let mut transaction = client.transaction().await?;
    begin(&transaction, options).await?;
    for sql in [&history.lock, &history.prepare].into_iter().flatten() {
        let waited = transaction.batch_execute(sql).await;
        waited.map_err(|error| execute::lock_failure(error, None, options))?;
    }
    let current = introspect(&transaction, scope(options, false)).await?;
    if unchanged::is_unchanged(&current, declared) {
        transaction.rollback().await?;
        return Ok(ApplyOutcome {
            fingerprint: fingerprint(&current),
            catalog: current,
            ..ApplyOutcome::default()
        });
    }
    let mut outcome = if current.tables.is_empty() && current.enums.is_empty() {
        from_nothing(&mut transaction, declared, options).await?
    } else {
        let facts = Facts { rebuild_enums, online: options.online, ..Facts::default() };
        from_something(&mut transaction, current, declared, options, facts).await?
    };
    outcome.fingerprint = fingerprint(&outcome.catalog);
    outcome.took = begun.elapsed();
    if options.dry_run || outcome.plan.is_empty() {
        transaction.rollback().await?;
        return Ok(outcome);
    }
    if let Some(sql) = &history.finish {
        transaction.batch_execute(sql).await?;
    }
    let renames = outcome.renames.to_node().to_string();
    let entry = HistoryEntry {
        name: options.name.as_deref(),
        sql: &outcome.plan.script(),
        key_id: options.key_id.as_deref(),
        duration_us: i64::try_from(outcome.took.as_micros()).unwrap_or(i64::MAX),
        kind: &options.kind,
        schema: write(&outcome.catalog, true).to_string(),
        fingerprint: &outcome.fingerprint,
        renames,
    };
    outcome.migration = Some(history.record(&transaction, &entry).await?);
    // Constraints that were put off are checked now.
    let last = outcome.plan.steps.last().cloned().unwrap_or_default();
    transaction.commit().await.map_err(|error| execute::failure(error, &last, options))?;
    Ok(outcome)
}

/// The schema is empty: the declaration is created as it is.
async fn from_nothing(
    transaction: &mut Transaction<'_>,
    declared: &Declared,
    options: &Options,
) -> Result<ApplyOutcome, SchemaError> {
    let makings =
        create::structure(declared, create::Naming::AsDeclared).into_iter().chain(create::contents(declared));
    let steps: Vec<Step> = makings.map(|making| making.step).collect();
    if let Err(error) = execute::run(transaction, &steps, options).await {
        // A mistake in the declaration is told by its path.
        normalise(transaction, declared, &options.schema, &search_path(&options.schema, &[])).await?;
        return Err(error);
    }
    let catalog = introspect(transaction, scope(options, true)).await?;
    Ok(ApplyOutcome { plan: Plan { steps }, catalog, ..ApplyOutcome::default() })
}

async fn from_something(
    transaction: &mut Transaction<'_>,
    mut current: Catalog,
    declared: &Declared,
    options: &Options,
    mut facts: Facts,
) -> Result<ApplyOutcome, SchemaError> {
    let renames = Renames::find(&current, declared);
    let mut steps = renames.steps();
    if !renames.is_empty() {
        execute::run(transaction, &steps, options).await?;
        current = introspect(transaction, scope(options, false)).await?;
    }
    let path = search_path(&options.schema, &[]);
    let mut target = normalise(transaction, declared, &options.schema, &path).await?;
    complete::complete(&mut target, &current, declared);
    facts.uncastable = uncastable(transaction, &current, &target, declared).await?;
    let mut planned = diff(&current, &target, declared, &facts);
    let losses = if options.lossless {
        losses::weigh(transaction, [&current, &target], &mut planned, options).await?
    } else {
        Vec::new()
    };
    if !options.dry_run && !losses.is_empty() {
        return Err(SchemaError::Loses(losses));
    }
    let missing = Plan { steps: planned.clone() }.consents();
    if !options.dry_run && !missing.is_empty() {
        return Err(SchemaError::Consent(missing));
    }
    let (later, now): (Vec<Step>, Vec<Step>) = planned.into_iter().partition(|step| step.outside);
    execute::run(transaction, &now, options).await?;
    steps.extend(now);
    steps.extend(execute::seeds(transaction, &target, seed_rows::in_order(declared), options).await?);
    let catalog =
        if steps.is_empty() { current } else { introspect(transaction, scope(options, true)).await? };
    prove(&catalog, &target, declared, &facts, &later)?;
    steps.extend(later);
    Ok(ApplyOutcome { plan: Plan { steps }, catalog, losses, renames, ..ApplyOutcome::default() })
}

/// Types that PostgreSQL cannot make out of the old ones.
async fn uncastable(
    transaction: &mut Transaction<'_>,
    current: &Catalog,
    target: &Catalog,
    declared: &Declared,
) -> Result<std::collections::BTreeSet<(String, String)>, SchemaError> {
    let mut found = std::collections::BTreeSet::new();
    for table in target.tables.values() {
        let Some(old) = current.tables.get(&table.name) else { continue };
        for column in &table.columns {
            let Some(was) = old.column(&column.name).filter(|was| was.ty != column.ty) else { continue };
            let said =
                declared.table(&table.name).and_then(|it| it.columns.iter().find(|c| c.name == column.name));
            // An enum of the same name may not be there yet in its new shape.
            let is_asked = said.is_none_or(|said| said.using.is_none()) && !column.shape.is_enum;
            if is_asked && !can_cast(transaction, &was.ty, &column.ty).await? {
                found.insert((table.name.clone(), column.name.clone()));
            }
        }
    }
    Ok(found)
}

/// Nothing may be left to do, but what is done later anyway.
fn prove(
    after: &Catalog,
    target: &Catalog,
    declared: &Declared,
    facts: &Facts,
    later: &[Step],
) -> Result<(), SchemaError> {
    let left = diff(after, target, declared, facts);
    let differences: Vec<String> = left
        .into_iter()
        .filter(|step| !later.iter().any(|known| known.sql == step.sql))
        .map(|step| step.description)
        .collect();
    if differences.is_empty() { Ok(()) } else { Err(SchemaError::Unproven { differences }) }
}
