//! The tables of a report, for terminals and for the document.
mod cells;
mod others;

use super::Report;
pub(super) use cells::columns;
pub(super) use others::number;

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    /// Its name in the document's template.
    pub(super) name: &'static str,
    /// Its title.
    pub(super) title: String,
    /// The head.
    pub(super) head: Vec<String>,
    /// The rows.
    pub(super) rows: Vec<Vec<String>>,
}

/// All tables that have rows.
pub(super) fn all(report: &Report) -> Vec<Table> {
    let tables = cells::all(report).into_iter().chain(others::all(report));
    tables.filter(|table| !table.rows.is_empty()).collect()
}
