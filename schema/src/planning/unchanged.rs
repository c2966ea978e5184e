//! The shortcut for a declaration that matches the catalogue word for word: then PostgreSQL need not normalise it.
//!
//! Only ever a shortcut: a declaration that differs in spelling alone goes the long way, with the same result.

use crate::catalog::Catalog;
use crate::catalog::write::write;
use crate::declare::dsl::{Check, Declared, DeclaredColumn, DeclaredTable, Key};
use crate::declare::parse::{Rules, canonical_type};

pub(crate) fn is_unchanged(current: &Catalog, declared: &Declared) -> bool {
    let Ok(there) = Declared::parse(&write(current, true), &Rules::default()) else { return false };
    if there.tables.len() != declared.tables.len()
        || !declared.drop_enums.is_disjoint(&there.enums.keys().cloned().collect())
    {
        return false;
    }
    let enums = declared
        .enums
        .iter()
        .all(|(name, it)| there.enums.get(name).is_some_and(|old| old.values == it.values));
    enums
        && declared.tables.iter().all(|table| {
            table.seed.is_empty() && there.table(&table.name).is_some_and(|old| is_same(old, table))
        })
}

fn is_same(there: &DeclaredTable, said: &DeclaredTable) -> bool {
    let mut there = plain(there);
    let said = plain(said);
    if said.indexes.is_none() {
        let goes = there.indexes.iter().flatten().any(|index| said.drop_indexes.contains(&index.name));
        if goes {
            return false;
        }
        there.indexes = None;
    }
    if said.rls.is_none() {
        there.rls = None;
    }
    if said.comment.is_none() {
        there.comment = None;
    }
    for (old, new) in there.columns.iter_mut().zip(&said.columns) {
        if new.comment.is_none() {
            old.comment = None;
        }
    }
    there.drop_indexes.clone_from(&said.drop_indexes);
    there == said
}

/// Without what says nothing about the table's shape, and in an order that does not depend on the writer.
fn plain(table: &DeclaredTable) -> DeclaredTable {
    let mut table = DeclaredTable {
        renamed_from: None,
        drop_columns: Default::default(),
        comment: table.comment.clone(),
        ..table.clone()
    };
    table.columns.iter_mut().for_each(plain_column);
    table.columns.sort_by(|a, b| a.name.cmp(&b.name));
    table.uniques.sort_by(|a, b| key_order(a).cmp(&key_order(b)));
    table.checks.iter_mut().chain(&mut table.exclusions).for_each(|check| check.path.clear());
    table.checks.sort_by(|a, b| check_order(a).cmp(&check_order(b)));
    table.exclusions.sort_by(|a, b| check_order(a).cmp(&check_order(b)));
    for key in &mut table.foreign_keys {
        key.path.clear();
    }
    table.foreign_keys.sort_by(|a, b| (&a.name, &a.columns).cmp(&(&b.name, &b.columns)));
    for index in table.indexes.iter_mut().flatten() {
        index.concurrently = false;
        index.method.get_or_insert_with(|| "btree".to_owned());
    }
    if let Some(indexes) = &mut table.indexes {
        indexes.sort_by(|a, b| a.name.cmp(&b.name));
    }
    table
}

fn plain_column(column: &mut DeclaredColumn) {
    column.ty = canonical_type(&column.ty);
    column.renamed_from = None;
    column.using = None;
    // Serials and identities are never null, said or not.
    if column.ty.ends_with("serial") || column.identity.is_some() {
        column.nullable = false;
    }
}

fn key_order(key: &Key) -> (&Option<String>, &Vec<String>) {
    (&key.name, &key.columns)
}

fn check_order(check: &Check) -> (&Option<String>, &String) {
    (&check.name, &check.expression)
}
