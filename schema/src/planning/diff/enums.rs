//! Enums: created, given values, recreated, dropped.

use std::collections::BTreeSet;

use super::Work;
use crate::catalog::ConstraintBody;
use crate::plan::{Consent, Hazard, Step};
use crate::planning::mentions::{index_mentions, mentions};
use crate::planning::order::Rank;
use crate::planning::render;
use crate::quote::{NAME_BYTES_MAX, clip, identifier, literal};

pub(super) fn diff(work: &mut Work<'_>) {
    for (name, values) in &work.target.enums {
        match work.current.enums.get(name).cloned() {
            None => add(work, name, values),
            Some(current) if current == *values => {}
            Some(current) if is_within(&current, values) && !work.facts.rebuild_enums => {
                add_values(work, name, &current, values);
            }
            Some(current) => rebuild(work, name, &current, values),
        }
    }
    let gone: Vec<String> =
        work.current.enums.keys().filter(|name| !work.target.enums.contains_key(*name)).cloned().collect();
    for name in gone {
        let step = Step::new(format!("DROP TYPE {}", identifier(&name)), format!("drop enum {name:?}"));
        work.push(Rank::DropEnum, step);
    }
}

fn add(work: &mut Work<'_>, name: &str, values: &[String]) {
    let step = Step::new(render::enumeration(name, values), format!("create enum {name:?}"));
    work.push(Rank::CreateEnum, step);
}

/// Whether the old values are there still, in their order.
fn is_within(old: &[String], new: &[String]) -> bool {
    let mut rest = new.iter();
    old.iter().all(|value| rest.any(|other| other == value))
}

fn add_values(work: &mut Work<'_>, name: &str, old: &[String], new: &[String]) {
    for (place, value) in new.iter().enumerate() {
        if old.contains(value) {
            continue;
        }
        // The value before it exists by now; the first one goes before the first old one.
        let place = match place.checked_sub(1).map(|before| &new[before]) {
            Some(before) => format!("AFTER {}", literal(before)),
            None => old.first().map(|first| format!("BEFORE {}", literal(first))).unwrap_or_default(),
        };
        let sql = format!("ALTER TYPE {} ADD VALUE {} {place}", identifier(name), literal(value));
        work.push(
            Rank::AlterEnum,
            Step::new(sql.trim_end().to_owned(), format!("add {value:?} to enum {name:?}")),
        );
    }
}

/// Values that go or change places: a new type, and every column of the old one becomes one of the new one.
fn rebuild(work: &mut Work<'_>, name: &str, old: &[String], new: &[String]) {
    let retired = format!("{}_retired", clip(name, NAME_BYTES_MAX - "_retired".len()));
    let said = work.declared.enums.get(name);
    let lost: Vec<&String> = old.iter().filter(|value| !new.contains(value)).collect();
    let open = lost.iter().find(|value| said.is_none_or(|said| !said.drop_values.contains(**value)));
    let consent = open.map(|value| {
        let path = format!("{}._dropValues", crate::declare::parse::join_path("enums", name));
        let why = format!("removing {value:?} from enum {name:?} fails for rows that have it");
        Consent { message: format!("{why}: add {value:?} to {path}"), path, add: (*value).clone() }
    });
    release(work, name);
    let step = Step::new(
        format!("ALTER TYPE {} RENAME TO {}", identifier(name), identifier(&retired)),
        format!("set the old enum {name:?} aside"),
    );
    let mut step =
        step.with(if lost.is_empty() { &[] } else { &[Hazard::FailsIfRowsViolate] }).needs(consent);
    step.destructive = !lost.is_empty();
    work.push(Rank::RetireEnum, step);
    add(work, name, new);
    let drop = format!("DROP TYPE {}", identifier(&retired));
    work.push(Rank::DropEnum, Step::new(drop, format!("drop the old enum {name:?}")));
}

/// Take away what names the type in an expression, and let the columns look as if they were of another one.
fn release(work: &mut Work<'_>, name: &str) {
    let tables: BTreeSet<String> = work
        .current
        .tables
        .values()
        .filter(|table| table.columns.iter().any(|c| c.shape.is_enum && c.shape.base == name))
        .map(|table| table.name.clone())
        .collect();
    for table in &tables {
        let Some(current) = work.current.tables.get(table).cloned() else { continue };
        for constraint in current.constraints.values() {
            if let ConstraintBody::Check(text) | ConstraintBody::Exclusion(text) = &constraint.body
                && mentions(text.shown(), name)
            {
                work.drop_constraint(table, &constraint.name);
            }
        }
        for index in current.indexes.values() {
            if index_mentions(&index.index, name) {
                work.drop_index(table, &index.index.name, None);
            }
        }
        for policy in current.rls.policies.keys() {
            work.drop_policy(table, policy);
        }
        if let Some(table) = work.current.tables.get_mut(table) {
            for column in &mut table.columns {
                if column.shape.is_enum && column.shape.base == name {
                    column.ty = format!("retired {}", column.ty);
                }
            }
        }
    }
}
