//! Defaults, NULLs and numbering of columns that stay.

use super::super::Work;
use super::numbers;
use super::pairs::pairs;
use crate::catalog::{Column, ConstraintBody};
use crate::plan::{Hazard, Step};
use crate::planning::complete::not_null_check;
use crate::planning::order::Rank;
use crate::planning::render;
use crate::quote::identifier;

pub(super) fn diff(work: &mut Work<'_>, table: &str) {
    for (old, new) in pairs(work, table) {
        if old.generated.is_some() && new.generated.is_none() {
            let sql = render::alter_column(table, &new.name, "DROP EXPRESSION");
            let step = Step::new(sql, format!("keep {:?} of {table:?} as a plain column", new.name));
            work.push(Rank::AlterColumn, step.at(table, &new.name).with(&[Hazard::AccessExclusiveLock]));
        }
        numbers::diff(work, table, &old, &new);
        default(work, table, &old, &new);
        nulls(work, table, &old, &new);
    }
}

fn default(work: &mut Work<'_>, table: &str, old: &Column, new: &Column) {
    // A column that stops or begins to be numbered has its default set by that.
    if old.default == new.default {
        return;
    }
    let (action, description) = match &new.default {
        Some(default) => (
            format!("SET DEFAULT {}", render::operand(default.sql())),
            format!("set the default of {:?} of {table:?}", new.name),
        ),
        None if new.serial.is_some() => return,
        None => ("DROP DEFAULT".to_owned(), format!("drop the default of {:?} of {table:?}", new.name)),
    };
    let sql = render::alter_column(table, &new.name, &action);
    let rank = if new.default.is_some() { Rank::AlterColumn } else { Rank::DropDefault };
    work.push(rank, Step::new(sql, description).at(table, &new.name));
}

fn nulls(work: &mut Work<'_>, table: &str, old: &Column, new: &Column) {
    match (old.nullable, new.nullable) {
        (true, false) if !comes_with_key(work, table, new) => set_not_null(work, table, new),
        (false, true) => {
            let sql = render::alter_column(table, &new.name, "DROP NOT NULL");
            let step = Step::new(sql, format!("allow NULL in {:?} of {table:?}", new.name));
            work.push(Rank::AlterColumn, step.at(table, &new.name));
        }
        (false, false) => drop_check(work, table, new, Rank::AddCheck),
        _ => {}
    }
}

/// A primary key that is added forbids NULL by itself.
fn comes_with_key(work: &Work<'_>, table: &str, column: &Column) -> bool {
    let in_target = work.target.tables.get(table).is_some_and(|it| it.key_columns().contains(&column.name));
    let in_current = work.current.tables.get(table).is_some_and(|it| it.key_columns().contains(&column.name));
    in_target && !in_current && !work.is_online(table)
}

fn set_not_null(work: &mut Work<'_>, table: &str, column: &Column) {
    let name = &column.name;
    let sql = render::alter_column(table, name, "SET NOT NULL");
    let step = Step::new(sql, format!("forbid NULL in {name:?} of {table:?}")).at(table, name);
    if !work.is_online(table) {
        let hazards = [Hazard::FailsIfRowsViolate, Hazard::ScansTable, Hazard::AccessExclusiveLock];
        return work.push(Rank::SetNotNull, step.with(&hazards));
    }
    // A check that is known to hold spares PostgreSQL the scan under the long lock.
    let check = not_null_check(name);
    let existing = work.current.tables.get(table).and_then(|it| it.constraints.get(&check)).cloned();
    if existing.is_none() {
        let clause = format!(
            "ADD CONSTRAINT {} CHECK ({} IS NOT NULL) NOT VALID",
            identifier(&check),
            identifier(name)
        );
        let step = Step::new(
            render::alter(table, &clause),
            format!("forbid NULL in new rows' {name:?} of {table:?}"),
        );
        work.push(Rank::AddCheck, step.at(table, name).with(&[Hazard::AccessExclusiveLock]));
    }
    if existing.is_none_or(|it| !it.validated) {
        let clause = format!("VALIDATE CONSTRAINT {}", identifier(&check));
        let step =
            Step::new(render::alter(table, &clause), format!("look for NULL in {name:?} of {table:?}"));
        let hazards = [Hazard::FailsIfRowsViolate, Hazard::ScansTable];
        work.push(Rank::Outside, step.at(table, name).with(&hazards).outside());
    }
    work.push(Rank::Outside, step.with(&[Hazard::AccessExclusiveLock]).outside());
    let clause = format!("DROP CONSTRAINT {}", identifier(&check));
    let step = Step::new(render::alter(table, &clause), format!("drop the check that {name:?} needed"));
    work.push(Rank::Outside, step.at(table, name).outside());
}

/// What a run that broke off left behind.
fn drop_check(work: &mut Work<'_>, table: &str, column: &Column, rank: Rank) {
    let check = not_null_check(&column.name);
    let is_there = work.current.tables.get(table).and_then(|it| it.constraints.get(&check));
    let is_ours = is_there.is_some_and(|it| matches!(it.body, ConstraintBody::Check(_)))
        && !work.target.tables.get(table).is_some_and(|it| it.constraints.contains_key(&check));
    if is_ours {
        let clause = format!("DROP CONSTRAINT {}", identifier(&check));
        let step =
            Step::new(render::alter(table, &clause), format!("drop the check that {:?} needed", column.name));
        work.push(rank, step.at(table, &column.name));
    }
}
