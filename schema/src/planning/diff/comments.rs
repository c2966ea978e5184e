//! Comments on tables and columns.

use super::Work;
use crate::plan::Step;
use crate::planning::order::Rank;
use crate::planning::render;
use crate::quote::identifier;

pub(super) fn diff(work: &mut Work<'_>) {
    for table in work.common() {
        let (Some(old), Some(new)) = (work.current.tables.get(&table), work.target.tables.get(&table)) else {
            continue;
        };
        let on = identifier(&table);
        let mut changed = Vec::new();
        if old.comment != new.comment {
            changed.push((format!("TABLE {on}"), new.comment.clone()));
        }
        for column in &new.columns {
            let was = old.column(&column.name).and_then(|column| column.comment.clone());
            if was != column.comment {
                changed.push((format!("COLUMN {on}.{}", identifier(&column.name)), column.comment.clone()));
            }
        }
        for (target, text) in changed {
            let sql = render::comment(&target, text.as_deref());
            work.push(Rank::Comment, Step::new(sql, format!("comment on {target}")).on(&table));
        }
    }
}
