//! Commands and flags of `mayfly schema` and `mayfly types`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Where the schema is: an app's, or that of any PostgreSQL.
#[derive(Debug, Clone, Args)]
pub struct SchemaPlace {
    /// Any PostgreSQL instead of an app: postgres://user:password@host/database
    #[arg(long, env = "MAYFLY_SCHEMA_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// The schema within that database
    #[arg(long, default_value = "public")]
    pub schema: String,
}

/// How a plan is made and carried out.
#[derive(Debug, Clone, Args)]
pub struct SchemaChangeArgs {
    /// The declaration, as JSON; - reads it from stdin
    #[arg(default_value = "schema.json")]
    pub file: PathBuf,
    /// What the change is called in the history
    #[arg(long)]
    pub name: Option<String>,
    /// Do long work on large tables after the transaction, without keeping writers waiting
    #[arg(long)]
    pub online: bool,
}

/// Verbs of a schema.
#[derive(Debug, Subcommand)]
pub enum SchemaVerb {
    /// Write the schema out as a declaration
    Get {
        /// Where.
        #[command(flatten)]
        place: SchemaPlace,
    },
    /// Show what a declaration would change; ends with 6 where consent is missing
    Plan {
        /// What.
        #[command(flatten)]
        change: SchemaChangeArgs,
        /// Where.
        #[command(flatten)]
        place: SchemaPlace,
    },
    /// Bring the schema to a declaration
    Apply {
        /// What.
        #[command(flatten)]
        change: SchemaChangeArgs,
        /// Where.
        #[command(flatten)]
        place: SchemaPlace,
    },
    /// What was done, newest first
    History {
        /// Where.
        #[command(flatten)]
        place: SchemaPlace,
    },
    /// Go back to a recorded schema, where nothing is lost by it
    Rollback {
        /// The migration whose schema is wanted
        id: i64,
        /// Only show what would be done
        #[arg(long)]
        dry_run: bool,
        /// Where.
        #[command(flatten)]
        place: SchemaPlace,
    },
    /// What would make one database like another
    Diff {
        /// The database as it is
        from: String,
        /// The database as it should be
        to: String,
        /// The schema within both
        #[arg(long, default_value = "public")]
        schema: String,
    },
}
