//! Dropping a column, with everything that depends on it.

use super::super::{Work, table_consent};
use crate::catalog::ConstraintBody;
use crate::declare::dsl::Policy;
use crate::plan::{Hazard, Step};
use crate::planning::order::Rank;
use crate::planning::{mentions, render};
use crate::quote::identifier;

/// Drop a column with its values. One that is recreated goes early, so that its name is free.
pub(super) fn drop(work: &mut Work<'_>, table: &str, column: &str, cause: &str, rank: Rank) {
    let agreed = work.declared_table(table).is_some_and(|said| said.drop_columns.contains(column));
    let why = format!("{cause} drops column {column:?} of {table:?} with its values");
    let consent = (!agreed).then(|| table_consent(table, "_dropColumns", column, &why));
    remove(work, table, column);
    let sql = render::alter(table, &format!("DROP COLUMN {}", identifier(column)));
    let step = Step::new(sql, format!("drop column {column:?} of {table:?}")).at(table, column);
    work.push(rank, step.destroys().with(&[Hazard::AccessExclusiveLock]).needs(consent));
}

/// Drop a computed column; where it stays, it is found missing and added again.
pub(super) fn drop_computed(work: &mut Work<'_>, table: &str, column: &str) {
    remove(work, table, column);
    let sql = render::alter(table, &format!("DROP COLUMN {}", identifier(column)));
    let step = Step::new(sql, format!("drop computed column {column:?} of {table:?}")).at(table, column);
    work.push(Rank::DropGenerated, step.with(&[Hazard::AccessExclusiveLock]));
}

/// Removes a column from the current schema, with the dependents that PostgreSQL would drop silently.
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
        .filter(|index| mentions::index_mentions(&index.index, column))
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

fn names_it(body: &ConstraintBody, column: &str) -> bool {
    match body {
        ConstraintBody::Check(text) | ConstraintBody::Exclusion(text) => {
            mentions::mentions(text.shown(), column)
        }
        _ => false,
    }
}

pub(super) fn policy_mentions(policy: &Policy, word: &str) -> bool {
    [&policy.using, &policy.check].into_iter().flatten().any(|text| mentions::mentions(text.shown(), word))
}
