//! One table.

use std::collections::HashSet;

use super::fields::{self, Fields};
use super::{ParseError, Rules, column, constraint, index, nearest, policy, seed_rows};
use crate::declare::dsl::{DeclaredTable, KeyTarget};
use crate::declare::node::Node;

/// PostgreSQL's own bound.
const COLUMNS_MAX: usize = 1600;

/// Indexes, and constraints of each kind.
const OBJECTS_MAX: usize = 500;

/// `None`: the table is to be dropped.
pub(super) fn parse(
    name: &str,
    node: &Node,
    path: &str,
    rules: &Rules,
) -> Result<Option<DeclaredTable>, ParseError> {
    let mut fields = Fields::of(node, path)?;
    let drop = fields.flag("_drop")?.unwrap_or(false);
    let columns = fields.members("columns")?;
    let Some(columns) = columns.filter(|_| !drop) else {
        return if drop {
            Ok(None)
        } else {
            Err(ParseError::new(fields.path("columns"), "is missing: {name: {\"type\": ...}}"))
        };
    };
    check_bound("columns", columns.len(), COLUMNS_MAX, &fields)?;
    let mut table = DeclaredTable { name: name.to_owned(), ..DeclaredTable::default() };
    for (name, node) in columns {
        column::parse(&mut table, name, node, &fields.path_in("columns", name), rules)?;
    }
    let key_path = fields.path("primaryKey");
    if let Some(node) = fields.take_either("primaryKey", "primary")? {
        constraint::set_primary(&mut table, constraint::primary(node, &key_path)?, &key_path)?;
    }
    table.uniques.extend(constraint::each(&mut fields, "uniques", constraint::unique)?);
    table.checks.extend(constraint::each(&mut fields, "checks", constraint::check)?);
    table.foreign_keys.extend(constraint::each(&mut fields, "foreignKeys", constraint::foreign_key)?);
    table.exclusions.extend(constraint::each(&mut fields, "exclusions", constraint::check)?);
    if let Some(members) = fields.members("indexes")? {
        check_bound("indexes", members.len(), OBJECTS_MAX, &fields)?;
        let path = fields.path("indexes");
        let each = members.iter().map(|(name, node)| index::parse(name, node, &fields::join(&path, name)));
        table.indexes = Some(each.collect::<Result<_, _>>()?);
    }
    let rls_path = fields.path("rls");
    table.rls = fields.take("rls").map(|node| policy::parse(node, &rls_path, rules)).transpose()?;
    table.comment = fields.comment()?;
    table.renamed_from = fields.name("renamedFrom")?;
    table.drop_columns = fields.names("_dropColumns")?;
    table.drop_indexes = fields.names("_dropIndexes")?;
    let seed_path = fields.path("_seed");
    if let Some(node) = fields.take("_seed") {
        table.seed = seed_rows::parse(&table, node, &seed_path)?;
    }
    fields.finish()?;
    check(&mut table, &fields)?;
    Ok(Some(table))
}

fn check_bound(what: &str, count: usize, limit: usize, fields: &Fields<'_>) -> Result<(), ParseError> {
    if count > limit {
        return Err(ParseError::new(fields.path(what), format!("has {count} entries, the limit is {limit}")));
    }
    Ok(())
}

/// Every column that is named has to be there, and every name stands for one thing.
fn check(table: &mut DeclaredTable, fields: &Fields<'_>) -> Result<(), ParseError> {
    let key_columns: Vec<String> =
        table.primary_key.iter().flat_map(|key| key.columns.iter().cloned()).collect();
    for column in &mut table.columns {
        // A primary key's columns are never null, wherever the key was written.
        column.nullable &= !key_columns.contains(&column.name);
    }
    check_columns(table, fields)?;
    check_constraint_names(table, fields)?;
    let mut sources = HashSet::new();
    for column in &table.columns {
        if let Some(from) = &column.renamed_from
            && (*from == column.name || !sources.insert(from))
        {
            let path = fields::join(&fields.path_in("columns", &column.name), "renamedFrom");
            return Err(ParseError::new(path, format!("{from:?} cannot become two columns, nor itself")));
        }
    }
    Ok(())
}

fn check_columns(table: &DeclaredTable, fields: &Fields<'_>) -> Result<(), ParseError> {
    let known: HashSet<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let ensure = |member: &str, name: &str| {
        if known.contains(name) {
            return Ok(());
        }
        let error = ParseError::new(fields.path(member), format!("{name:?} is no column of this table"));
        Err(error.suggest(nearest(name, known.iter().copied())))
    };
    if let Some(key) = &table.primary_key {
        key.columns.iter().chain(&key.include).try_for_each(|name| ensure("primaryKey", name))?;
    }
    for key in &table.uniques {
        key.columns.iter().chain(&key.include).try_for_each(|name| ensure("uniques", name))?;
    }
    for key in &table.foreign_keys {
        key.columns.iter().chain(&key.on_delete_columns).try_for_each(|name| ensure("foreignKeys", name))?;
    }
    for index in table.indexes.iter().flatten() {
        for key in &index.keys {
            if let KeyTarget::Column(name) = &key.target {
                ensure("indexes", name)?;
            }
        }
        index.include.iter().try_for_each(|name| ensure("indexes", name))?;
    }
    Ok(())
}

fn check_constraint_names(table: &DeclaredTable, fields: &Fields<'_>) -> Result<(), ParseError> {
    let keys = table.primary_key.iter().chain(&table.uniques).map(|key| ("uniques", &key.name));
    let checks = table.checks.iter().map(|check| ("checks", &check.name));
    let foreign = table.foreign_keys.iter().map(|key| ("foreignKeys", &key.name));
    let exclusions = table.exclusions.iter().map(|check| ("exclusions", &check.name));
    let mut seen = HashSet::new();
    for (member, name) in keys.chain(checks).chain(foreign).chain(exclusions) {
        if let Some(name) = name
            && !seen.insert(name)
        {
            return Err(ParseError::new(
                fields.path(member),
                format!("the constraint {name:?} is there twice"),
            ));
        }
    }
    Ok(())
}
