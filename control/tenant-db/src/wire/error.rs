//! `WireError`: failures of a use of a connection.

use std::io;

use fallible_iterator::FallibleIterator as _;
use postgres_protocol::message::backend::ErrorFields;

/// A failure on a tenant's connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    /// PostgreSQL refused the statement, or the connection.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// The connection broke.
    #[error("the connection was lost: {0}")]
    Lost(#[from] io::Error),
    /// The receiver of the rows accepts no more.
    #[error("the result is too large: {0}")]
    TooLarge(&'static str),
    /// The server sent a message that is unexpected at this point.
    #[error("unexpected message from PostgreSQL: {0}")]
    Protocol(&'static str),
}

/// An error message of PostgreSQL's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) sqlstate: String,
    pub(crate) message: String,
    pub(crate) detail: Option<String>,
    pub(crate) hint: Option<String>,
    /// In the statement, in characters from 1.
    pub(crate) position: Option<String>,
    /// Likewise, in a statement that a function ran; that statement's text.
    pub(crate) internal_position: Option<String>,
    pub(crate) internal_query: Option<String>,
    pub(crate) schema: Option<String>,
    pub(crate) table: Option<String>,
    pub(crate) column: Option<String>,
    pub(crate) data_type: Option<String>,
    pub(crate) constraint: Option<String>,
    /// The server ended the connection with it.
    pub(crate) fatal: bool,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (SQLSTATE {})", self.message, self.sqlstate)
    }
}

impl Refusal {
    pub(super) fn read(mut fields: ErrorFields<'_>) -> io::Result<Self> {
        let mut refusal = Self::default();
        while let Some(field) = fields.next()? {
            let value = String::from_utf8_lossy(field.value_bytes()).into_owned();
            match field.type_() {
                // Not translated, unlike 'S'.
                b'V' => refusal.fatal = value != "ERROR",
                b'C' => refusal.sqlstate = value,
                b'M' => refusal.message = value,
                b'D' => refusal.detail = Some(value),
                b'H' => refusal.hint = Some(value),
                b'P' => refusal.position = Some(value),
                b'p' => refusal.internal_position = Some(value),
                b'q' => refusal.internal_query = Some(value),
                b's' => refusal.schema = Some(value),
                b't' => refusal.table = Some(value),
                b'c' => refusal.column = Some(value),
                b'd' => refusal.data_type = Some(value),
                b'n' => refusal.constraint = Some(value),
                _ => {}
            }
        }
        Ok(refusal)
    }
}
