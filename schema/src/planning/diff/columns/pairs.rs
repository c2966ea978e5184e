//! Columns that are there and stay.

use super::super::Work;
use crate::catalog::Column;

/// Both sides of every column that is there and stays.
pub(super) fn pairs(work: &Work<'_>, table: &str) -> Vec<(Column, Column)> {
    let (Some(old), Some(new)) = (work.current.tables.get(table), work.target.tables.get(table)) else {
        return Vec::new();
    };
    let both = new.columns.iter().filter_map(|column| Some((old.column(&column.name)?, column)));
    both.map(|(old, new)| (old.clone(), new.clone())).collect()
}
