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
mod work;

use std::collections::BTreeSet;

pub(crate) use work::{Facts, Work, table_consent};

use crate::catalog::Catalog;
use crate::declare::dsl::Declared;
use crate::plan::{Plan, Step};

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
