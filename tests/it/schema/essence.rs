//! The comparable content of a catalogue: everything but the order of columns and generated names.

use mayfly_schema::Catalog;
use mayfly_schema::catalog::{Constraint, ConstraintBody, Table};

/// One line for every fact. Names of constraints count where `declared` has them.
pub(super) fn essence(catalog: &Catalog, declared: &str) -> Vec<String> {
    let mut facts: Vec<String> =
        catalog.enums.iter().map(|(name, values)| format!("enum {name} {values:?}")).collect();
    for table in catalog.tables.values() {
        table_facts(table, declared, &mut facts);
    }
    facts.sort();
    facts
}

fn table_facts(table: &Table, declared: &str, facts: &mut Vec<String>) {
    let name = &table.name;
    facts.push(format!("{name}: {:?} {:?}", table.comment, table.rls));
    for column in &table.columns {
        let mut column = column.clone();
        column.serial = column.serial.map(|_| "own".to_owned());
        facts.push(format!("{name}: {column:?}"));
    }
    for constraint in table.constraints.values() {
        let is_declared = declared.contains(&format!("\"{}\"", constraint.name));
        let shown = if is_declared { constraint.name.as_str() } else { "*" };
        facts.push(format!("{name}: constraint {shown} {} {}", body(constraint), constraint.validated));
    }
    for index in table.indexes.values() {
        let mut index = index.clone();
        index.index.concurrently = false;
        facts.push(format!("{name}: {index:?}"));
    }
}

fn body(constraint: &Constraint) -> String {
    match &constraint.body {
        // The referenced index may have another name.
        ConstraintBody::Foreign(key, _) => format!("{key:?}"),
        other => format!("{other:?}"),
    }
}
