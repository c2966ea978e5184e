//! `StoreError`: failures of the platform's database, sorted by what the caller can do about them.

use std::error::Error as _;

use deadpool_postgres::PoolError;
use tokio_postgres::error::SqlState;

/// What PostgreSQL says of a row that exists names tables and indexes, which are no caller's business.
const EXISTS: &str = "it exists already, or is being changed by someone else";

/// A failure of the platform's own database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// PostgreSQL cannot be reached, or is shutting down or starting: try again later.
    #[error("the platform's database cannot be reached: {0}")]
    Unavailable(String),
    /// PostgreSQL has no space left. What is there can still be read.
    #[error("the platform's database has no space left: {0}")]
    Full(String),
    /// Something of that name exists already, or the row is in the wrong state for this: a sentence for callers.
    #[error("{0}")]
    Conflict(String),
    /// The named thing does not exist (any more).
    #[error("{0} does not exist")]
    Missing(&'static str),
    /// The platform's tables could not be made ready.
    #[error(transparent)]
    Migrate(#[from] mayfly_schema::MigrateError),
    /// A fault of the platform.
    #[error("the platform's database refused: {0}")]
    Internal(String),
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        let text = describe(&error);
        let Some(code) = error.code() else {
            // No SQLSTATE: the connection broke, or a value of ours did not fit its column.
            return if is_connection_failure(&error) {
                Self::Unavailable(text)
            } else {
                Self::Internal(text)
            };
        };
        if *code == SqlState::DISK_FULL {
            Self::Full(text)
        } else if is_outage(code) {
            Self::Unavailable(text)
        } else if *code == SqlState::UNIQUE_VIOLATION {
            tracing::debug!(reason = text, "a row exists already");
            Self::Conflict(EXISTS.to_owned())
        } else if *code == SqlState::FOREIGN_KEY_VIOLATION {
            Self::Missing("what the row refers to")
        } else {
            Self::Internal(text)
        }
    }
}

impl From<PoolError> for StoreError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => {
                // Whatever prevents a new connection is an outage to the caller: also a wrong password.
                Self::Unavailable(describe(&error))
            }
            PoolError::Timeout(_) => Self::Unavailable("no connection became free in time".to_owned()),
            PoolError::Closed => Self::Unavailable("the server is shutting down".to_owned()),
            PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => Self::Internal(error.to_string()),
        }
    }
}

/// Class 08, and a server that is starting, stopping, or has no connection left.
fn is_outage(code: &SqlState) -> bool {
    code.code().starts_with("08")
        || [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::TOO_MANY_CONNECTIONS,
            SqlState::OUT_OF_MEMORY,
            SqlState::IO_ERROR,
            // It took longer than it may.
            SqlState::LOCK_NOT_AVAILABLE,
            SqlState::QUERY_CANCELED,
        ]
        .contains(code)
}

fn is_connection_failure(error: &tokio_postgres::Error) -> bool {
    error.is_closed() || error.source().is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
}

fn describe(error: &tokio_postgres::Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(refused), _) => format!("{} ({})", refused.message(), refused.code().code()),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}
