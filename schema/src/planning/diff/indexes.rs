//! Indexes that back no constraint.

use super::{Work, table_consent};
use crate::catalog::TableIndex;
use crate::declare::dsl::Index;
use crate::plan::{Hazard, Step};
use crate::planning::order::Rank;
use crate::planning::render;
use crate::quote::identifier;

/// First what goes, since references may go with it; see [`add_missing`] for the rest.
pub(super) fn drop_left_over(work: &mut Work<'_>) {
    for table in work.common() {
        let (Some(old), Some(new)) = (work.current.tables.get(&table), work.target.tables.get(&table)) else {
            continue;
        };
        let (old, new) = (old.indexes.clone(), new.indexes.clone());
        for (name, index) in &old {
            match new.get(name) {
                Some(wanted) if is_same(index, wanted) => {}
                Some(_) => work.drop_index(&table, name, None),
                None => match renamed(index, &old, &new) {
                    Some(to) => rename(work, &table, name, &to),
                    None => drop(work, &table, index),
                },
            }
        }
    }
}

pub(super) fn add_missing(work: &mut Work<'_>) {
    for table in work.common() {
        let (Some(old), Some(new)) = (work.current.tables.get(&table), work.target.tables.get(&table)) else {
            continue;
        };
        let missing: Vec<Index> = new
            .indexes
            .iter()
            .filter(|(name, _)| !old.indexes.contains_key(*name))
            .map(|(_, wanted)| wanted.index.clone())
            .collect();
        for index in missing {
            add(work, &table, &index);
        }
    }
}

type Indexes = std::collections::BTreeMap<String, TableIndex>;

fn is_same(old: &TableIndex, wanted: &TableIndex) -> bool {
    old.valid && definition(&old.index) == definition(&wanted.index)
}

/// All but its name and how it was built.
fn definition(index: &Index) -> Index {
    Index { name: String::new(), concurrently: false, ..index.clone() }
}

/// The new name of an index that is the same under another one.
fn renamed(index: &TableIndex, old: &Indexes, new: &Indexes) -> Option<String> {
    let mut wanted = new.iter().filter(|(name, _)| !old.contains_key(*name));
    let earlier = |other: &&TableIndex| {
        is_same(other, index) && !new.contains_key(&other.index.name) && other.index.name < index.index.name
    };
    // Of several alike, each takes the next name.
    let place = old.values().filter(earlier).count();
    let mut alike = wanted.by_ref().filter(|(_, wanted)| is_same(index, wanted));
    alike.nth(place).map(|(name, _)| name.clone())
}

fn rename(work: &mut Work<'_>, table: &str, from: &str, to: &str) {
    let sql = format!("ALTER INDEX {} RENAME TO {}", identifier(from), identifier(to));
    let step = Step::new(sql, format!("rename index {from:?} of {table:?} to {to:?}")).on(table);
    work.push(Rank::RenameObject, step);
    if let Some(table) = work.current.tables.get_mut(table)
        && let Some(mut index) = table.indexes.remove(from)
    {
        index.index.name = to.to_owned();
        table.indexes.insert(to.to_owned(), index);
    }
}

fn drop(work: &mut Work<'_>, table: &str, index: &TableIndex) {
    let name = &index.index.name;
    // An index whose concurrent build failed is invalid, and serves no query.
    let agreed =
        !index.valid || work.declared_table(table).is_some_and(|said| said.drop_indexes.contains(name));
    let why = format!("leaving index {name:?} out of the indexes of {table:?} drops it");
    let consent = (!agreed).then(|| table_consent(table, "_dropIndexes", name, &why));
    work.drop_index(table, name, consent);
}

fn add(work: &mut Work<'_>, table: &str, index: &Index) {
    let outside = !work.is_new(table) && (index.concurrently || work.is_online(table));
    let sql = render::index(table, index, outside);
    let step = Step::new(sql, format!("create index {:?} on {table:?}", index.name)).on(table);
    let fails: &[Hazard] = if index.unique { &[Hazard::FailsIfRowsViolate] } else { &[] };
    if outside {
        return work.push(Rank::Outside, step.with(fails).with(&[Hazard::ScansTable]).outside());
    }
    let step = if work.is_new(table) {
        step
    } else {
        step.with(fails).with(&[Hazard::ScansTable, Hazard::BlocksWrites])
    };
    work.push(Rank::CreateIndex, step);
}
