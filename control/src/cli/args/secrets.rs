//! Flags of `mayfly secrets`.

use clap::Subcommand;

use crate::config::ServeArgs;

/// What can be done with the root keys.
#[derive(Debug, Subcommand)]
pub enum SecretsVerb {
    /// The keys' ids, the current one first
    List {
        /// Where the keys are.
        #[command(flatten)]
        serve: Box<ServeArgs>,
    },
    /// Add a key that does not encrypt yet: several nodes have to know it first
    Add {
        /// Where the keys are.
        #[command(flatten)]
        serve: Box<ServeArgs>,
    },
    /// Make a key the current one from the next start on
    Use {
        /// Its id
        id: String,
        /// Where the keys are.
        #[command(flatten)]
        serve: Box<ServeArgs>,
    },
    /// Add a key that is the current one from the next start on
    Rotate {
        /// Where the keys are.
        #[command(flatten)]
        serve: Box<ServeArgs>,
    },
    /// Remove a key that no value is encrypted with any more; the server has to be stopped, or one by URL
    Remove {
        /// Its id
        id: String,
        /// Where the keys are.
        #[command(flatten)]
        serve: Box<ServeArgs>,
    },
}

impl SecretsVerb {
    pub(in crate::cli) fn serve(&self) -> &ServeArgs {
        match self {
            Self::List { serve }
            | Self::Add { serve }
            | Self::Use { serve, .. }
            | Self::Rotate { serve }
            | Self::Remove { serve, .. } => serve,
        }
    }
}
