//! Tables: made and dropped.

use super::Work;
use crate::catalog::{ConstraintBody, Table};
use crate::declare::dsl::Rls;
use crate::plan::{Consent, Hazard, Step};
use crate::planning::order::Rank;
use crate::planning::render;
use crate::quote::identifier;

pub(super) fn diff(work: &mut Work<'_>) {
    let gone: Vec<String> =
        work.current.tables.keys().filter(|name| !work.target.tables.contains_key(*name)).cloned().collect();
    for name in gone {
        drop(work, &name);
    }
    // As they were declared; those that a declaration does not name come by their names.
    let said = work.declared.tables.iter().filter_map(|table| work.target.tables.get(&table.name));
    let unsaid = work.target.tables.values().filter(|table| work.declared.table(&table.name).is_none());
    let new: Vec<&Table> =
        said.chain(unsaid).filter(|table| !work.current.tables.contains_key(&table.name)).collect();
    for table in new {
        add(work, table);
    }
}

/// Made without references, indexes and policies, which the other parts then find missing.
fn add(work: &mut Work<'_>, table: &Table) {
    let mut parts: Vec<String> =
        table.columns.iter().map(|column| render::column(&column.declared())).collect();
    let mut made = table.clone();
    made.constraints.retain(|_, constraint| !matches!(constraint.body, ConstraintBody::Foreign(..)));
    for constraint in made.constraints.values() {
        let name = constraint.named.then_some(constraint.name.as_str());
        parts.push(render::named(name, &render::constraint(&constraint.body)));
    }
    made.indexes.clear();
    made.rls = Rls::default();
    made.comment = None;
    made.columns.iter_mut().for_each(|column| column.comment = None);
    let body =
        if parts.is_empty() { "()".to_owned() } else { format!("(\n    {}\n)", parts.join(",\n    ")) };
    let sql = format!("CREATE TABLE {} {body}", identifier(&table.name));
    work.push(Rank::CreateTable, Step::new(sql, format!("create table {:?}", table.name)).on(&table.name));
    work.current.tables.insert(table.name.clone(), made);
    work.made.insert(table.name.clone());
}

/// References to it from tables that stay are not in the target, so they are dropped on their own account.
fn drop(work: &mut Work<'_>, name: &str) {
    let references: Vec<String> = work.current.tables.get(name).map_or_else(Vec::new, |table| {
        let foreign = table.constraints.values().filter(|it| matches!(it.body, ConstraintBody::Foreign(..)));
        foreign.map(|it| it.name.clone()).collect()
    });
    // Those among tables that go together would decide their order.
    for reference in references {
        work.drop_constraint(name, &reference);
    }
    work.current.tables.remove(name);
    let consent = (!work.declared.drop_tables.contains(name)).then(|| Consent {
        path: "_drop".to_owned(),
        add: name.to_owned(),
        message: format!(
            "dropping table {name:?} deletes its rows: add {name:?} to _drop, or declare the table"
        ),
    });
    let step = Step::new(format!("DROP TABLE {}", identifier(name)), format!("drop table {name:?}"));
    let step = step.on(name).destroys().with(&[Hazard::AccessExclusiveLock]).needs(consent);
    work.push(Rank::DropTable, step);
}
