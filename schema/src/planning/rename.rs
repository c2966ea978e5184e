//! Renames. They are executed first: PostgreSQL itself then writes every expression with the new names.

use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::declare::dsl::Declared;
use crate::declare::node::Node;
use crate::plan::{Hazard, Step};
use crate::planning::render;
use crate::quote::identifier;

/// What was renamed: old names of tables and columns by the new ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Renames {
    /// New name of a table: old name.
    pub tables: BTreeMap<String, String>,
    /// New names of table and column: old name of the column.
    pub columns: BTreeMap<(String, String), String>,
    /// New name of an enum: old name.
    pub enums: BTreeMap<String, String>,
}

impl Renames {
    /// What the declaration renames and what is still called by its old name. A name that is there already was
    /// renamed before.
    pub(crate) fn find(current: &Catalog, declared: &Declared) -> Self {
        let mut found = Self::default();
        for table in &declared.tables {
            let mut old_name = &table.name;
            if let Some(from) = &table.renamed_from
                && !current.tables.contains_key(&table.name)
                && current.tables.contains_key(from)
            {
                found.tables.insert(table.name.clone(), from.clone());
                old_name = from;
            }
            let Some(old) = current.tables.get(old_name) else { continue };
            for column in &table.columns {
                if let Some(from) = &column.renamed_from
                    && old.column(&column.name).is_none()
                    && old.column(from).is_some()
                {
                    found.columns.insert((table.name.clone(), column.name.clone()), from.clone());
                }
            }
        }
        for (name, it) in &declared.enums {
            if let Some(from) = &it.renamed_from
                && !current.enums.contains_key(name)
                && current.enums.contains_key(from)
            {
                found.enums.insert(name.clone(), from.clone());
            }
        }
        found
    }

    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.columns.is_empty() && self.enums.is_empty()
    }

    /// As a record keeps them.
    pub(crate) fn to_node(&self) -> Node {
        let pairs = |map: &BTreeMap<String, String>| {
            Node::Object(map.iter().map(|(to, from)| (to.clone(), from.as_str().into())).collect())
        };
        let columns = self
            .columns
            .iter()
            .map(|((table, to), from)| Node::from([table.as_str(), to.as_str(), from.as_str()].as_slice()));
        Node::Object(vec![
            ("tables".to_owned(), pairs(&self.tables)),
            ("columns".to_owned(), Node::List(columns.collect())),
            ("enums".to_owned(), pairs(&self.enums)),
        ])
    }

    /// The statements.
    pub(crate) fn steps(&self) -> Vec<Step> {
        let hazards = [Hazard::AccessExclusiveLock, Hazard::BreaksOldName];
        let tables = self.tables.iter().map(|(to, from)| {
            let sql = render::alter(from, &format!("RENAME TO {}", identifier(to)));
            Step::new(sql, format!("rename table {from:?} to {to:?}")).on(to).with(&hazards)
        });
        let columns = self.columns.iter().map(|((table, to), from)| {
            let action = format!("RENAME COLUMN {} TO {}", identifier(from), identifier(to));
            let description = format!("rename column {from:?} of {table:?} to {to:?}");
            Step::new(render::alter(table, &action), description).at(table, to).with(&hazards)
        });
        let enums = self.enums.iter().map(|(to, from)| {
            let sql = format!("ALTER TYPE {} RENAME TO {}", identifier(from), identifier(to));
            Step::new(sql, format!("rename enum {from:?} to {to:?}"))
        });
        tables.chain(enums).chain(columns).collect()
    }
}
