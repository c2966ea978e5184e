//! Flags of what concerns an app's functions: `mayfly functions`, `mayfly env` and `mayfly usage`.

use clap::Subcommand;

/// Verbs of functions.
#[derive(Debug, Subcommand)]
pub enum FunctionVerb {
    /// All of them, with how they did
    List,
    /// One, with its source and settings
    Get {
        /// The function
        name: String,
    },
    /// Delete one, with its environment
    Delete {
        /// The function
        name: String,
    },
}

/// Verbs of the environment.
#[derive(Debug, Subcommand)]
pub enum EnvVerb {
    /// Names of the variables
    List {
        /// A function's [default: the app's]
        #[arg(long)]
        function: Option<String>,
    },
    /// Set variables
    Set {
        /// NAME=value
        #[arg(required = true)]
        vars: Vec<String>,
        /// A function's [default: the app's]
        #[arg(long)]
        function: Option<String>,
    },
    /// Delete variables
    Unset {
        /// Names
        #[arg(required = true)]
        names: Vec<String>,
        /// A function's [default: the app's]
        #[arg(long)]
        function: Option<String>,
    },
}

/// Verbs of usage.
#[derive(Debug, Subcommand)]
pub enum UsageVerb {
    /// Run a recorded invocation again: does it use the fuel that was charged?
    Verify {
        /// inv_...
        invocation: String,
    },
}

/// What can be done with a cron trigger beside showing it.
#[derive(Debug, Subcommand)]
pub enum CronVerb {
    /// Run the function now, as a slot beside its schedule
    Run {
        /// The function
        name: String,
    },
}
