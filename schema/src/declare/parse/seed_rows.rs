//! The seed rows of a table (`_seed`).

use super::ParseError;
use super::fields;
use crate::declare::dsl::DeclaredTable;
use crate::declare::node::Node;

/// Rows of a table at most.
const ROWS_MAX: usize = 10_000;

/// `true` and `false` are taken, and mean nothing: they mark templates elsewhere.
pub(super) fn parse(
    table: &DeclaredTable,
    node: &Node,
    path: &str,
) -> Result<Vec<Vec<(String, Node)>>, ParseError> {
    let rows = match node {
        Node::Bool(_) => return Ok(Vec::new()),
        Node::List(rows) => rows,
        other => {
            return Err(ParseError::new(path, format!("must be an array of rows, not {}", other.kind())));
        }
    };
    if rows.len() > ROWS_MAX {
        let message = format!("has {} rows, the limit is {ROWS_MAX}", rows.len());
        return Err(ParseError::new(path, message));
    }
    let Some(key) = &table.primary_key else {
        return Err(ParseError::new(path, "rows are found by their primary key, and the table has none"));
    };
    let mut seeds = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        let at = format!("{path}[{place}]");
        let Node::Object(members) = row else {
            return Err(ParseError::new(at, format!("must be an object, not {}", row.kind())));
        };
        for (name, _) in members {
            let Some(column) = table.columns.iter().find(|column| column.name == *name) else {
                let known = table.columns.iter().map(|column| column.name.as_str());
                let meant = super::nearest(name, known);
                return Err(ParseError::new(fields::join(&at, name), "is no column").suggest(meant));
            };
            if column.generated.is_some() {
                return Err(ParseError::new(fields::join(&at, name), "is computed, and cannot be given"));
            }
        }
        let has = |name: &String| members.iter().any(|(key, node)| key == name && *node != Node::Null);
        if let Some(missing) = key.columns.iter().find(|name| !has(name)) {
            return Err(ParseError::new(at, format!("must have the primary key's column {missing:?}")));
        }
        seeds.push(members.clone());
    }
    Ok(seeds)
}
