//! Columns: added, dropped, altered.

mod alter;
mod numbers;
mod retype;

use super::{Work, table_consent};
use crate::catalog::{Column, Table};
use crate::declare::expression::Expression;
use crate::plan::{Hazard, Step};
use crate::planning::order::Rank;
use crate::planning::render;
use crate::quote::identifier;

pub(super) fn diff(work: &mut Work<'_>) {
    let tables = work.common();
    for name in tables.iter().filter(|name| !work.made.contains(*name)).cloned().collect::<Vec<_>>() {
        drop_left_out(work, &name);
        retype::diff(work, &name);
        add_missing(work, &name);
        alter::diff(work, &name);
    }
}

/// Both sides of every column that is there and stays.
fn pairs(work: &Work<'_>, table: &str) -> Vec<(Column, Column)> {
    let (Some(old), Some(new)) = (work.current.tables.get(table), work.target.tables.get(table)) else {
        return Vec::new();
    };
    let both = new.columns.iter().filter_map(|column| Some((old.column(&column.name)?, column)));
    both.map(|(old, new)| (old.clone(), new.clone())).collect()
}

fn drop_left_out(work: &mut Work<'_>, table: &str) {
    let (Some(old), Some(new)) = (work.current.tables.get(table), work.target.tables.get(table)) else {
        return;
    };
    let gone: Vec<Column> =
        old.columns.iter().filter(|column| new.column(&column.name).is_none()).cloned().collect();
    for column in gone {
        if column.generated.is_some() {
            // Nothing is lost that could not be computed again.
            drop_computed(work, table, &column.name);
        } else {
            drop(work, table, &column.name, "leaving it out", Rank::DropColumn);
        }
    }
}

/// Drop a column with its values. One that is recreated goes early, so that its name is free.
fn drop(work: &mut Work<'_>, table: &str, column: &str, cause: &str, rank: Rank) {
    let agreed = work.said(table).is_some_and(|said| said.drop_columns.contains(column));
    let why = format!("{cause} drops column {column:?} of {table:?} with its values");
    let consent = (!agreed).then(|| table_consent(table, "_dropColumns", column, &why));
    remove(work, table, column);
    let sql = render::alter(table, &format!("DROP COLUMN {}", identifier(column)));
    let step = Step::new(sql, format!("drop column {column:?} of {table:?}")).at(table, column);
    work.push(rank, step.destroys().with(&[Hazard::AccessExclusiveLock]).needs(consent));
}

/// Drop a computed column; where it stays, it is found missing and added again.
fn drop_computed(work: &mut Work<'_>, table: &str, column: &str) {
    remove(work, table, column);
    let sql = render::alter(table, &format!("DROP COLUMN {}", identifier(column)));
    let step = Step::new(sql, format!("drop computed column {column:?} of {table:?}")).at(table, column);
    work.push(Rank::DropGenerated, step.with(&[Hazard::AccessExclusiveLock]));
}

/// Out of the picture, with what PostgreSQL would take along in silence.
fn remove(work: &mut Work<'_>, table: &str, column: &str) {
    let Some(it) = work.current.tables.get(table) else { return };
    let constraints: Vec<String> = it
        .constraints
        .values()
        .filter(|constraint| {
            constraint.columns().iter().any(|name| name == column) || names_it(&constraint.body, column)
        })
        .map(|constraint| constraint.name.clone())
        .collect();
    let indexes: Vec<String> = it
        .indexes
        .values()
        .filter(|index| crate::planning::mentions::index_mentions(&index.index, column))
        .map(|index| index.index.name.clone())
        .collect();
    let policies: Vec<String> = it
        .rls
        .policies
        .iter()
        .filter(|(_, policy)| policy_mentions(policy, column))
        .map(|(name, _)| name.clone())
        .collect();
    constraints.iter().for_each(|name| work.drop_constraint(table, name));
    indexes.iter().for_each(|name| work.drop_index(table, name, None));
    policies.iter().for_each(|name| work.drop_policy(table, name));
    // Those that point at it rest on a constraint or index that is gone by now.
    if let Some(table) = work.current.tables.get_mut(table) {
        table.columns.retain(|it| it.name != column);
    }
}

fn names_it(body: &crate::catalog::ConstraintBody, column: &str) -> bool {
    match body {
        crate::catalog::ConstraintBody::Check(text) | crate::catalog::ConstraintBody::Exclusion(text) => {
            crate::planning::mentions::mentions(text.shown(), column)
        }
        _ => false,
    }
}

pub(super) fn policy_mentions(policy: &crate::declare::dsl::Policy, word: &str) -> bool {
    [&policy.using, &policy.check]
        .into_iter()
        .flatten()
        .any(|text| crate::planning::mentions::mentions(text.shown(), word))
}

fn add_missing(work: &mut Work<'_>, table: &str) {
    let (Some(old), Some(new)) = (work.current.tables.get(table), work.target.tables.get(table)) else {
        return;
    };
    let missing: Vec<Column> =
        new.columns.iter().filter(|column| old.column(&column.name).is_none()).cloned().collect();
    for column in missing {
        add(work, table, new, &column);
    }
}

fn add(work: &mut Work<'_>, table: &str, target: &Table, column: &Column) {
    let sql = render::alter(table, &format!("ADD COLUMN {}", render::column(&column.declared())));
    let step = Step::new(sql, format!("add column {:?} to {table:?}", column.name)).at(table, &column.name);
    let fills = column.default.is_some() || column.generated.is_some() || is_numbered(column);
    let mut hazards = Vec::new();
    if !fills && (!column.nullable || target.key_columns().contains(&column.name)) {
        hazards.push(Hazard::FailsIfRowsViolate);
    }
    // A constant is remembered once for all old rows; what differs from row to row has to be written.
    let differs = column
        .default
        .as_ref()
        .map(Expression::shown)
        .is_some_and(|text| text.contains('(') && !is_stable(text));
    if column.generated.is_some() || is_numbered(column) || differs {
        hazards.push(Hazard::RewritesTable);
    }
    hazards.push(Hazard::AccessExclusiveLock);
    let rank = if column.generated.is_some() { Rank::AddGenerated } else { Rank::AddColumn };
    work.push(rank, step.with(&hazards));
    if let Some(table) = work.current.tables.get_mut(table) {
        table.columns.push(Column { comment: None, ..column.clone() });
    }
}

fn is_numbered(column: &Column) -> bool {
    column.serial.is_some() || column.identity.is_some()
}

/// Functions that give the same all through a statement.
fn is_stable(default: &str) -> bool {
    ["now()", "transaction_timestamp()", "statement_timestamp()"].contains(&default)
}
