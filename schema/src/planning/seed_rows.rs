//! Seed rows: upserted by primary key.

use std::collections::{BTreeMap, BTreeSet};

use crate::declare::dsl::{Declared, DeclaredTable};
use crate::declare::node::Node;
use crate::plan::Step;
use crate::quote::{identifier, identifiers};

/// Tables with rows, those that others refer to first. Cycles stay as they were written.
pub(crate) fn in_order(declared: &Declared) -> Vec<&DeclaredTable> {
    let seeded: BTreeMap<&str, &DeclaredTable> = declared
        .tables
        .iter()
        .filter(|table| !table.seed.is_empty())
        .map(|table| (table.name.as_str(), table))
        .collect();
    let mut placed: BTreeSet<&str> = BTreeSet::new();
    let mut order = Vec::new();
    while order.len() < seeded.len() {
        let waits = |table: &DeclaredTable| {
            table.foreign_keys.iter().any(|key| {
                key.table != table.name
                    && seeded.contains_key(key.table.as_str())
                    && !placed.contains(key.table.as_str())
            })
        };
        let left =
            || declared.tables.iter().filter(|t| !t.seed.is_empty() && !placed.contains(t.name.as_str()));
        let Some(next) = left().find(|table| !waits(table)).or_else(|| left().next()) else { break };
        placed.insert(&next.name);
        order.push(next);
    }
    order
}

/// One statement for all rows that give the same columns: what a row leaves out stays, or gets its default. It changes
/// nothing where the rows are there already, and says how many it changed.
pub(crate) fn steps(table: &DeclaredTable) -> Vec<Step> {
    let mut groups: BTreeMap<BTreeSet<&str>, Vec<Node>> = BTreeMap::new();
    for row in &table.seed {
        let given = row.iter().map(|(name, _)| name.as_str()).collect();
        groups.entry(given).or_default().push(Node::Object(row.clone()));
    }
    groups.into_iter().map(|(given, rows)| step(table, &given, rows)).collect()
}

fn step(table: &DeclaredTable, given: &BTreeSet<&str>, rows: Vec<Node>) -> Step {
    let key: Vec<&str> =
        table.primary_key.iter().flat_map(|key| key.columns.iter().map(String::as_str)).collect();
    let columns: Vec<&str> =
        table.columns.iter().map(|column| column.name.as_str()).filter(|name| given.contains(name)).collect();
    let others: Vec<&str> = columns.iter().copied().filter(|name| !key.contains(name)).collect();
    let name = identifier(&table.name);
    let each = |prefix: &str, columns: &[&str]| -> String {
        let all: Vec<String> =
            columns.iter().map(|column| format!("{prefix}.{}", identifier(column))).collect();
        all.join(", ")
    };
    let conflict = if others.is_empty() {
        "DO NOTHING".to_owned()
    } else {
        let set: Vec<String> = others.iter().map(|c| format!("{0} = EXCLUDED.{0}", identifier(c))).collect();
        let (mine, theirs) = (each("t", &others), each("EXCLUDED", &others));
        format!("DO UPDATE SET {} WHERE ROW({mine}) IS DISTINCT FROM ROW({theirs})", set.join(", "))
    };
    let sql = format!(
        "INSERT INTO {name} AS t ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM jsonb_populate_recordset(NULL::{name}, $1) seed \
         ON CONFLICT ({}) {conflict}",
        identifiers(&columns),
        each("seed", &columns),
        identifiers(&key),
    );
    let description = format!("keep {} rows of {:?}", rows.len(), table.name);
    let mut step = Step::new(sql, description).on(&table.name);
    step.parameter = Some(Node::List(rows).to_string());
    step
}
