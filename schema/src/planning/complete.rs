//! Completes the declared schema with what it leaves out and what therefore stays: indexes, policies, comments, enums.

use std::collections::BTreeSet;

use crate::catalog::{Catalog, ConstraintBody, Table};
use crate::declare::dsl::{self, Declared, KeyTarget};
use crate::declare::expression::Expression;
use crate::planning::create;
use crate::planning::mentions::index_mentions;

/// The whole target: what the declaration says, and what it leaves alone.
pub(crate) fn complete(target: &mut Catalog, current: &Catalog, declared: &Declared) {
    for declared in &declared.tables {
        if let Some(table) = target.tables.get_mut(&declared.name) {
            mark_names(table, declared);
            say(table, declared);
            if let Some(current) = current.tables.get(&declared.name) {
                keep(table, current, declared);
            }
        }
    }
    for (name, values) in &current.enums {
        if !declared.drop_enums.contains(name) && !declared.enums.contains_key(name) {
            target.enums.insert(name.clone(), values.clone());
        }
    }
}

/// Beside PostgreSQL's spelling of every expression, the caller's.
pub(crate) fn remember_words(target: &mut Catalog, declared: &Declared) {
    for (place, declared) in declared.tables.iter().enumerate() {
        let Some(table) = target.tables.get_mut(&declared.name) else { continue };
        for column in &mut table.columns {
            let Some(said) = declared.columns.iter().find(|it| it.name == column.name) else { continue };
            remember(&mut column.default, &said.default);
            remember(&mut column.generated, &said.generated);
        }
        for index in declared.indexes.iter().flatten() {
            let Some(found) = table.indexes.get_mut(&index.name) else { continue };
            remember(&mut found.index.predicate, &index.predicate);
            for (key, said) in found.index.keys.iter_mut().zip(&index.keys) {
                if let (KeyTarget::Expression(key), KeyTarget::Expression(said)) =
                    (&mut key.target, &said.target)
                {
                    key.set_declared(said.sql());
                }
            }
        }
        for (name, said) in declared.rls.iter().flat_map(|rls| &rls.policies) {
            let Some(policy) = table.rls.policies.get_mut(name) else { continue };
            remember(&mut policy.using, &said.using);
            remember(&mut policy.check, &said.check);
        }
        for (kind, checks) in [("check", &declared.checks), ("exclusion", &declared.exclusions)] {
            for (number, check) in checks.iter().enumerate() {
                let name = check.name.clone().unwrap_or_else(|| create::placeholder(kind, place, number));
                let found = table.constraints.get_mut(&name).map(|constraint| &mut constraint.body);
                if let Some(ConstraintBody::Check(it) | ConstraintBody::Exclusion(it)) = found {
                    it.set_declared(&check.expression);
                }
            }
        }
    }
}

fn remember(expression: &mut Option<Expression>, said: &Option<Expression>) {
    if let (Some(expression), Some(said)) = (expression, said) {
        expression.set_declared(said.sql());
    }
}

/// Which constraints have names that mean something.
fn mark_names(table: &mut Table, declared: &dsl::DeclaredTable) {
    let keys = declared.primary_key.iter().chain(&declared.uniques).map(|key| &key.name);
    let checks = declared.checks.iter().chain(&declared.exclusions).map(|check| &check.name);
    let foreign = declared.foreign_keys.iter().map(|key| &key.name);
    let names: BTreeSet<&String> = keys.chain(checks).chain(foreign).flatten().collect();
    for constraint in table.constraints.values_mut() {
        constraint.named = names.contains(&constraint.name);
    }
}

/// Comments need no opinion of PostgreSQL's; nor does how an index is built.
fn say(table: &mut Table, declared: &dsl::DeclaredTable) {
    table.comment = declared.comment.clone().filter(|text| !text.is_empty());
    for column in &mut table.columns {
        let said = declared.columns.iter().find(|it| it.name == column.name);
        column.comment = said.and_then(|it| it.comment.clone()).filter(|text| !text.is_empty());
    }
    for index in declared.indexes.iter().flatten() {
        if let Some(found) = table.indexes.get_mut(&index.name) {
            found.index.concurrently = index.concurrently;
        }
    }
}

fn keep(table: &mut Table, current: &Table, declared: &dsl::DeclaredTable) {
    if declared.comment.is_none() {
        table.comment.clone_from(&current.comment);
    }
    for column in &mut table.columns {
        let said = declared.columns.iter().find(|it| it.name == column.name);
        if said.is_some_and(|it| it.comment.is_none()) {
            column.comment = current.column(&column.name).and_then(|column| column.comment.clone());
        }
    }
    if declared.rls.is_none() {
        table.rls.clone_from(&current.rls);
    }
    if declared.indexes.is_none() {
        let gone: Vec<&str> = current
            .columns
            .iter()
            .map(|column| column.name.as_str())
            .filter(|name| table.column(name).is_none())
            .collect();
        // An index over a column that goes, goes with it.
        let stays = current.indexes.iter().filter(|(name, index)| {
            !gone.iter().any(|column| index_mentions(&index.index, column))
                && !declared.drop_indexes.contains(*name)
        });
        let stays: Vec<_> = stays.map(|(name, index)| (name.clone(), index.clone())).collect();
        table.indexes.extend(stays.into_iter().filter(|(_, index)| index.valid));
    }
}

/// The check with which a column of a large table becomes NOT NULL without a long lock.
pub(crate) fn not_null_check(column: &str) -> String {
    let prefix = "mayfly_not_null_";
    format!("{prefix}{}", crate::quote::clip(column, crate::quote::NAME_BYTES_MAX - prefix.len()))
}

/// Whether a constraint is that check of one of the table's columns.
pub(crate) fn is_not_null_check(name: &str, body: &ConstraintBody) -> bool {
    matches!(body, ConstraintBody::Check(text) if text.shown().ends_with("IS NOT NULL)"))
        && name.starts_with("mayfly_not_null_")
}
