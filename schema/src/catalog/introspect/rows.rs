//! Rows of the catalogue queries as objects of the model.

use std::collections::BTreeMap;

use tokio_postgres::Row;

use crate::catalog::{Column, Constraint, ConstraintBody, Table, TableIndex, TypeShape};
use crate::declare::dsl::{
    Action, Deferral, ForeignKey, IdentityKind, Index, IndexKey, Key, KeyTarget, Policy, Rls,
};
use crate::declare::expression::Expression;
use crate::error::SchemaError;

pub(super) fn table(row: &Row) -> Result<Table, SchemaError> {
    let rls = Rls { enabled: row.try_get(2)?, forced: row.try_get(3)?, policies: BTreeMap::new() };
    Ok(Table {
        name: row.try_get(1)?,
        rls,
        comment: row.try_get(4)?,
        rows_estimate: row.try_get(5)?,
        ..Table::default()
    })
}

pub(super) fn column(row: &Row) -> Result<Column, SchemaError> {
    let expression: Option<String> = row.try_get(4)?;
    let is_generated = !row.try_get::<_, &str>(5)?.is_empty();
    let serial: Option<String> = row.try_get(9)?;
    let (default, generated) = match expression.map(Expression::canonical) {
        Some(_) if serial.is_some() => (None, None),
        Some(text) if is_generated => (None, Some(text)),
        other => (other, None),
    };
    let identity = match row.try_get::<_, &str>(6)? {
        "a" => Some(IdentityKind::Always),
        "d" => Some(IdentityKind::ByDefault),
        _ => None,
    };
    Ok(Column {
        name: row.try_get(1)?,
        ty: row.try_get(2)?,
        shape: TypeShape { base: row.try_get(10)?, array: row.try_get(11)?, is_enum: row.try_get(12)? },
        nullable: !row.try_get::<_, bool>(3)?,
        default,
        generated,
        identity,
        collation: row.try_get(7)?,
        comment: row.try_get(8)?,
        serial,
    })
}

pub(super) fn constraint(row: &Row) -> Result<Constraint, SchemaError> {
    let name: String = row.try_get(1)?;
    let columns: Vec<String> = row.try_get(3)?;
    let deferral = deferral(row.try_get(11)?, row.try_get(12)?);
    let key = |columns: Vec<String>| -> Result<Key, SchemaError> {
        let (nulls_not_distinct, include) = (row.try_get(17)?, row.try_get(18)?);
        Ok(Key { name: None, columns, include, nulls_not_distinct, deferral })
    };
    let body = match row.try_get::<_, &str>(2)? {
        "p" => ConstraintBody::Primary(key(columns)?),
        "u" => ConstraintBody::Unique(key(columns)?),
        "c" => ConstraintBody::Check(Expression::canonical(
            row.try_get::<_, Option<String>>(14)?.unwrap_or_default(),
        )),
        "x" => {
            let definition: String = row.try_get(15)?;
            ConstraintBody::Exclusion(Expression::canonical(
                definition.strip_prefix("EXCLUDE ").unwrap_or(&definition),
            ))
        }
        _ => ConstraintBody::Foreign(foreign_key(row, columns, deferral)?, row.try_get(16)?),
    };
    Ok(Constraint { name, named: true, body, validated: row.try_get(13)? })
}

fn foreign_key(row: &Row, columns: Vec<String>, deferral: Deferral) -> Result<ForeignKey, SchemaError> {
    Ok(ForeignKey {
        name: None,
        columns,
        schema: row.try_get(4)?,
        table: row.try_get(5)?,
        references: row.try_get(6)?,
        on_delete: action(row.try_get(7)?),
        on_update: action(row.try_get(8)?),
        on_delete_columns: row.try_get::<_, Option<Vec<String>>>(9)?.unwrap_or_default(),
        match_full: row.try_get(10)?,
        deferral,
        path: String::new(),
    })
}

fn action(code: &str) -> Action {
    match code {
        "r" => Action::Restrict,
        "c" => Action::Cascade,
        "n" => Action::SetNull,
        "d" => Action::SetDefault,
        _ => Action::NoAction,
    }
}

fn deferral(deferrable: bool, deferred: bool) -> Deferral {
    match (deferrable, deferred) {
        (false, _) => Deferral::Never,
        (true, false) => Deferral::Deferrable,
        (true, true) => Deferral::Deferred,
    }
}

pub(super) fn index(row: &Row) -> Result<TableIndex, SchemaError> {
    let keys_count = usize::try_from(row.try_get::<_, i32>(7)?).unwrap_or(0);
    let are_expressions: Vec<bool> = row.try_get(9)?;
    let targets: Vec<String> = row.try_get(10)?;
    let opclasses: Vec<Option<String>> = row.try_get(11)?;
    let collations: Vec<Option<String>> = row.try_get(12)?;
    let options: Vec<i32> = row.try_get(13)?;
    let mut keys = Vec::new();
    let mut include = Vec::new();
    for (place, target) in targets.into_iter().enumerate() {
        if place >= keys_count {
            include.push(target);
            continue;
        }
        let is_expression = are_expressions.get(place).copied().unwrap_or(false);
        let option = options.get(place).copied().unwrap_or(0);
        let descending = option & 1 != 0;
        let nulls_first = option & 2 != 0;
        keys.push(IndexKey {
            target: if is_expression {
                KeyTarget::Expression(Expression::canonical(target))
            } else {
                KeyTarget::Column(target)
            },
            collation: collations.get(place).cloned().flatten(),
            opclass: opclasses.get(place).cloned().flatten(),
            descending,
            nulls_first: (nulls_first != descending).then_some(nulls_first),
        });
    }
    let parameters: Option<Vec<String>> = row.try_get(8)?;
    let index = Index {
        name: row.try_get(1)?,
        keys,
        unique: row.try_get(3)?,
        method: Some(row.try_get(2)?),
        predicate: row.try_get::<_, Option<String>>(6)?.map(Expression::canonical),
        include,
        nulls_not_distinct: row.try_get(5)?,
        parameters: parameters
            .into_iter()
            .flatten()
            .filter_map(|pair| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
            .collect(),
        concurrently: false,
    };
    Ok(TableIndex { index, valid: row.try_get(4)? })
}

pub(super) fn policy(row: &Row) -> Result<Policy, SchemaError> {
    let command = match row.try_get::<_, &str>(2)? {
        "r" => "SELECT",
        "a" => "INSERT",
        "w" => "UPDATE",
        "d" => "DELETE",
        _ => "ALL",
    };
    Ok(Policy {
        command: command.to_owned(),
        restrictive: !row.try_get::<_, bool>(3)?,
        roles: row.try_get::<_, Vec<String>>(4)?.into_iter().collect(),
        using: row.try_get::<_, Option<String>>(5)?.map(Expression::canonical),
        check: row.try_get::<_, Option<String>>(6)?.map(Expression::canonical),
    })
}
