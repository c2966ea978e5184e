//! The differ: two catalogues in, the steps from one to the other out. One file for each kind of object, three verbs each: add, drop, alter.
//!
//! The current catalogue is worked on: a step that has to come first, such as dropping a policy that would hold on to a
//! column, takes the object out of it, and the part that compares those objects then finds it missing.

mod columns;
mod comments;
mod constraints;
mod enums;
mod indexes;
mod policies;
mod tables;
mod types;

use std::collections::BTreeSet;

use crate::catalog::{Catalog, ConstraintBody};
use crate::declare::dsl::{self, Declared};
use crate::plan::{Consent, Hazard, Plan, Step};
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

/// What makes `current` like `target`, which came of `declared`: a comparison alone, which asks no database. With
/// `online`, long work on large tables comes after the transaction.
pub fn compare(current: &Catalog, target: &Catalog, declared: &Declared, online: bool) -> Plan {
    Plan { steps: diff(current, target, declared, &Facts { online, ..Facts::default() }) }
}

/// The steps, in order.
pub(crate) fn diff(current: &Catalog, target: &Catalog, declared: &Declared, facts: &Facts) -> Vec<Step> {
    let mut work =
        Work { current: current.clone(), target, declared, facts, made: BTreeSet::new(), drafts: Vec::new() };
    enums::diff(&mut work);
    tables::diff(&mut work);
    columns::diff(&mut work);
    indexes::drop_left_over(&mut work);
    constraints::diff(&mut work);
    indexes::add_missing(&mut work);
    policies::diff(&mut work);
    comments::diff(&mut work);
    crate::planning::order::in_order(work.drafts)
}

/// A comparison under way.
struct Work<'a> {
    /// What is there, less what is already decided to go.
    current: Catalog,
    target: &'a Catalog,
    declared: &'a Declared,
    facts: &'a Facts,
    /// Tables that the plan makes: nothing in them can be lost or locked.
    made: BTreeSet<String>,
    drafts: Vec<Draft>,
}

impl Work<'_> {
    fn push(&mut self, rank: Rank, step: Step) {
        self.drafts.push(Draft { rank, step });
    }

    /// The table as it was declared; `None` for one that is dropped.
    fn said(&self, table: &str) -> Option<&dsl::DeclaredTable> {
        self.declared.table(table)
    }

    fn is_new(&self, table: &str) -> bool {
        self.made.contains(table)
    }

    fn is_large(&self, table: &str) -> bool {
        self.current.tables.get(table).is_some_and(|table| table.rows_estimate >= LARGE_TABLE_ROWS)
    }

    /// Whether long work on this table waits until after the transaction.
    fn is_online(&self, table: &str) -> bool {
        self.facts.online && !self.is_new(table) && self.is_large(table)
    }

    /// Tables that are there and stay.
    fn common(&self) -> Vec<String> {
        self.target.tables.keys().filter(|name| self.current.tables.contains_key(*name)).cloned().collect()
    }

    /// Drop a constraint, and the references that rest on it.
    fn drop_constraint(&mut self, table: &str, name: &str) {
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
    fn drop_references(&mut self, table: &str, index: &str) {
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

    fn drop_index(&mut self, table: &str, name: &str, consent: Option<Consent>) {
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

    fn drop_policy(&mut self, table: &str, name: &str) {
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
fn table_consent(table: &str, list: &str, name: &str, why: &str) -> Consent {
    let path = crate::declare::parse::join_path(&crate::declare::parse::join_path("tables", table), list);
    Consent { message: format!("{why}: add {name:?} to {path}"), path, add: name.to_owned() }
}
