//! `TenantError`: failures of work on an app's database.

use mayfly_secrets::SecretsError;
use mayfly_store::StoreError;

/// A failure of work on an app's database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TenantError {
    /// There is no such app.
    #[error("the app does not exist")]
    Missing,
    /// The app exists and is being made or deleted.
    #[error("the app is not ready: it is being made or deleted")]
    NotReady,
    /// The script is larger than allowed. Both in bytes.
    #[error("the script has {used} bytes, the limit is {limit}")]
    ScriptTooLarge {
        /// What it has.
        used: usize,
        /// What it may have.
        limit: usize,
    },
    /// The author's script failed; it was rolled back.
    #[error("{0}")]
    Script(Box<ScriptError>),
    /// The schema engine's; see there what is left of a change.
    #[error(transparent)]
    Schema(#[from] mayfly_schema::SchemaError),
    /// The platform's own tables.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The app's secrets cannot be decrypted.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The app is closed, for this reason.
    #[error("the app is closed: {0}")]
    Closed(String),
    /// The server cannot be used for tenants.
    #[error("this PostgreSQL server cannot be used: {0}")]
    Unsuitable(String),
}

impl From<tokio_postgres::Error> for TenantError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What PostgreSQL said about a script, for its author.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScriptError {
    /// The SQLSTATE.
    pub sqlstate: String,
    /// PostgreSQL's message.
    pub message: String,
    /// More of it.
    pub detail: Option<String>,
    /// What to do.
    pub hint: Option<String>,
    /// Where in the script, in characters from 1.
    pub position: Option<usize>,
    /// The line of that place, from 1.
    pub line: Option<usize>,
    /// The column of that place, from 1, in characters.
    pub column: Option<usize>,
}

impl std::fmt::Display for ScriptError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (SQLSTATE {})", self.message, self.sqlstate)?;
        match (self.line, self.column) {
            (Some(line), Some(column)) => write!(f, " at line {line}, column {column}"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for ScriptError {}
