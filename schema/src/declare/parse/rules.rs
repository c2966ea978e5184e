//! `Rules`: what a declaration may contain, as the embedder sets it.

use std::collections::BTreeMap;

/// Bounds of a declaration, and the words that a place gives its own meaning.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Tables at most; `None`: as many as there are.
    pub tables_max: Option<usize>,
    /// Names that are the platform's own.
    pub reserved: Vec<String>,
    /// Short names of roles.
    pub role_aliases: BTreeMap<String, String>,
    /// Row-level security, where it is on, binds the table's owner too, always.
    pub always_forced: bool,
}
