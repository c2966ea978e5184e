//! Changes of type, and the dependents (policies, defaults, computed columns) that would block them.

use super::super::types::{self, TypeChange};
use super::super::{Work, table_consent};
use super::drop::{drop, drop_computed, policy_mentions};
use super::pairs::pairs;
use crate::catalog::{Column, ConstraintBody};
use crate::plan::{Consent, Hazard, Step};
use crate::planning::mentions;
use crate::planning::order::Rank;
use crate::planning::render;
use crate::quote::identifier;

pub(super) fn diff(work: &mut Work<'_>, table: &str) {
    for (old, new) in pairs(work, table) {
        if old.generated.is_some()
            && (old.generated != new.generated && new.generated.is_some() || has_new_type(&old, &new))
        {
            drop_computed(work, table, &new.name);
        } else if old.generated.is_none() && new.generated.is_some() {
            drop(work, table, &new.name, "computing it", Rank::DropGenerated);
        } else if !has_new_type(&old, &new) {
            continue;
        } else if work.facts.uncastable.contains(&(table.to_owned(), new.name.clone())) {
            let cause = format!(
                "PostgreSQL cannot make {} out of {} by itself (\"using\" can say how); recreating it",
                new.ty, old.ty
            );
            drop(work, table, &new.name, &cause, Rank::DropGenerated);
        } else {
            alter(work, table, &old, &new);
        }
    }
}

fn has_new_type(old: &Column, new: &Column) -> bool {
    old.ty != new.ty || old.collation != new.collation
}

fn alter(work: &mut Work<'_>, table: &str, old: &Column, new: &Column) {
    let retired = old.ty.strip_prefix("retired ");
    let kind = match retired {
        Some(name) if name == new.ty => TypeChange::Widens { rewrites: true },
        _ => types::change(&old.ty, &new.ty),
    };
    let said = work.declared_table(table).and_then(|said| said.columns.iter().find(|it| it.name == new.name));
    let using = said.and_then(|said| said.using.clone());
    let agreed = using.is_some()
        || work.declared_table(table).is_some_and(|said| said.drop_columns.contains(&new.name));
    let consent =
        (!matches!(kind, TypeChange::Widens { .. }) && !agreed).then(|| consent(table, old, new, kind));
    release(work, table, old, new);
    let column = identifier(&new.name);
    let using = using.or_else(|| match retired {
        Some(_) if new.shape.array => Some(format!("{column}::text[]::{}", new.ty)),
        Some(_) => Some(format!("{column}::text::{}", new.ty)),
        None => types::conversion(&column, &old.ty, &new.ty),
    });
    let mut action =
        format!("ALTER COLUMN {column} TYPE {}", render::typed(&new.ty, new.collation.as_deref()));
    if let Some(using) = using {
        action.push_str(&format!(" USING ({using})"));
    }
    let shown = retired.unwrap_or(&old.ty);
    let description = if old.ty == new.ty {
        format!("change the collation of {:?} of {table:?}", new.name)
    } else {
        format!("change {:?} of {table:?} from {shown} to {}", new.name, new.ty)
    };
    let mut step = Step::new(render::alter(table, &action), description).at(table, &new.name);
    step.destructive = !matches!(kind, TypeChange::Widens { .. });
    work.push(Rank::AlterType, step.with(&hazards(kind)).needs(consent));
    keep_numbers(work, table, old, new);
}

fn consent(table: &str, old: &Column, new: &Column, kind: TypeChange) -> Consent {
    let what = match kind {
        TypeChange::Zone => "depends on the session's time zone",
        _ => "may lose values",
    };
    let why = format!(
        "changing {:?} of {table:?} from {} to {} {what}; say how with \"using\", or accept it",
        new.name, old.ty, new.ty
    );
    table_consent(table, "_dropColumns", &new.name, &why)
}

fn hazards(kind: TypeChange) -> Vec<Hazard> {
    match kind {
        TypeChange::Widens { rewrites: false } => vec![Hazard::AccessExclusiveLock],
        TypeChange::Widens { rewrites: true } => vec![Hazard::RewritesTable, Hazard::AccessExclusiveLock],
        TypeChange::Narrows => vec![
            Hazard::ChangesData,
            Hazard::FailsIfRowsViolate,
            Hazard::RewritesTable,
            Hazard::AccessExclusiveLock,
        ],
        TypeChange::Zone => vec![
            Hazard::ChangesData,
            Hazard::DependsOnTimeZone,
            Hazard::RewritesTable,
            Hazard::AccessExclusiveLock,
        ],
    }
}

/// PostgreSQL takes indexes and checks along by itself. It does not do so with policies and computed columns, nor
/// with a default of another type, nor with references between types that do not compare.
fn release(work: &mut Work<'_>, table: &str, old: &Column, new: &Column) {
    release_policies(work, table, &old.name);
    let Some(current) = work.current.tables.get(table).cloned() else { return };
    for column in &current.columns {
        if column.generated.as_ref().is_some_and(|text| mentions::mentions(text.shown(), &old.name)) {
            drop_computed(work, table, &column.name);
        }
    }
    if !types::are_kin(&old.ty, &new.ty) {
        release_references(work, table, &old.name);
        release_default(work, table, old);
    }
}

fn release_policies(work: &mut Work<'_>, table: &str, column: &str) {
    let mut found = Vec::new();
    for (name, it) in &work.current.tables {
        let word = if name == table { column } else { table };
        let policies = it.rls.policies.iter().filter(|(_, policy)| policy_mentions(policy, word));
        found.extend(policies.map(|(policy, _)| (name.clone(), policy.clone())));
    }
    for (table, policy) in found {
        work.drop_policy(&table, &policy);
    }
}

fn release_references(work: &mut Work<'_>, table: &str, column: &str) {
    let mut found = Vec::new();
    for (name, it) in &work.current.tables {
        for constraint in it.constraints.values() {
            let ConstraintBody::Foreign(key, _) = &constraint.body else { continue };
            let from_here = name == table && key.columns.iter().any(|it| it == column);
            let to_here =
                key.schema.is_none() && key.table == table && key.references.iter().any(|it| it == column);
            if from_here || to_here {
                found.push((name.clone(), constraint.name.clone()));
            }
        }
    }
    for (table, name) in found {
        work.drop_constraint(&table, &name);
    }
}

fn release_default(work: &mut Work<'_>, table: &str, old: &Column) {
    if old.default.is_none() {
        return;
    }
    let sql = render::alter_column(table, &old.name, "DROP DEFAULT");
    let step = Step::new(sql, format!("set the default of {:?} of {table:?} aside", old.name));
    work.push(Rank::DropDefault, step.at(table, &old.name));
    if let Some(table) = work.current.tables.get_mut(table) {
        for column in table.columns.iter_mut().filter(|column| column.name == old.name) {
            column.default = None;
        }
    }
}

/// The sequence of a serial counts as far as its column can.
fn keep_numbers(work: &mut Work<'_>, table: &str, old: &Column, new: &Column) {
    if let (Some(sequence), Some(_)) = (&old.serial, &new.serial)
        && old.ty != new.ty
    {
        let sql = format!("ALTER SEQUENCE {} AS {}", identifier(sequence), new.ty);
        let step = Step::new(sql, format!("let sequence {sequence:?} count as {}", new.ty));
        work.push(Rank::AlterColumn, step.at(table, &new.name));
    }
}
