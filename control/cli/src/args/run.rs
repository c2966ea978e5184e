//! Flags of `mayfly run`.

use std::path::PathBuf;

use clap::Args;

/// Code that runs once.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The code's file; - is stdin
    pub file: PathBuf,
    /// `input` of the code, JSON
    #[arg(long, short)]
    pub input: Option<String>,
    /// What it may do with ctx.db: none, read_only or read_write [default: none]
    #[arg(long)]
    pub db: Option<String>,
    /// A variable of the app that it may read (repeatable)
    #[arg(long = "env", value_name = "NAME")]
    pub env: Vec<String>,
    /// A host that fetch may reach (repeatable)
    #[arg(long = "fetch", value_name = "HOST")]
    pub fetch: Vec<String>,
    /// A function that ctx.invoke may call (repeatable)
    #[arg(long = "function", value_name = "NAME")]
    pub functions: Vec<String>,
    /// A function that ctx.enqueue may store jobs for (repeatable)
    #[arg(long = "enqueue", value_name = "NAME")]
    pub enqueue: Vec<String>,
    /// What it may do with ctx.storage: none, read_only or read_write [default: none]
    #[arg(long)]
    pub storage: Option<String>,
    /// Let it broadcast
    #[arg(long)]
    pub broadcast: bool,
    /// Wall clock, in milliseconds [default: 30000]
    #[arg(long, value_name = "MS")]
    pub timeout: Option<u32>,
}
