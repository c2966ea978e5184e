//! Normalises a declaration by PostgreSQL itself: the declared schema is made in a scratch schema, read back, and
//! rolled back.

use tokio_postgres::Transaction;

use crate::catalog::Catalog;
use crate::catalog::introspect::{IntrospectionScope, introspect};
use crate::declare::dsl::Declared;
use crate::declare::expression::Expression;
use crate::declare::parse::{KNOWN_TYPES, ParseError, nearest};
use crate::error::{SchemaError, StepFailure};
use crate::pipeline;
use crate::planning::complete;
use crate::planning::create::{self, Making, Naming};
use crate::quote::{identifier, literal};

/// The declared schema as PostgreSQL writes it. The transaction is afterwards what it was before.
pub(crate) async fn normalise(
    transaction: &mut Transaction<'_>,
    declared: &Declared,
    schema: &str,
    path: &str,
) -> Result<Catalog, SchemaError> {
    let savepoint = transaction.savepoint("mayfly_scratch").await?;
    let scratch = scratch_name(&savepoint).await?;
    open(&savepoint, &scratch, path).await?;
    let makings = create::structure(declared, Naming::All);
    let made = pipeline::execute(&savepoint, makings.iter().map(|making| &making.step)).await;
    if let Err(failed) = made {
        let Some(failure) = StepFailure::of(&failed.error) else {
            return Err(failed.error.into());
        };
        savepoint.rollback().await?;
        let error = explain(transaction, declared, &makings, failed.place, failure, path).await?;
        return Err(SchemaError::Declaration(error));
    }
    let place =
        IntrospectionScope { schema: &scratch, homes: [&scratch, schema], hidden: &[], unmanaged: false };
    let mut catalog = introspect(&savepoint, place).await?;
    savepoint.rollback().await?;
    unqualify(&mut catalog, &scratch, schema);
    complete::remember_words(&mut catalog, declared);
    Ok(catalog)
}

/// A name that is not in use: two sessions never have the same process.
async fn scratch_name(savepoint: &Transaction<'_>) -> Result<String, SchemaError> {
    let row = savepoint.query_typed_one("SELECT pg_catalog.pg_backend_pid()", &[]).await?;
    Ok(format!("_mayfly_scratch_{}", row.try_get::<_, i32>(0)?))
}

async fn open(savepoint: &Transaction<'_>, scratch: &str, path: &str) -> Result<(), SchemaError> {
    let name = identifier(scratch);
    savepoint.batch_execute(&format!("CREATE SCHEMA {name}; SET LOCAL search_path = {name}, {path}")).await?;
    Ok(())
}

/// Find out which bit of the statement it is that PostgreSQL does not like.
async fn explain(
    transaction: &mut Transaction<'_>,
    declared: &Declared,
    makings: &[Making],
    failed: usize,
    failure: StepFailure,
    path: &str,
) -> Result<ParseError, SchemaError> {
    let Some(making) = makings.get(failed) else {
        return Ok(ParseError::new("", failure.to_string()));
    };
    let Some(table) = making.table.and_then(|place| declared.tables.get(place)) else {
        return Ok(mistake(&making.path, &failure, declared));
    };
    let savepoint = transaction.savepoint("mayfly_pieces").await?;
    let scratch = scratch_name(&savepoint).await?;
    open(&savepoint, &scratch, path).await?;
    for making in &makings[..failed] {
        savepoint.batch_execute(&making.step.sql).await?;
    }
    let mut found = None;
    for (sql, at) in create::in_pieces(table) {
        if let Err(error) = savepoint.query_typed(&sql, &[]).await {
            let failure = StepFailure::of(&error).ok_or(error)?;
            found = Some(mistake(&at, &failure, declared));
            break;
        }
    }
    savepoint.rollback().await?;
    Ok(found.unwrap_or_else(|| mistake(&making.path, &failure, declared)))
}

fn mistake(path: &str, failure: &StepFailure, declared: &Declared) -> ParseError {
    let mut message = failure.message.clone();
    for more in [&failure.detail, &failure.hint].into_iter().flatten() {
        message.push_str(&format!(" ({more})"));
    }
    let error = ParseError::new(path, message);
    // undefined_object: of a type, where the path says so.
    if failure.sqlstate == "42704" && path.ends_with("type") {
        let word = failure.message.split('"').nth(1).unwrap_or_default().to_owned();
        let known = KNOWN_TYPES.iter().copied().chain(declared.enums.keys().map(String::as_str));
        return error.suggest(nearest(&word, known));
    }
    error
}

/// A name that PostgreSQL knows too, such as a table called `pg_class`, is written with its schema, which is the
/// scratch one here.
fn unqualify(catalog: &mut Catalog, scratch: &str, schema: &str) {
    let (from, to) = (format!("{scratch}."), format!("{}.", plain(schema)));
    let fix_text = |text: &mut String| {
        if text.contains(&from) {
            *text = text.replace(&from, &to);
        }
    };
    let fix = |expression: &mut Expression| expression.canonical_mut().into_iter().for_each(fix_text);
    for table in catalog.tables.values_mut() {
        for column in &mut table.columns {
            fix_text(&mut column.ty);
            for text in [&mut column.default, &mut column.generated].into_iter().flatten() {
                fix(text);
            }
        }
        for constraint in table.constraints.values_mut() {
            if let crate::catalog::ConstraintBody::Check(text)
            | crate::catalog::ConstraintBody::Exclusion(text) = &mut constraint.body
            {
                fix(text);
            }
        }
        for index in table.indexes.values_mut() {
            index.index.predicate.iter_mut().for_each(fix);
            for key in &mut index.index.keys {
                if let crate::declare::dsl::KeyTarget::Expression(text) = &mut key.target {
                    fix(text);
                }
            }
        }
        for policy in table.rls.policies.values_mut() {
            for text in [&mut policy.using, &mut policy.check].into_iter().flatten() {
                fix(text);
            }
        }
    }
}

/// As PostgreSQL writes a schema's name: quoted only where it must be.
fn plain(schema: &str) -> String {
    let is_plain = schema.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && schema.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if is_plain { schema.to_owned() } else { identifier(schema) }
}

/// `search_path` for a schema, in front of what the session had.
pub(crate) fn search_path(schema: &str, others: &[String]) -> String {
    let mut names = vec![identifier(schema)];
    names.extend(others.iter().filter(|name| *name != schema).map(|name| identifier(name)));
    names.join(", ")
}

/// Whether PostgreSQL can make one type into the other.
pub(crate) async fn can_cast(
    transaction: &mut Transaction<'_>,
    from: &str,
    to: &str,
) -> Result<bool, SchemaError> {
    let savepoint = transaction.savepoint("mayfly_cast").await?;
    let outcome = savepoint.query_typed(&format!("SELECT CAST(CAST(NULL AS {from}) AS {to})"), &[]).await;
    savepoint.rollback().await?;
    match outcome {
        Ok(_) => Ok(true),
        Err(error) if error.as_db_error().is_some() => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// `SET LOCAL name = milliseconds`
pub(crate) fn set_local_ms(name: &str, value: std::time::Duration) -> String {
    format!("SET LOCAL {name} = {}", literal(&format!("{}ms", value.as_millis())))
}
