//! Why a bench cannot go on: one kind of error, which says what was tried and what came of it.

/// What was tried, and why it failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{tried}: {reason}")]
pub struct BenchError {
    tried: String,
    reason: String,
}

/// What most functions of the harness answer.
pub type Tried<T> = Result<T, BenchError>;

impl BenchError {
    /// `tried` failed for `reason`.
    pub fn new(tried: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self { tried: tried.into(), reason: reason.to_string() }
    }
}

/// Says what was tried when something fails.
pub trait Trying<T> {
    /// The error of this result, with what was tried.
    fn trying(self, tried: impl FnOnce() -> String) -> Tried<T>;
}

impl<T, E: std::fmt::Display> Trying<T> for Result<T, E> {
    fn trying(self, tried: impl FnOnce() -> String) -> Tried<T> {
        self.map_err(|error| BenchError::new(tried(), error))
    }
}
