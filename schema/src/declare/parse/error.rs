//! `ParseError`: a mistake in a declaration, with its JSON path.

use std::fmt;

/// Where the mistake is, what it is, and what was perhaps meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// A JSON path such as `tables.posts.columns.id.type`; empty for the whole.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What was perhaps meant.
    pub suggestion: Option<String>,
    /// Whether there are too many tables: a limit, and no mistake.
    pub is_table_limit: bool,
}

impl ParseError {
    pub(crate) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into(), suggestion: None, is_table_limit: false }
    }

    pub(crate) fn too_many_tables(count: usize, limit: usize) -> Self {
        let message = format!("there are {count} tables, the limit is {limit}");
        Self { is_table_limit: true, ..Self::new("tables", message) }
    }

    pub(crate) fn suggest(mut self, meant: Option<String>) -> Self {
        self.suggestion = meant;
        self
    }

    /// The message with the suggestion, without the path.
    pub fn text(&self) -> String {
        match &self.suggestion {
            Some(meant) => format!("{}; did you mean {meant:?}?", self.message),
            None => self.message.clone(),
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            return f.write_str(&self.text());
        }
        write!(f, "{}: {}", self.path, self.text())
    }
}

impl std::error::Error for ParseError {}
