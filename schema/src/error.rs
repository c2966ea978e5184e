//! `SchemaError`: why a schema could not be read, planned or applied.

mod rls;

pub use rls::RlsError;

use crate::declare::parse::ParseError;
use crate::plan::{Consent, Loss, Step};

/// A failure. Whatever it was, nothing was changed, unless the variant says otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// The declaration is invalid.
    #[error(transparent)]
    Declaration(#[from] ParseError),
    /// A query failed, or the connection did.
    #[error("the query to PostgreSQL failed: {0}")]
    Connection(#[source] tokio_postgres::Error),
    /// The schema is too large to read at once.
    #[error("the schema's expressions and comments have {bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// What they have.
        bytes: i64,
        /// What they may have.
        limit: i64,
    },
    /// Steps that lose something have not been agreed to.
    #[error("{}", consent_text(.0))]
    Consent(Vec<Consent>),
    /// Steps that may not lose anything would.
    #[error("{}", loss_text(.0))]
    Loses(Vec<Loss>),
    /// Another transaction holds a lock for longer than the lock timeout.
    #[error(
        "a lock could not be acquired within {waited_ms} ms: another transaction is using {}; try again",
        .table.as_deref().unwrap_or("the database")
    )]
    Locked {
        /// The table that it was about, where one is known.
        table: Option<String>,
        /// How long was waited, in milliseconds.
        waited_ms: u64,
    },
    /// A step failed.
    #[error("{failure}")]
    Step {
        /// The step.
        step: Box<Step>,
        /// Why.
        failure: Box<StepFailure>,
        /// How many steps before it are in effect, since they ran outside of the transaction; 0 usually.
        kept: usize,
    },
    /// The plan was carried out and led somewhere else. This is a mistake of ours.
    #[error("the plan does not lead to the declared schema, so nothing was changed: {}", .differences.join("; "))]
    Unproven {
        /// The differences that are left.
        differences: Vec<String>,
    },
    /// A change of policies that is not possible.
    #[error("{0}")]
    Rls(#[source] RlsError),
    /// The recorded state that was asked for is not there.
    #[error("migration {0} has no recorded schema")]
    NoSuchState(i64),
}

/// What PostgreSQL said about a step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepFailure {
    /// The SQLSTATE.
    pub sqlstate: String,
    /// PostgreSQL's message, or ours where it says more.
    pub message: String,
    /// More of it.
    pub detail: Option<String>,
    /// What to do.
    pub hint: Option<String>,
    /// The table.
    pub table: Option<String>,
    /// The column.
    pub column: Option<String>,
    /// How many rows stand in the way.
    pub rows: Option<i64>,
}

impl std::fmt::Display for StepFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (SQLSTATE {})", self.message, self.sqlstate)
    }
}

impl From<tokio_postgres::Error> for SchemaError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Connection(error)
    }
}

impl From<RlsError> for SchemaError {
    fn from(error: RlsError) -> Self {
        Self::Rls(error)
    }
}

impl StepFailure {
    /// What PostgreSQL said; `None` when it was not PostgreSQL.
    pub(crate) fn of(error: &tokio_postgres::Error) -> Option<Self> {
        let said = error.as_db_error()?;
        Some(Self {
            sqlstate: said.code().code().to_owned(),
            message: bounded(said.message()),
            detail: said.detail().map(bounded),
            hint: said.hint().map(bounded),
            table: said.table().map(str::to_owned),
            column: said.column().map(str::to_owned),
            rows: None,
        })
    }

    /// Whether it is a lock timeout or a deadlock: trying again may help.
    pub(crate) fn is_lock(&self) -> bool {
        ["55P03", "40P01"].contains(&self.sqlstate.as_str())
    }
}

/// Characters that are told of a text of PostgreSQL's: an error may quote a value of any size.
const TOLD_MAX: usize = 10_000;

fn bounded(text: &str) -> String {
    match text.char_indices().nth(TOLD_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

fn loss_text(losses: &[Loss]) -> String {
    let all: Vec<&str> = losses.iter().map(|loss| loss.message.as_str()).collect();
    format!(
        "it would lose {}; a declaration with _drop or _dropColumns can say that this is meant",
        all.join(", ")
    )
}

fn consent_text(missing: &[Consent]) -> String {
    let all: Vec<&str> = missing.iter().map(|consent| consent.message.as_str()).collect();
    all.join("; ")
}
