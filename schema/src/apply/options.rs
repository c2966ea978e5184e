//! The options and the outcome of an apply.

use std::time::Duration;

use crate::catalog::Catalog;
use crate::plan::{Loss, Plan};
use crate::planning::rename::Renames;

/// How a schema is read and changed.
#[derive(Debug, Clone)]
pub struct Options {
    /// The schema that the declaration is about.
    pub schema: String,
    /// Tables and functions in it that are left out.
    pub hidden: Vec<String>,
    /// How long a lock is waited for.
    pub lock_timeout: Duration,
    /// How long one statement may take.
    pub statement_timeout: Duration,
    /// Do everything and undo it: only show what would be done.
    pub dry_run: bool,
    /// Long work on large tables is done after the transaction, without keeping writers waiting. When it fails, what came before stays, and
    /// another run goes on from there.
    pub online: bool,
    /// What destroys needs no consent where it loses nothing, and gets none where it does. Looked at under the tables' locks.
    pub lossless: bool,
    /// What the change is called.
    pub name: Option<String>,
    /// The key of the caller.
    pub key_id: Option<String>,
    /// `apply`, `rollback`: what the record says.
    pub kind: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            schema: "public".to_owned(),
            hidden: Vec::new(),
            lock_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(60),
            dry_run: false,
            online: false,
            lossless: false,
            name: None,
            key_id: None,
            kind: "apply".to_owned(),
        }
    }
}

/// What was done, or would be.
#[derive(Debug, Clone, Default)]
pub struct ApplyOutcome {
    /// The steps; none when the schema was as declared.
    pub plan: Plan,
    /// The schema afterwards.
    pub catalog: Catalog,
    /// Its fingerprint.
    pub fingerprint: String,
    /// The record's number, when something was recorded.
    pub migration: Option<i64>,
    /// What would be lost by it, where nothing may be: of a dry run only.
    pub losses: Vec<Loss>,
    /// What was renamed.
    pub renames: Renames,
    /// How long it took.
    pub took: Duration,
}
