//! Flags of `mayfly sql` and `mayfly rls`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// A statement, or a script.
#[derive(Debug, Args)]
pub struct SqlArgs {
    /// One statement with rows (SELECT, WITH, VALUES, TABLE, EXPLAIN), in a read-only transaction; anything else is a script
    #[arg(required_unless_present = "file")]
    pub sql: Option<String>,
    /// Run a file as a script, in one transaction, and record it; - reads stdin
    #[arg(long, short = 'f', conflicts_with = "sql")]
    pub file: Option<PathBuf>,
    /// Run one statement that may write, as functions do, and show its rows; it is not recorded
    #[arg(long, conflicts_with = "file")]
    pub write: bool,
    /// A parameter, $1 and so on: JSON, or a text (repeatable)
    #[arg(long = "param", short = 'p', value_name = "VALUE")]
    pub params: Vec<String>,
}

/// Verbs of row-level security.
#[derive(Debug, Subcommand)]
pub enum RlsVerb {
    /// The policies, and the tables with row-level security
    List,
    /// Turn it on for a table
    Enable {
        /// The table
        table: String,
    },
    /// Turn it off for a table
    Disable {
        /// The table
        table: String,
    },
    /// Let users see and change their own rows
    Isolate {
        /// The table
        table: String,
        /// The column with the user's id
        column: String,
        /// A boolean column: rows where it is true can be read by everyone
        #[arg(long, value_name = "COLUMN")]
        public_read: Option<String>,
    },
    /// Make a policy
    Create {
        /// The table
        table: String,
        /// The policy
        policy: String,
        /// ALL, SELECT, INSERT, UPDATE or DELETE
        #[arg(long)]
        command: Option<String>,
        /// user, anon, service or public
        #[arg(long)]
        role: Option<String>,
        /// Which rows are seen
        #[arg(long, value_name = "EXPRESSION")]
        using: Option<String>,
        /// Which rows may be written
        #[arg(long, value_name = "EXPRESSION")]
        check: Option<String>,
    },
    /// Drop a policy
    Drop {
        /// The table
        table: String,
        /// The policy
        policy: String,
    },
    /// Say of rows why a user sees them, or not
    Explain {
        /// The table
        table: String,
        /// Who asks [default: an anonymous client]
        #[arg(long)]
        user: Option<String>,
        /// SELECT, UPDATE or DELETE
        #[arg(long)]
        command: Option<String>,
    },
}
