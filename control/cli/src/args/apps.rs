//! Flags of `mayfly apps` and `mayfly keys`.

use clap::Subcommand;

/// Verbs of apps.
#[derive(Debug, Subcommand)]
pub enum AppVerb {
    /// All of them
    List,
    /// Make one; its keys are shown this once
    Create {
        /// Lower-case letters, digits, - and _
        name: String,
    },
    /// One of them
    Get {
        /// The app's id
        id: String,
    },
    /// Delete one with everything it has
    Delete {
        /// The app's id
        id: String,
        /// The app's id again
        #[arg(long)]
        confirm: Option<String>,
    },
    /// Switch an app's functions off
    Pause {
        /// The app's id
        id: String,
        /// Why, for its callers
        #[arg(long)]
        reason: Option<String>,
    },
    /// Switch an app's functions on again
    Resume {
        /// The app's id
        id: String,
    },
}

/// Verbs of keys.
#[derive(Debug, Subcommand)]
pub enum KeyVerb {
    /// All of them, without the keys
    List,
    /// Make one; it is shown this once
    Create {
        /// A name to know it by
        #[arg(long)]
        name: Option<String>,
        /// read, deploy, invoke, schema or run (repeatable) [default: all]
        #[arg(long = "scope")]
        scopes: Vec<String>,
        /// Make an anon key, which has no scopes
        #[arg(long)]
        anon: bool,
    },
    /// Revoke one
    Revoke {
        /// key_...
        id: String,
    },
    /// The keys that sign end users' tokens
    Signing,
    /// Let a new key sign end users' tokens
    Rotate {
        /// For how many seconds tokens of the present key are still good
        #[arg(long, default_value_t = 86_400)]
        grace: u32,
    },
    /// Remove a key that signed end users' tokens: they are worth nothing from then on
    Forget {
        /// Its kid
        kid: String,
    },
}
