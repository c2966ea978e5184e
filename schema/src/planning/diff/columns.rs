//! Columns: added, dropped, altered.

mod alter;
mod drop;
mod numbers;
mod pairs;
mod retype;

use super::Work;
use crate::catalog::{Column, Table};
use crate::declare::expression::Expression;
use crate::plan::{Hazard, Step};
use crate::planning::order::Rank;
use crate::planning::render;
use drop::{drop, drop_computed};

pub(super) fn diff(work: &mut Work<'_>) {
    let tables = work.common();
    for name in tables.iter().filter(|name| !work.made.contains(*name)).cloned().collect::<Vec<_>>() {
        drop_left_out(work, &name);
        retype::diff(work, &name);
        add_missing(work, &name);
        alter::diff(work, &name);
    }
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
