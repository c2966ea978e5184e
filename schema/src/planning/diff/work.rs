//! The state of one comparison, and the drops that every part of it needs.

use std::collections::BTreeSet;

use crate::catalog::{Catalog, ConstraintBody};
use crate::declare::dsl::{self, Declared};
use crate::plan::{Consent, Hazard, Step};
use crate::planning::order::{Draft, Rank};
use crate::planning::render;
use crate::quote::identifier;

/// A table with that many rows is large.
pub(crate) const LARGE_TABLE_ROWS: i64 = 100_000;

/// What the comparison cannot know by itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// Table and column: PostgreSQL has no way from the old type to the new one.
    pub(crate) uncastable: BTreeSet<(String, String)>,
    /// Enums get new values by being recreated, so that these can be used at once.
    pub(crate) rebuild_enums: bool,
    /// Long work on large tables is done after the transaction, without keeping writers waiting.
    pub(crate) online: bool,
}

/// The state of a comparison: the current schema as the steps so far leave it, and those steps.
pub(crate) struct Work<'a> {
    /// What is there, less what is already decided to go.
    pub(super) current: Catalog,
    pub(super) target: &'a Catalog,
    pub(super) declared: &'a Declared,
    pub(super) facts: &'a Facts,
    /// Tables that the plan makes: nothing in them can be lost or locked.
    pub(super) made: BTreeSet<String>,
    pub(super) drafts: Vec<Draft>,
}

impl Work<'_> {
    pub(super) fn push(&mut self, rank: Rank, step: Step) {
        self.drafts.push(Draft { rank, step });
    }

    /// The table as it was declared; `None` for one that is dropped.
    pub(super) fn declared_table(&self, table: &str) -> Option<&dsl::DeclaredTable> {
        self.declared.table(table)
    }

    pub(super) fn is_new(&self, table: &str) -> bool {
        self.made.contains(table)
    }

    pub(super) fn is_large(&self, table: &str) -> bool {
        self.current.tables.get(table).is_some_and(|table| table.rows_estimate >= LARGE_TABLE_ROWS)
    }

    /// Whether long work on this table waits until after the transaction.
    pub(super) fn is_online(&self, table: &str) -> bool {
        self.facts.online && !self.is_new(table) && self.is_large(table)
    }

    /// Tables that are there and stay.
    pub(super) fn common(&self) -> Vec<String> {
        self.target.tables.keys().filter(|name| self.current.tables.contains_key(*name)).cloned().collect()
    }

    /// Drop a constraint, and the references that rest on it.
    pub(super) fn drop_constraint(&mut self, table: &str, name: &str) {
        let Some(constraint) =
            self.current.tables.get_mut(table).and_then(|table| table.constraints.remove(name))
        else {
            return;
        };
        let rank = match constraint.body {
            ConstraintBody::Foreign(..) => Rank::DropForeignKey,
            _ => Rank::DropConstraint,
        };
        if matches!(constraint.body, ConstraintBody::Primary(_) | ConstraintBody::Unique(_)) {
            self.drop_references(table, name);
        }
        let sql = render::alter(table, &format!("DROP CONSTRAINT {}", identifier(name)));
        let step = Step::new(sql, format!("drop constraint {name:?} of {table:?}"));
        self.push(rank, step.on(table).with(&[Hazard::DropsConstraint, Hazard::AccessExclusiveLock]));
    }

    /// Foreign keys that rest on an index of this table cannot be without it.
    pub(super) fn drop_references(&mut self, table: &str, index: &str) {
        let mut found = Vec::new();
        for (name, other) in &self.current.tables {
            for constraint in other.constraints.values() {
                if let ConstraintBody::Foreign(key, Some(rests_on)) = &constraint.body
                    && key.schema.is_none()
                    && key.table == table
                    && rests_on == index
                {
                    found.push((name.clone(), constraint.name.clone()));
                }
            }
        }
        for (table, name) in found {
            self.drop_constraint(&table, &name);
        }
    }

    pub(super) fn drop_index(&mut self, table: &str, name: &str, consent: Option<Consent>) {
        let removed = self.current.tables.get_mut(table).and_then(|table| table.indexes.remove(name));
        let Some(index) = removed else { return };
        if index.index.unique {
            self.drop_references(table, name);
        }
        let step = Step::new(
            format!("DROP INDEX {}", identifier(name)),
            format!("drop index {name:?} of {table:?}"),
        );
        let step = step.on(table).with(&[Hazard::DropsIndex, Hazard::AccessExclusiveLock]);
        self.push(Rank::DropIndex, step.needs(consent));
    }

    pub(super) fn drop_policy(&mut self, table: &str, name: &str) {
        let removed = self.current.tables.get_mut(table).and_then(|table| table.rls.policies.remove(name));
        if removed.is_none() {
            return;
        }
        let sql = format!("DROP POLICY {} ON {}", identifier(name), identifier(table));
        let step = Step::new(sql, format!("drop policy {name:?} of {table:?}"));
        self.push(Rank::DropPolicy, step.on(table).with(&[Hazard::ChangesAccess]));
    }
}

/// A consent that goes into one of a table's lists.
pub(crate) fn table_consent(table: &str, list: &str, name: &str, why: &str) -> Consent {
    let path = crate::declare::parse::join_path(&crate::declare::parse::join_path("tables", table), list);
    Consent { message: format!("{why}: add {name:?} to {path}"), path, add: name.to_owned() }
}
