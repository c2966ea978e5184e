//! Converts a declaration to a catalogue without a database.

use mayfly_schema::Expression;
use mayfly_schema::catalog::{Catalog, Column, Constraint, ConstraintBody, Table, TableIndex, TypeShape};
use mayfly_schema::dsl::{self, Declared};

/// Types and expressions are taken as they are spelled.
pub fn sketch(declared: &Declared) -> Catalog {
    let tables = declared.tables.iter().enumerate();
    let tables = tables.map(|(place, it)| (it.name.clone(), table(it, place, declared))).collect();
    let enums = declared.enums.iter().map(|(name, it)| (name.clone(), it.values.clone())).collect();
    Catalog { tables, enums, unmanaged: Vec::new() }
}

fn table(said: &dsl::DeclaredTable, number: usize, declared: &Declared) -> Table {
    let mut table = Table {
        name: said.name.clone(),
        columns: said.columns.iter().map(|it| column(said, it, declared)).collect(),
        rls: said.rls.clone().unwrap_or_default(),
        comment: said.comment.clone(),
        // Large, so that online steps are covered, too.
        rows_estimate: if said.name.len() % 2 == 0 { 1_000_000 } else { 1 },
        ..Table::default()
    };
    let keys = said.primary_key.iter().map(|key| (key.name.clone(), ConstraintBody::Primary(key.clone())));
    let uniques = said.uniques.iter().map(|key| (key.name.clone(), ConstraintBody::Unique(key.clone())));
    let checks = said
        .checks
        .iter()
        .map(|it| (it.name.clone(), ConstraintBody::Check(Expression::canonical(&it.expression))));
    let exclusions = said
        .exclusions
        .iter()
        .map(|it| (it.name.clone(), ConstraintBody::Exclusion(Expression::canonical(&it.expression))));
    let references =
        said.foreign_keys.iter().map(|it| (it.name.clone(), ConstraintBody::Foreign(it.clone(), None)));
    for (place, (name, body)) in
        keys.chain(uniques).chain(checks).chain(exclusions).chain(references).enumerate()
    {
        let named = name.is_some();
        let name = name.unwrap_or_else(|| format!("made up {number} {place}"));
        table.constraints.insert(name.clone(), Constraint { name, named, body, validated: place % 3 != 2 });
    }
    for index in said.indexes.iter().flatten() {
        let valid = index.keys.len() != 3;
        table.indexes.insert(index.name.clone(), TableIndex { index: index.clone(), valid });
    }
    table
}

fn column(table: &dsl::DeclaredTable, said: &dsl::DeclaredColumn, declared: &Declared) -> Column {
    let base = said.ty.trim_end_matches("[]").to_owned();
    let serial = said.ty.ends_with("serial").then(|| format!("{}_{}_seq", table.name, said.name));
    Column {
        name: said.name.clone(),
        ty: said.ty.clone(),
        shape: TypeShape {
            array: said.ty.ends_with("[]"),
            is_enum: declared.enums.contains_key(&base),
            base,
        },
        nullable: said.nullable,
        default: said.default.clone(),
        generated: said.generated.clone(),
        identity: said.identity,
        collation: said.collation.clone(),
        comment: said.comment.clone(),
        serial,
    }
}
