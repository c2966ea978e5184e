//! `RlsError`: a change of policies that is not possible.

/// Why a change of policies is not possible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RlsError {
    /// No such table.
    #[error("there is no table {0:?}")]
    NoTable(String),
    /// No such column.
    #[error("table {table:?} has no column {column:?}")]
    NoColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// No such policy.
    #[error("table {table:?} has no policy {policy:?}")]
    NoPolicy {
        /// The table.
        table: String,
        /// The policy.
        policy: String,
    },
    /// A policy of that name is there.
    #[error("table {table:?} has a policy {policy:?} already")]
    Exists {
        /// The table.
        table: String,
        /// The policy.
        policy: String,
    },
    /// A column of another type is needed.
    #[error("column {column:?} is {found}, and has to be {wanted}")]
    WrongType {
        /// The column.
        column: String,
        /// Its type.
        found: String,
        /// What it has to be.
        wanted: &'static str,
    },
    /// A function that no policy may call.
    #[error("a policy must not use {0}")]
    Unsafe(String),
}
