//! Keys, checks, references and exclusions. Constraints are compared by what they say; by name only where the declaration
//! gives one.

use std::collections::BTreeSet;

use super::Work;
use crate::catalog::{Constraint, ConstraintBody};
use crate::plan::{Hazard, Step};
use crate::planning::complete::is_not_null_check;
use crate::planning::order::Rank;
use crate::planning::render;
use crate::quote::{NAME_BYTES_MAX, clip, identifier};

pub(super) fn diff(work: &mut Work<'_>) {
    let tables = work.common();
    // All that goes, first: with a key go the references to it, in whichever table.
    for table in &tables {
        for name in left_over(work, table) {
            work.drop_constraint(table, &name);
        }
    }
    for table in &tables {
        let pairs = matched(work, table);
        let found: BTreeSet<&String> = pairs.iter().map(|(_, wanted)| &wanted.name).collect();
        for (old, wanted) in &pairs {
            keep(work, table, old, wanted);
        }
        let Some(target) = work.target.tables.get(table) else { continue };
        let missing: Vec<Constraint> =
            target.constraints.values().filter(|it| !found.contains(&it.name)).cloned().collect();
        for constraint in missing {
            add(work, table, &constraint);
        }
    }
}

/// Which constraint of those that are there is which of those that are wanted: by name and content, else by content.
fn matched(work: &Work<'_>, table: &str) -> Vec<(Constraint, Constraint)> {
    let (Some(old), Some(new)) = (work.current.tables.get(table), work.target.tables.get(table)) else {
        return Vec::new();
    };
    let mut free: Vec<&Constraint> = old.constraints.values().collect();
    let mut pairs = Vec::new();
    let mut waiting = Vec::new();
    for wanted in new.constraints.values() {
        match free.iter().position(|it| it.name == wanted.name && it.body.same(&wanted.body)) {
            Some(place) => pairs.push((free.swap_remove(place).clone(), wanted.clone())),
            None => waiting.push(wanted),
        }
    }
    for wanted in waiting {
        if let Some(place) = free.iter().position(|it| it.body.same(&wanted.body)) {
            pairs.push((free.swap_remove(place).clone(), wanted.clone()));
        }
    }
    pairs
}

fn left_over(work: &Work<'_>, table: &str) -> Vec<String> {
    let pairs = matched(work, table);
    let kept: BTreeSet<&String> = pairs.iter().map(|(old, _)| &old.name).collect();
    let Some(current) = work.current.tables.get(table) else { return Vec::new() };
    let gone = current.constraints.values().filter(|it| !kept.contains(&it.name));
    // Our own check is dropped once its column is NOT NULL.
    gone.filter(|it| !is_not_null_check(&it.name, &it.body)).map(|it| it.name.clone()).collect()
}

fn keep(work: &mut Work<'_>, table: &str, old: &Constraint, wanted: &Constraint) {
    if wanted.named && old.name != wanted.name {
        rename(work, table, &old.name, &wanted.name);
    }
    if !old.validated && wanted.validated {
        let name = if wanted.named { &wanted.name } else { &old.name };
        validate(work, table, name);
    }
}

/// Names may be traded: one that is taken is come by over a third one.
fn rename(work: &mut Work<'_>, table: &str, from: &str, to: &str) {
    let taken = work.current.tables.get(table).is_some_and(|it| it.constraints.contains_key(to));
    let mut from = from.to_owned();
    if taken {
        let aside = format!("{}_aside", clip(&from, NAME_BYTES_MAX - "_aside".len()));
        push_rename(work, table, &from, &aside, Rank::RenameAside);
        from = aside;
    }
    push_rename(work, table, &from, to, Rank::RenameObject);
}

fn push_rename(work: &mut Work<'_>, table: &str, from: &str, to: &str, rank: Rank) {
    let action = format!("RENAME CONSTRAINT {} TO {}", identifier(from), identifier(to));
    let description = format!("rename constraint {from:?} of {table:?} to {to:?}");
    work.push(rank, Step::new(render::alter(table, &action), description).on(table));
}

fn validate(work: &mut Work<'_>, table: &str, name: &str) {
    let action = format!("VALIDATE CONSTRAINT {}", identifier(name));
    let step =
        Step::new(render::alter(table, &action), format!("check old rows against {name:?} of {table:?}"));
    let step = step.on(table).with(&[Hazard::FailsIfRowsViolate, Hazard::ScansTable]);
    if work.is_online(table) {
        work.push(Rank::Outside, step.outside());
    } else {
        work.push(Rank::Validate, step);
    }
}

fn add(work: &mut Work<'_>, table: &str, wanted: &Constraint) {
    let rank = match wanted.body {
        ConstraintBody::Primary(_) | ConstraintBody::Unique(_) | ConstraintBody::Exclusion(_) => Rank::AddKey,
        ConstraintBody::Check(_) => Rank::AddCheck,
        ConstraintBody::Foreign(..) => Rank::AddForeignKey,
    };
    let later = matches!(wanted.body, ConstraintBody::Check(_) | ConstraintBody::Foreign(..))
        && work.is_online(table);
    // Without a name of its own it gets a free one from PostgreSQL, unless it has to be named again at once.
    let name = if later && !wanted.named { Some(free_name(table, wanted)) } else { None };
    let name = name.or_else(|| wanted.named.then(|| wanted.name.clone()));
    let clause = render::named(name.as_deref(), &render::constraint(&wanted.body));
    let suffix = if later { " NOT VALID" } else { "" };
    let step = Step::new(render::alter(table, &format!("ADD {clause}{suffix}")), describe(table, wanted));
    work.push(rank, step.on(table).with(hazards(work, table, &wanted.body, later)));
    if later {
        validate(work, table, name.as_deref().unwrap_or(&wanted.name));
    }
}

/// A name that depends on the content alone, so that a later run continues one that broke off.
fn free_name(table: &str, wanted: &Constraint) -> String {
    let kind = if matches!(wanted.body, ConstraintBody::Check(_)) { "check" } else { "fkey" };
    let digest = crate::catalog::fingerprint::sha256(&render::constraint(&wanted.body));
    let end = format!("_{}_{kind}", &digest[..8]);
    format!("{}{end}", clip(table, NAME_BYTES_MAX - end.len()))
}

fn describe(table: &str, constraint: &Constraint) -> String {
    match &constraint.body {
        ConstraintBody::Primary(key) => {
            format!("make {} the primary key of {table:?}", key.columns.join(", "))
        }
        ConstraintBody::Unique(key) => format!("make {} of {table:?} unique", key.columns.join(", ")),
        ConstraintBody::Check(expression) => format!("check {} on {table:?}", expression.sql()),
        ConstraintBody::Foreign(key, _) => {
            format!("let {} of {table:?} refer to {:?}", key.columns.join(", "), key.table)
        }
        ConstraintBody::Exclusion(_) => format!("add exclusion {:?} to {table:?}", constraint.name),
    }
}

fn hazards(work: &Work<'_>, table: &str, body: &ConstraintBody, later: bool) -> &'static [Hazard] {
    match body {
        _ if work.is_new(table) => &[],
        ConstraintBody::Foreign(..) if later => &[Hazard::BlocksWrites],
        ConstraintBody::Check(_) if later => &[Hazard::AccessExclusiveLock],
        ConstraintBody::Foreign(..) => {
            &[Hazard::FailsIfRowsViolate, Hazard::ScansTable, Hazard::BlocksWrites]
        }
        _ => &[Hazard::FailsIfRowsViolate, Hazard::ScansTable, Hazard::AccessExclusiveLock],
    }
}
