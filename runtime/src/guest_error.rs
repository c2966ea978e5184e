//! `GuestError`: a failure of a capability, as the guest's code can catch it.

use std::fmt;

use mayfly_ledger::Shortage;

/// An error that the guest's code can catch: it becomes an `Error` with `code` and the other fields on it.
///
/// It is shown to the function's author, so it holds nothing of the platform's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestError {
    /// A code that `docs/errors` has a page of, or an SQLSTATE.
    pub code: String,
    /// One sentence for the author of the function.
    pub message: String,
    /// Further properties of the thrown error, such as `detail`, `hint`, `constraint` or `position`.
    pub fields: Vec<(&'static str, String)>,
}

impl GuestError {
    /// An error without further fields.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), fields: Vec::new() }
    }

    /// The host holds nothing more for this app.
    pub fn no_memory(shortage: Shortage) -> Self {
        Self::new("MEMORY_LIMIT", shortage.of_memory())
    }

    /// Adds a property.
    #[must_use]
    pub fn with(mut self, field: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((field, value.into()));
        self
    }
}

impl fmt::Display for GuestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for GuestError {}
