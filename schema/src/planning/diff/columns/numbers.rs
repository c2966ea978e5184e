//! Serials and identities: columns that PostgreSQL numbers.

use super::super::Work;
use crate::catalog::Column;
use crate::plan::{Hazard, Step};
use crate::planning::order::Rank;
use crate::planning::render;
use crate::quote::{NAME_BYTES_MAX, clip, identifier, literal};

pub(super) fn diff(work: &mut Work<'_>, table: &str, old: &Column, new: &Column) {
    match (&old.serial, &new.serial) {
        (Some(sequence), None) => drop_serial(work, table, old, sequence),
        (None, Some(_)) => add_serial(work, table, new),
        _ => {}
    }
    match (old.identity, new.identity) {
        (Some(_), None) => {
            let sql = render::alter_column(table, &new.name, "DROP IDENTITY");
            let step = Step::new(sql, format!("stop numbering {:?} of {table:?}", new.name));
            work.push(Rank::DropDefault, step.at(table, &new.name));
        }
        (None, Some(identity)) => {
            let action = format!("ADD {}", render::generated_as(identity));
            let sql = render::alter_column(table, &new.name, &action);
            let step = Step::new(sql, format!("number {:?} of {table:?}", new.name)).at(table, &new.name);
            work.push(Rank::AddIdentity, step.with(&[Hazard::AccessExclusiveLock]));
            let sequence =
                format!("pg_get_serial_sequence({}, {})", literal(&identifier(table)), literal(&new.name));
            go_on(work, table, &new.name, &sequence);
        }
        (Some(was), Some(identity)) if was != identity => {
            let sql = render::alter_column(
                table,
                &new.name,
                &format!("SET {}", render::generated_as(identity).trim_end_matches(" AS IDENTITY")),
            );
            let step = Step::new(sql, format!("change how {:?} of {table:?} is numbered", new.name));
            work.push(Rank::AlterColumn, step.at(table, &new.name));
        }
        _ => {}
    }
}

fn drop_serial(work: &mut Work<'_>, table: &str, old: &Column, sequence: &str) {
    let sql = render::alter_column(table, &old.name, "DROP DEFAULT");
    let step = Step::new(sql, format!("stop numbering {:?} of {table:?}", old.name));
    work.push(Rank::DropDefault, step.at(table, &old.name));
    let step =
        Step::new(format!("DROP SEQUENCE {}", identifier(sequence)), format!("drop sequence {sequence:?}"));
    work.push(Rank::DropDefault, step.at(table, &old.name));
}

fn add_serial(work: &mut Work<'_>, table: &str, new: &Column) {
    let sequence = free_name(work, table, &new.name);
    let quoted = identifier(&sequence);
    let owner = format!("{}.{}", identifier(table), identifier(&new.name));
    let sql = format!("CREATE SEQUENCE {quoted} AS {} OWNED BY {owner}", new.ty);
    work.push(
        Rank::AddIdentity,
        Step::new(sql, format!("create sequence {sequence:?}")).at(table, &new.name),
    );
    go_on(work, table, &new.name, &literal(&quoted));
    let action = format!("SET DEFAULT nextval({})", literal(&quoted));
    let step = Step::new(
        render::alter_column(table, &new.name, &action),
        format!("number {:?} of {table:?}", new.name),
    );
    work.push(Rank::AddIdentity, step.at(table, &new.name));
}

/// As PostgreSQL would call it, unless another serial has that name.
fn free_name(work: &Work<'_>, table: &str, column: &str) -> String {
    let taken = |name: &str| {
        let mut columns = work.current.tables.values().flat_map(|table| &table.columns);
        columns.any(|column| column.serial.as_deref() == Some(name)) || work.current.tables.contains_key(name)
    };
    let base = format!("{table}_{column}");
    let mut name = format!("{}_seq", clip(&base, NAME_BYTES_MAX - "_seq".len()));
    for number in 1.. {
        if !taken(&name) {
            break;
        }
        let end = format!("_seq{number}");
        name = format!("{}{end}", clip(&base, NAME_BYTES_MAX - end.len()));
    }
    name
}

/// Numbers that are there already are not given again.
fn go_on(work: &mut Work<'_>, table: &str, column: &str, sequence: &str) {
    let sql = format!(
        "SELECT setval({sequence}, greatest(max({}), 0) + 1, false) FROM {}",
        identifier(column),
        identifier(table),
    );
    let step = Step::new(sql, format!("go on from the highest {column:?} of {table:?}")).at(table, column);
    work.push(Rank::AddIdentity, step.with(&[Hazard::ScansTable]));
}
