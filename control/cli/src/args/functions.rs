//! Flags of what concerns an app's functions: `mayfly deploy`, `functions`, `env` and `usage`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What is deployed, and how it is to be called. What is not said here, `function.json` or the server decides.
#[derive(Debug, Args)]
pub struct DeployArgs {
    /// NAME.ts|js, or a folder with index.ts|js and perhaps function.json (repeatable)
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// The function's name [default: the file's or folder's]
    #[arg(long)]
    pub name: Option<String>,
    /// An environment variable, NAME=value (repeatable; replaces all of the function's variables)
    #[arg(long = "env", value_name = "NAME=VALUE")]
    pub env: Vec<String>,
    /// Who may call its URL: required, optional or none
    #[arg(long)]
    pub auth: Option<String>,
    /// The only method of its URL
    #[arg(long)]
    pub method: Option<String>,
    /// Its time, in milliseconds
    #[arg(long, value_name = "MS")]
    pub timeout: Option<u32>,
    /// Its memory, in MiB
    #[arg(long, value_name = "MIB")]
    pub memory: Option<u32>,
}

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
