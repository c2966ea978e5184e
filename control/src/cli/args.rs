//! Commands and flags.

mod secrets;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use mayfly_cli::{RemoteArgs, Verb};

use crate::config::ServeArgs;

pub(super) use secrets::SecretsVerb;

/// Mayfly runs JavaScript and TypeScript functions, each invocation in a fresh WebAssembly sandbox.
#[derive(Debug, Parser)]
#[command(name = "mayfly", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Which server, with which key.
    #[command(flatten)]
    pub remote: RemoteArgs,
}

const EXIT_CODES: &str =
    "Exit codes: 0 ok, 1 remote failure, 2 usage, 3 auth, 4 not found, 5 validation, 6 conflict, 7 quota,
8 the function answered >= 400 under --fail, 9 timeout, 130 interrupted.
Data goes to stdout, everything else to stderr. NO_COLOR is honoured.";

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a server
    #[command(
        after_help = "MAYFLY_ADMIN_KEY sets the operator's key, MAYFLY_SECRET_KEYS the keys that secrets are encrypted with; without them they are\nmade, in admin.key and secrets.key in the data directory."
    )]
    Serve(Box<ServeArgs>),
    /// Run a server for a folder of functions: deploy them all, and again whenever they change
    Dev(Box<DevArgs>),
    /// Look at what is needed here, and at the apps' databases of a server, running or not: are they closed as they must be?
    Doctor(Box<DoctorArgs>),
    /// The root keys that secrets are encrypted with
    #[command(subcommand)]
    Secrets(SecretsVerb),
    /// Measure what isolation costs on this machine: `mayfly bench isolation --help`
    #[command(disable_help_flag = true)]
    Bench {
        /// What is measured, and how
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        arguments: Vec<OsString>,
    },
    /// Parse sources for a server, in a process that may die
    #[command(name = crate::config::COMPILE_WORKER, hide = true)]
    CompileWorker,
    /// A verb of the API.
    #[command(flatten)]
    Remote(Verb),
}

impl Command {
    /// The threads that it is to have, where it says so.
    pub(super) fn threads(&self) -> Option<u16> {
        match self {
            Self::Serve(args) => args.threads,
            Self::Dev(args) => args.serve.threads,
            _ => None,
        }
    }
}

/// Flags of `mayfly dev`.
#[derive(Debug, Args)]
pub struct DevArgs {
    /// The folder: each NAME/index.ts|js or NAME.ts|js in it is a function
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// The app's name [default: the folder's name]
    #[arg(long)]
    pub name: Option<String>,
    /// How to run the server.
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// Flags of `mayfly doctor`. With --repair, what is open is closed.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Where the databases are.
    #[command(flatten)]
    pub serve: ServeArgs,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_of_the_server_may_follow_the_verb() {
        let cli = Cli::try_parse_from(["mayfly", "invoke", "hello", "--app", "app_x", "-d", "{}"]).unwrap();
        assert_eq!(cli.remote.app.as_deref(), Some("app_x"));
        assert!(Cli::try_parse_from(["mayfly", "serve", "--listen", "nonsense"]).is_err());
    }

    #[test]
    fn the_harness_has_flags_of_its_own() {
        let line = ["mayfly", "bench", "isolation", "--json", "--at", "1,16", "--help"];
        let Command::Bench { arguments } = Cli::try_parse_from(line).unwrap().command else {
            panic!("another command");
        };
        assert_eq!(arguments, line[2..]);
        assert!(Cli::try_parse_from(["mayfly", "bench"]).is_err());
    }
}
