//! Reads a schema out of PostgreSQL's catalogues.
//!
//! Names that the session's `search_path` reaches are written without their schema; so the path decides what an
//! expression looks like, and the caller sets it first.

mod rows;

use std::collections::{BTreeMap, HashMap};

use tokio_postgres::Transaction;
use tokio_postgres::types::{Oid, ToSql, Type};

use crate::catalog::{Catalog, Table, Unmanaged};
use crate::error::SchemaError;

/// What catalogues may hold that is read at once, in bytes of expressions and comments.
const BYTES_MAX: i64 = 32 << 20;

/// What is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IntrospectionScope<'a> {
    /// The schema.
    pub(crate) schema: &'a str,
    /// Schemas whose tables are named without them.
    pub(crate) homes: [&'a str; 2],
    /// Names in it that are left out.
    pub(crate) hidden: &'a [String],
    /// Whether to list what is not described.
    pub(crate) unmanaged: bool,
}

/// Read it.
pub(crate) async fn introspect(
    transaction: &Transaction<'_>,
    scope: IntrospectionScope<'_>,
) -> Result<Catalog, SchemaError> {
    let schema = (&scope.schema as &(dyn ToSql + Sync), Type::TEXT);
    let hidden = (&scope.hidden as &(dyn ToSql + Sync), Type::TEXT_ARRAY);
    let visible = [schema.clone(), hidden.clone()];
    let (tables, enums) = tokio::try_join!(
        transaction.query_typed(include_str!("introspect/tables.sql"), &visible),
        transaction.query_typed(include_str!("introspect/enums.sql"), std::slice::from_ref(&schema)),
    )?;
    let oids: Vec<Oid> = tables.iter().map(|row| row.get(0)).collect();
    let of_tables = (&oids as &(dyn ToSql + Sync), Type::OID_ARRAY);
    check_size(transaction, &of_tables).await?;
    let mut found: HashMap<Oid, Table> =
        tables.iter().map(|row| Ok((row.get(0), rows::table(row)?))).collect::<Result<_, SchemaError>>()?;
    let homes = scope.homes.as_slice();
    let homes = (&homes as &(dyn ToSql + Sync), Type::TEXT_ARRAY);
    let near = [of_tables.clone(), homes];
    let only_tables = std::slice::from_ref(&of_tables);
    let (columns, constraints, indexes, policies) = tokio::try_join!(
        transaction.query_typed(include_str!("introspect/columns.sql"), only_tables),
        transaction.query_typed(include_str!("introspect/constraints.sql"), &near),
        transaction.query_typed(include_str!("introspect/indexes.sql"), only_tables),
        transaction.query_typed(include_str!("introspect/policies.sql"), only_tables),
    )?;
    for row in &columns {
        if let Some(table) = found.get_mut(&row.get(0)) {
            table.columns.push(rows::column(row)?);
        }
    }
    for row in &constraints {
        if let Some(table) = found.get_mut(&row.get(0)) {
            let constraint = rows::constraint(row)?;
            table.constraints.insert(constraint.name.clone(), constraint);
        }
    }
    for row in &indexes {
        if let Some(table) = found.get_mut(&row.get(0)) {
            let index = rows::index(row)?;
            table.indexes.insert(index.index.name.clone(), index);
        }
    }
    for row in &policies {
        if let Some(table) = found.get_mut(&row.get(0)) {
            table.rls.policies.insert(row.try_get(1)?, rows::policy(row)?);
        }
    }
    let unmanaged = if scope.unmanaged {
        unmanaged(transaction, &[schema, of_tables, hidden]).await?
    } else {
        Vec::new()
    };
    let tables: BTreeMap<String, Table> =
        found.into_values().map(|table| (table.name.clone(), table)).collect();
    let enums =
        enums.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<Result<_, SchemaError>>()?;
    Ok(Catalog { tables, enums, unmanaged })
}

async fn check_size(
    transaction: &Transaction<'_>,
    of_tables: &(&(dyn ToSql + Sync), Type),
) -> Result<(), SchemaError> {
    let row = transaction
        .query_typed_one(include_str!("introspect/size.sql"), std::slice::from_ref(of_tables))
        .await?;
    match row.try_get::<_, i64>(0)? {
        bytes if bytes > BYTES_MAX => Err(SchemaError::TooLarge { bytes, limit: BYTES_MAX }),
        _ => Ok(()),
    }
}

async fn unmanaged(
    transaction: &Transaction<'_>,
    params: &[(&(dyn ToSql + Sync), Type)],
) -> Result<Vec<Unmanaged>, SchemaError> {
    let rows = transaction.query_typed(include_str!("introspect/unmanaged.sql"), params).await?;
    rows.iter()
        .map(|row| Ok(Unmanaged { kind: row.try_get(0)?, name: row.try_get(1)?, table: row.try_get(2)? }))
        .collect()
}
