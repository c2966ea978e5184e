//! Reads a declaration: the DSL's JSON in, [`Declared`] out. Every mistake is named by its JSON path.

mod column;
mod constraint;
mod error;
mod fields;
mod index;
mod lexis;
mod policy;
mod rules;
mod seed_rows;
mod suggest;
mod table;
mod types;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

pub use error::ParseError;
pub use rules::Rules;
pub(crate) use suggest::nearest;
pub(crate) use types::{KNOWN as KNOWN_TYPES, canonical as canonical_type};

use crate::declare::dsl::{Declared, DeclaredTable, Enum};
use crate::declare::node::Node;
use fields::Fields;
pub(crate) use fields::join as join_path;
pub use lexis::check_expression;

impl Declared {
    /// Read JSON text.
    ///
    /// # Errors
    /// The first mistake.
    pub fn read(text: &str, rules: &Rules) -> Result<Self, ParseError> {
        let node =
            Node::read(text).map_err(|error| ParseError::new("", format!("this is not JSON: {error}")))?;
        Self::parse(&node, rules)
    }

    /// Read JSON.
    ///
    /// # Errors
    /// The first mistake.
    pub fn parse(node: &Node, rules: &Rules) -> Result<Self, ParseError> {
        let mut fields = Fields::of(node, "")?;
        let mut declared = Self { enums: enums(&mut fields)?, ..Self::default() };
        let tables = fields.members("tables")?.ok_or_else(|| {
            ParseError::new("tables", "is missing: a schema is {\"tables\": {name: {\"columns\": {...}}}}")
        })?;
        check_count(tables.len(), rules)?;
        declared.drop_tables = fields.names("_drop")?;
        declared.drop_enums = fields.names("_dropEnums")?;
        for (name, node) in tables {
            let path = fields.path_in("tables", name);
            check_table_name(name, &path, rules)?;
            match table::parse(name, node, &path, rules)? {
                Some(table) => declared.tables.push(table),
                None => drop(declared.drop_tables.insert(name.clone())),
            }
        }
        fields.finish()?;
        cross_check(&mut declared, rules)?;
        Ok(declared)
    }

    /// A table by name.
    pub fn table(&self, name: &str) -> Option<&DeclaredTable> {
        self.tables.iter().find(|table| table.name == name)
    }
}

fn check_count(count: usize, rules: &Rules) -> Result<(), ParseError> {
    match rules.tables_max {
        Some(limit) if count > limit => Err(ParseError::too_many_tables(count, limit)),
        _ => Ok(()),
    }
}

fn check_table_name(name: &str, path: &str, rules: &Rules) -> Result<(), ParseError> {
    fields::check_name(name, path)?;
    if name.starts_with("pg_") {
        // PostgreSQL looks for a name among its own tables first.
        return Err(ParseError::new(path, "names that begin with \"pg_\" are PostgreSQL's own"));
    }
    if rules.reserved.iter().any(|reserved| reserved == name) {
        return Err(ParseError::new(path, "is one of the platform's own tables"));
    }
    Ok(())
}

fn enums(fields: &mut Fields<'_>) -> Result<BTreeMap<String, Enum>, ParseError> {
    let mut enums = BTreeMap::new();
    for (name, node) in fields.members("enums")?.unwrap_or_default() {
        let path = fields.path_in("enums", name);
        fields::check_name(name, &path)?;
        let declared = match node {
            Node::List(_) => Enum { values: fields::texts(node, &path)?, ..Enum::default() },
            _ => {
                let mut fields = Fields::of(node, &path)?;
                let values = fields.texts("values")?;
                let values = values.ok_or_else(|| ParseError::new(fields.path("values"), "is missing"))?;
                let renamed_from = fields.name("renamedFrom")?;
                let drop_values = fields.texts("_dropValues")?.unwrap_or_default().into_iter().collect();
                fields.finish()?;
                Enum { values, renamed_from, drop_values }
            }
        };
        check_values(&declared.values, &path)?;
        enums.insert(name.clone(), declared);
    }
    Ok(enums)
}

fn check_values(values: &[String], path: &str) -> Result<(), ParseError> {
    let mut seen = HashSet::new();
    for (place, value) in values.iter().enumerate() {
        let at = format!("{path}[{place}]");
        fields::check_name(value, &at)?;
        if !seen.insert(value) {
            return Err(ParseError::new(at, format!("the value {value:?} comes twice")));
        }
    }
    Ok(())
}

/// What can only be seen when all tables are known.
fn cross_check(declared: &mut Declared, rules: &Rules) -> Result<(), ParseError> {
    if let Some(name) = declared.drop_tables.iter().find(|name| declared.table(name).is_some()) {
        let message = format!("{name:?} is declared and dropped at once: leave it out of one of the two");
        return Err(ParseError::new("_drop", message));
    }
    if let Some(name) = declared.drop_tables.iter().find(|name| rules.reserved.contains(name)) {
        return Err(ParseError::new("_drop", format!("{name:?} is one of the platform's own tables")));
    }
    if let Some(name) = declared.drop_enums.iter().find(|name| declared.enums.contains_key(*name)) {
        return Err(ParseError::new("_dropEnums", format!("{name:?} is declared and dropped at once")));
    }
    check_renames(declared)?;
    fill_references(declared)
}

fn check_renames(declared: &Declared) -> Result<(), ParseError> {
    let mut sources: BTreeSet<&str> = BTreeSet::new();
    for table in &declared.tables {
        let Some(from) = table.renamed_from.as_deref() else { continue };
        if from == table.name || !sources.insert(from) {
            let path = fields::join(&fields::join("tables", &table.name), "renamedFrom");
            return Err(ParseError::new(path, format!("{from:?} cannot become two tables, nor itself")));
        }
    }
    Ok(())
}

/// References have to lead to columns that are there; without columns they lead to the primary key.
fn fill_references(declared: &mut Declared) -> Result<(), ParseError> {
    let known: HashMap<String, (Vec<String>, Vec<String>)> = declared
        .tables
        .iter()
        .map(|table| {
            let columns = table.columns.iter().map(|column| column.name.clone()).collect();
            let key = table.primary_key.as_ref().map(|key| key.columns.clone()).unwrap_or_default();
            (table.name.clone(), (columns, key))
        })
        .collect();
    let dropped = declared.drop_tables.clone();
    for key in declared.tables.iter_mut().flat_map(|table| &mut table.foreign_keys) {
        if key.schema.is_some() {
            continue;
        }
        let Some((columns, primary_key)) = known.get(&key.table) else {
            if dropped.contains(&key.table) {
                return Err(ParseError::new(
                    &key.path,
                    format!("points at {:?}, which is dropped", key.table),
                ));
            }
            // It may be there and not be described: a partitioned table, say. PostgreSQL knows.
            continue;
        };
        if key.references.is_empty() {
            key.references.clone_from(primary_key);
        }
        if key.references.is_empty() {
            let message = format!("{:?} has no primary key: say which columns are meant", key.table);
            return Err(ParseError::new(&key.path, message));
        }
        if let Some(missing) = key.references.iter().find(|name| !columns.contains(name)) {
            let error = ParseError::new(&key.path, format!("{:?} has no column {missing:?}", key.table));
            return Err(error.suggest(nearest(missing, columns.iter().map(String::as_str))));
        }
        if key.references.len() != key.columns.len() {
            let message = format!("{} columns cannot point at {}", key.columns.len(), key.references.len());
            return Err(ParseError::new(&key.path, message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
