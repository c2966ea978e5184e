//! Scopes: what a service key may do.

use crate::value::words;

words! {
    /// What a service key may do.
    Scope {
        /// Read functions, logs, versions.
        Read = "read",
        /// Deploy, delete, set environment and settings.
        Deploy = "deploy",
        /// Call functions.
        Invoke = "invoke",
        /// Change the app's database schema.
        Schema = "schema",
        /// Run code that is sent along.
        Run = "run",
    }
}
